/**
 * A sale's discount codes in maps, as `DiscountTables` keeps them in SQLite.
 *
 * Guarantee: a change is applied whole. What is kept here outlives every instance of the object.
 */
import type { DiscountStore } from "../../durable-objects/discount-codes/discount-core.ts";
import {
  NO_CHANGE,
  type DiscountChange,
  type DiscountCode,
  type DiscountUse,
} from "../../src/domain/discounts/uses.ts";

export class DiscountMemory {
  readonly byId = new Map<number, DiscountCode>();
  readonly uses = new Map<string, DiscountUse>();
  readonly #idByHash = new Map<string, number>();
  readonly #buyers = new Map<string, number>();
  #lastNumber = 0;
  #key: string | null = null;

  usesOf(code: number, buyer: string): number {
    return this.#buyers.get(`${code}/${buyer}`) ?? 0;
  }

  apply(change: DiscountChange): void {
    const { codes, removed, use, buyers, lastNumber } = change;
    if (lastNumber !== null) this.#lastNumber = lastNumber;
    for (const code of codes) {
      this.byId.set(code.id, code);
      this.#idByHash.set(code.hash, code.id);
    }
    for (const id of removed) {
      const hash = this.byId.get(id)?.hash;
      if (hash !== undefined) this.#idByHash.delete(hash);
      this.byId.delete(id);
    }
    if (use !== null) this.uses.set(use.order, use);
    for (const { code, buyer, uses } of buyers) {
      if (uses === 0) this.#buyers.delete(`${code}/${buyer}`);
      else this.#buyers.set(`${code}/${buyer}`, uses);
    }
  }

  /** The store an instance is given. @param write makes a change durable, unless it crashes */
  store(write: (apply: () => void) => void): DiscountStore {
    return {
      key: () => this.#key,
      saveKey: (key) => {
        write(() => {
          this.#key = key;
        });
      },
      code: (hash) => this.byId.get(this.#idByHash.get(hash) ?? 0) ?? null,
      codeById: (id) => this.byId.get(id) ?? null,
      codeCount: () => this.byId.size,
      codes: (after, limit) => {
        const later = [...this.byId.values()].filter(({ id }) => id > after);
        return later.toSorted((a, b) => a.id - b.id).slice(0, limit);
      },
      lastNumber: () => this.#lastNumber,
      use: (order) => this.uses.get(order) ?? null,
      usesOf: (code, buyer) => this.usesOf(code, buyer),
      write: (change) => {
        if (change !== NO_CHANGE) write(() => this.apply(change));
      },
    };
  }
}
