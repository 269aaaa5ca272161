/**
 * A sale's discount codes without their runtime: the Durable Object passes SQLite, simulations pass
 * maps.
 *
 * Guarantee: every command loads, applies the rules, writes the whole change in one transaction,
 * and returns a named outcome. Codes arrive in plain text and are stored as HMACs with a key that
 * only this object has.
 */
import * as codes from "../../src/domain/discounts/codes.ts";
import { codeHash, hintOf, type DiscountRule } from "../../src/domain/discounts/rule.ts";
import * as uses from "../../src/domain/discounts/uses.ts";

/** Where a sale's codes are stored. `write` is one transaction. */
export interface DiscountStore extends uses.DiscountReads {
  /** Of the HMACs, 32 bytes in hex; null before the first code. */
  key(): string | null;
  saveKey(key: string): void;
  write(change: uses.DiscountChange): void;
  /** In the order of their ids, after `after`. */
  codes(after: number, limit: number): DiscountCode[];
}

type DiscountCode = uses.DiscountCode;

/** The rules that decide; the simulation replaces them to plant bugs. */
export type DiscountRules = Pick<
  typeof codes & typeof uses,
  "putCodes" | "enableCode" | "removeCode" | "look" | "take" | "keep" | "giveBack" | "forgetBuyer"
>;
export const DISCOUNT_RULES: DiscountRules = {
  putCodes: codes.putCodes,
  enableCode: codes.enableCode,
  removeCode: codes.removeCode,
  look: uses.look,
  take: uses.take,
  keep: uses.keep,
  giveBack: uses.giveBack,
  forgetBuyer: uses.forgetBuyer,
};

export interface DiscountPorts {
  readonly store: DiscountStore;
  readonly now: () => number;
  /** 32 random bytes in hex. */
  readonly randomKey: () => string;
  readonly rules: DiscountRules;
}

export interface NamedCode {
  /** Normalized. */
  readonly code: string;
  readonly rule: DiscountRule;
}

export interface LookCommand extends uses.DiscountBuyer {
  /** Normalized. */
  readonly code: string;
}

type Put = Extract<codes.PutOutcome, { readonly kind: "put" }>;
export type PutOneOutcome =
  | (Put & { readonly code: DiscountCode })
  | Exclude<codes.PutOutcome, Put>;

export class DiscountCodesCore {
  readonly #store: DiscountStore;
  readonly #now: () => number;
  readonly #randomKey: () => string;
  readonly #rules: DiscountRules;

  constructor({ store, now, randomKey, rules }: DiscountPorts) {
    this.#store = store;
    this.#now = now;
    this.#randomKey = randomKey;
    this.#rules = rules;
  }

  put(named: readonly NamedCode[]): codes.PutOutcome {
    const key = this.#keyForCodes();
    const entries = named.map(({ code, rule }) => {
      return { hash: codeHash(key, code), hint: hintOf(code), rule };
    });
    return this.#apply((now) => this.#rules.putCodes(this.#store, entries, now));
  }

  putOne(named: NamedCode): PutOneOutcome {
    const outcome = this.put([named]);
    if (outcome.kind !== "put") return outcome;
    const code = this.find(named.code);
    if (code === null) throw new Error("discount-codes: a code that was put is not there");
    return { ...outcome, code };
  }

  #keyForCodes(): string {
    const known = this.#store.key();
    if (known !== null) return known;
    const key = this.#randomKey();
    this.#store.saveKey(key);
    return key;
  }

  #hashOf(code: string): string | null {
    const key = this.#store.key();
    return key === null ? null : codeHash(key, code);
  }

  find(code: string): DiscountCode | null {
    const hash = this.#hashOf(code);
    return hash === null ? null : this.#store.code(hash);
  }

  read(id: number): DiscountCode | null {
    return this.#store.codeById(id);
  }

  list(after: number, limit: number): DiscountCode[] {
    return this.#store.codes(after, limit);
  }

  enable(id: number, enabled: boolean): DiscountCode | null {
    return this.#apply((now) => this.#rules.enableCode(this.#store, { id, enabled }, now));
  }

  remove(id: number): codes.RemoveOutcome {
    return this.#apply(() => this.#rules.removeCode(this.#store, id));
  }

  look({ code, ...buyer }: LookCommand): uses.LookOutcome {
    return this.#rules.look(this.#store, this.#hashOf(code), buyer, this.#now());
  }

  take(command: uses.TakeCommand): uses.TakeOutcome {
    return this.#apply((now) => this.#rules.take(this.#store, command, now));
  }

  keep(order: string): uses.KeepOutcome {
    return this.#apply(() => this.#rules.keep(this.#store, order));
  }

  giveBack(order: string): uses.GiveBackOutcome {
    return this.#apply(() => this.#rules.giveBack(this.#store, order));
  }

  forgetBuyer(order: string): "forgotten" {
    return this.#apply(() => this.#rules.forgetBuyer(this.#store, order));
  }

  #apply<Outcome>(decide: (now: number) => uses.DiscountDecision<Outcome>): Outcome {
    const { outcome, change } = decide(this.#now());
    this.#store.write(change);
    return outcome;
  }
}
