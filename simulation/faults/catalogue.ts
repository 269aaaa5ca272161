/**
 * The sale as the merchant has it, with prices that change, and as gates see it: sometimes late.
 */
import type { Sale } from "../../src/domain/sale/sale.ts";
import type { Conditions } from "./faults.ts";
import { SALE } from "./sale.ts";

const STALE_MAX_MS = 60_000;

export class Catalogue {
  readonly #conditions: Conditions;
  readonly #versions: { readonly from_ms: number; readonly sale: Sale }[] = [];

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  /** What a gate knows: a document is read from KV, where it may be a minute old. */
  seen(): Sale {
    const { faults, time } = this.#conditions;
    const age_ms = faults.strikes("hint_stale") ? faults.between(0, STALE_MAX_MS) : 0;
    const until_ms = time.now - age_ms;
    return this.#versions.findLast(({ from_ms }) => from_ms <= until_ms)?.sale ?? SALE;
  }

  reprice(sku: string, price: number): void {
    const { time } = this.#conditions;
    const now = this.#versions.at(-1)?.sale ?? SALE;
    const items = now.items.map((item) => (item.sku === sku ? { ...item, price } : item));
    this.#versions.push({ from_ms: time.now, sale: { ...now, items } });
    this.#conditions.tell(`price ${price}`, sku);
  }
}
