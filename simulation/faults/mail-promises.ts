/**
 * The promises about mails: what happened to an order reaches its buyer, and never twice for a
 * reason that the record knows.
 */
import type { OrderRecord } from "../../src/domain/order/order.ts";
import type { Broken } from "./broken.ts";
import type { MailBook } from "./mails.ts";

/** What a mail is sent about; a declined payment that the shopper gave up needs none. */
const TOLD: ReadonlyMap<string, string> = new Map([
  ["confirmed", "confirmed"],
  ["declined", "declined"],
  ["cancelled", "cancelled"],
  ["failed", "cancelled"],
]);
/** A mail that is due is tried within this, when nothing fails. */
const TRIED_WITHIN_MS = 10 * 60_000;

export class MailPromises {
  readonly #book: () => MailBook;
  readonly #now: () => number;
  readonly #broken: Broken;
  readonly #recorded = new Set<string>();
  readonly #delivered = new Set<string>();

  constructor(book: () => MailBook, now: () => number, broken: Broken) {
    this.#book = book;
    this.#now = now;
    this.#broken = broken;
  }

  /**
   * The service is about to be called.
   * @param lease_ms until when no other isolate tries; one that was paused for longer, after it had
   * looked, cannot know that another sent the mail meanwhile
   */
  sending(id: string, lease_ms: number): void {
    if (this.#now() > lease_ms) return;
    if (this.#recorded.has(id)) this.#broken("P6", `${id} is sent again, and was recorded as sent`);
    const row = this.#book().rows.get(id);
    if (row === undefined || row.state !== "pending" || row.tries < 1) {
      this.#broken("P6", `${id} is sent without its try being recorded`);
    }
  }

  delivered(id: string): void {
    this.#delivered.add(id);
  }

  recorded(id: string): void {
    this.#recorded.add(id);
    if (!this.#delivered.has(id)) this.#broken("P2", `${id} is recorded as sent, and was not`);
  }

  /** Long after the last fault. */
  checkSettled({ intent, standing, refunds }: OrderRecord): void {
    const kind = TOLD.get(standing.state);
    const isGivenUp = "reason" in standing && standing.reason === "given_up";
    if (kind !== undefined && !isGivenUp) this.#checkSent(`${intent.id}:${kind}`);
    for (const { id, state } of refunds) {
      if (state === "succeeded") this.#checkSent(`${intent.id}:refunded:${id}`);
    }
  }

  /** A refusal for good ends a mail; one that waits for its time is due later. */
  #checkSent(id: string): void {
    const row = this.#book().rows.get(id);
    if (row === undefined) return this.#broken("P2", `the mail ${id} is missing`);
    if (row.state === "pending" && row.due_ms < this.#now() - TRIED_WITHIN_MS) {
      this.#broken("P2", `the mail ${id} is pending for ever`);
    }
    const isFailed = row.state === "failed" && row.reason !== "bounced" && row.tries < 10;
    if (isFailed || row.state === "off") {
      this.#broken("P2", `the mail ${id} is ${row.state}: ${row.reason}`);
    }
    if (row.state === "sent" && !this.#delivered.has(id)) {
      this.#broken("P2", `the mail ${id} counts as sent, and was not`);
    }
  }
}
