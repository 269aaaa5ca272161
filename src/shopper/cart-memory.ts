/**
 * The carts that an isolate has just read: a cart asks the SkuStock of every item of its sale, so
 * without this a page that is loaded again and again would slow down everybody's cart.
 *
 * Guarantee: what is remembered is at most `CART_FRESH_MS` old, and a read that began before a
 * write of this isolate is not remembered after it. Weak: a write by way of another isolate shows
 * that much later. Not for decisions: only pages and answers that show a cart use it, and every
 * write asks the SkuStocks.
 */
import { BoundedMap } from "../domain/bounded-map.ts";
import { CART_FRESH_MS, CARTS_REMEMBERED_MAX } from "../domain/limits.ts";
import type { Reservation } from "../domain/stock/stock-ledger.ts";

/** What is held of each item, by SKU. */
export type HeldUnits = ReadonlyMap<string, Reservation>;

interface Entry {
  /** Null since the last write. */
  readonly read: { readonly held: HeldUnits; readonly at_ms: number } | null;
  /** Writes of this isolate. */
  readonly writes: number;
}

const NOTHING: Entry = { read: null, writes: 0 };

/** One per isolate; by admission. */
export class CartMemory {
  readonly #entries = new BoundedMap<Entry>(CARTS_REMEMBERED_MAX);

  /** Null when none was read a moment ago. */
  recent(admission: string, now: number): HeldUnits | null {
    const { read } = this.#of(admission);
    return read !== null && Math.abs(now - read.at_ms) < CART_FRESH_MS ? read.held : null;
  }

  /** @returns remembers what a read that begins now finds */
  reading(admission: string, now: number): (held: HeldUnits) => void {
    const { writes } = this.#of(admission);
    return (held) => {
      const isCurrent = this.#of(admission).writes === writes;
      if (isCurrent) this.#entries.set(admission, { read: { held, at_ms: now }, writes });
    };
  }

  /** Before and after a write. */
  forget(admission: string): void {
    const { writes } = this.#of(admission);
    this.#entries.set(admission, { read: null, writes: writes + 1 });
  }

  #of(admission: string): Entry {
    return this.#entries.get(admission) ?? NOTHING;
  }
}
