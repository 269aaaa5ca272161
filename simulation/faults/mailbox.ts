/**
 * A queue of the platform in the simulation.
 *
 * Guarantee, weaker than the platform's: a message that was accepted may be lost, come twice, late,
 * out of order, or unreadable. One that is not settled because its consumer died comes again; one
 * that was retried too often is parked with the dead letters.
 */
import type { Conditions } from "./faults.ts";

const DELIVERY_MAX_MS = 100;
const LATE_MAX_MS = 120_000;
/** After a consumer died with it. */
const VISIBLE_AGAIN_MS = 30_000;

export interface Delivery {
  readonly body: unknown;
  readonly attempts: number;
  ack(): void;
  retry(after_s: number): void;
  /** Its consumer is gone. */
  abandon(): void;
}

export interface MailboxSettings {
  readonly name: string;
  readonly mayLose: boolean;
  /** Whether a message is lost that was accepted, beside what `mayLose` allows. */
  readonly loses?: () => boolean;
  readonly retriesMax: number;
  readonly receive: (delivery: Delivery) => void;
}

export class Mailbox {
  readonly deadLetters: unknown[] = [];
  readonly #conditions: Conditions;
  readonly #settings: MailboxSettings;

  constructor(conditions: Conditions, settings: MailboxSettings) {
    this.#conditions = conditions;
    this.#settings = settings;
  }

  /** Rejects when the queue did not take the message. */
  async send(body: unknown): Promise<void> {
    const { faults } = this.#conditions;
    if (faults.strikes("send_failed")) throw new Error("the queue is not to be reached");
    if (this.#settings.mayLose && faults.strikes("message_lost")) return;
    if (this.#settings.loses?.() === true) return;
    const copies = faults.strikes("message_twice") ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const isGarbled = this.#settings.mayLose && faults.strikes("message_garbled");
      const late_ms = faults.strikes("message_late") ? faults.between(0, LATE_MAX_MS) : 0;
      const wait_ms = faults.between(1, DELIVERY_MAX_MS) + late_ms;
      this.#later(isGarbled ? { garbled: true } : body, 1, wait_ms);
    }
  }

  park(body: unknown): void {
    this.deadLetters.push(body);
  }

  #later(body: unknown, attempts: number, wait_ms: number): void {
    this.#conditions.time.after(wait_ms, () => this.#deliver(body, attempts));
  }

  #deliver(body: unknown, attempts: number): void {
    let isSettled = false;
    const settle = (then: () => void) => (): void => {
      if (isSettled) return;
      isSettled = true;
      then();
    };
    const again = (wait_ms: number): void => {
      if (attempts > this.#settings.retriesMax) this.park(body);
      else this.#later(body, attempts + 1, wait_ms);
    };
    this.#settings.receive({
      body,
      attempts,
      ack: settle(() => undefined),
      retry: (after_s) => settle(() => again(after_s * 1000))(),
      abandon: settle(() => again(VISIBLE_AGAIN_MS)),
    });
  }
}
