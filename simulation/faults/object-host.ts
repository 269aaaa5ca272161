/**
 * Where a Durable Object lives in the simulation: storage and an alarm that last, and a memory that
 * any crash takes away.
 *
 * Guarantee, as the platform's: one instance at a time; a crash before a write loses it and all
 * that would have followed, a crash after it loses only what followed; an alarm comes at least
 * once, and again after a handler that failed; an alarm set in its own handler to the instant that
 * is just running is lost.
 */
import { type AlarmStorage } from "../../durable-objects/single-alarm.ts";
import type { Conditions } from "./faults.ts";
import { Crashed, Life } from "./life.ts";

const ALARM_LATE_MAX_MS = 60_000;
const PUNCTUAL_MS = 5;
const ALARM_RETRY_MS = 2000;
export const SKEW_MAX_MS = 2000;

/** What an instance is given to run on. */
export interface Instance {
  readonly life: Life;
  readonly alarm: AlarmStorage;
  readonly now: () => number;
  /** Makes something durable, unless the object crashes before. */
  readonly write: (apply: () => void) => void;
}

export class ObjectHost<Core> {
  readonly name: string;
  readonly #conditions: Conditions;
  readonly #begin: (instance: Instance) => Core;
  readonly #ring: (core: Core, at_ms: number) => Promise<void>;
  #running: { readonly core: Core; readonly life: Life } | null = null;
  #alarmAt_ms: number | null = null;
  #isCommitting = false;
  /** Only the alarm that was set last rings. */
  #alarmsSet = 0;

  constructor(
    conditions: Conditions,
    name: string,
    begin: (instance: Instance) => Core,
    ring: (core: Core, at_ms: number) => Promise<void>,
  ) {
    this.name = name;
    this.#conditions = conditions;
    this.#begin = begin;
    this.#ring = ring;
  }

  get alarmAt_ms(): number | null {
    return this.#alarmAt_ms;
  }

  /** One call. Rejects when the object dies before it has answered. */
  call<Answer>(ask: (core: Core) => Promise<Answer>): Promise<Answer> {
    if (this.#running !== null && this.#conditions.faults.strikes("eviction")) this.crash();
    this.#running ??= this.#awake();
    const { core, life } = this.#running;
    return life.answer(ask(core));
  }

  crash(): void {
    const life = this.#running?.life;
    this.#running = null;
    life?.end();
    this.#conditions.tell("crash", this.name);
  }

  #awake(): { readonly core: Core; readonly life: Life } {
    const { faults, time } = this.#conditions;
    const skewed = faults.strikes("clock_skew");
    const life = new Life(skewed ? faults.between(-SKEW_MAX_MS, SKEW_MAX_MS) : 0);
    const instance: Instance = {
      life,
      now: () => time.now + life.skew_ms,
      write: (apply) => this.#write(life, apply),
      alarm: {
        getAlarm: async () => this.#alarmAt_ms,
        setAlarm: async (at_ms) => this.#write(life, () => this.#set(at_ms, life.skew_ms)),
        deleteAlarm: async () => this.#write(life, () => this.#unset()),
      },
    };
    return { core: this.#begin(instance), life };
  }

  /** What is written without an await in between is durable together, or not at all. */
  #write(life: Life, apply: () => void): void {
    const { faults } = this.#conditions;
    if (!life.alive) throw new Crashed();
    if (this.#isCommitting) {
      apply();
      return;
    }
    if (faults.strikes("crash_before_write")) {
      this.crash();
      throw new Crashed();
    }
    apply();
    this.#isCommitting = true;
    queueMicrotask(() => {
      this.#isCommitting = false;
      if (life.alive && faults.strikes("crash_after_write")) this.crash();
    });
  }

  /** The alarm's clock is the machine's on which it was set; the next instance may have another. */
  #set(at_ms: number, skew_ms: number): void {
    const { faults, time } = this.#conditions;
    this.#alarmAt_ms = at_ms;
    this.#alarmsSet += 1;
    const mine = this.#alarmsSet;
    const late_ms = faults.strikes("alarm_late") ? faults.between(1, ALARM_LATE_MAX_MS) : 0;
    time.at(Math.max(at_ms - skew_ms, time.now) + faults.between(0, PUNCTUAL_MS) + late_ms, () => {
      if (mine !== this.#alarmsSet) return;
      if (faults.strikes("alarm_twice")) {
        time.after(faults.between(0, ALARM_LATE_MAX_MS), () => this.#ringAgain(at_ms));
      }
      void this.#deliver(at_ms);
    });
  }

  #unset(): void {
    this.#alarmAt_ms = null;
    this.#alarmsSet += 1;
  }

  /** The platform repeats an alarm: the handler runs once more, and no alarm is used up. */
  #ringAgain(at_ms: number): void {
    this.#conditions.tell("alarm again", this.name);
    this.call((core) => this.#ring(core, at_ms)).catch(() => undefined);
  }

  async #deliver(at_ms: number): Promise<void> {
    const set = this.#alarmsSet;
    this.#alarmAt_ms = null;
    this.#conditions.tell("alarm", this.name);
    try {
      await this.call((core) => this.#ring(core, at_ms));
      if (this.#alarmAt_ms === at_ms) this.#unset();
    } catch {
      // A handler that failed is called again, unless it has set an alarm of its own.
      if (this.#alarmAt_ms !== null || this.#alarmsSet !== set) return;
      this.#set(this.#conditions.time.now + ALARM_RETRY_MS, 0);
    }
  }
}
