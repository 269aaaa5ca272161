/**
 * DiscountCodes: the discount codes of one sale and their uses, in one object, one command after
 * the other.
 *
 * Guarantee: that of `src/domain/discounts/`, made durable in SQLite. The platform holds the answer
 * until the write is durable, so an answer is a promise. No method throws for an expected failure.
 * Not for: what a discount is worth (`discountOf`), nor for limiting guesses, which callers do.
 */
import type { PutOutcome, RemoveOutcome } from "../../src/domain/discounts/codes.ts";
import type * as uses from "../../src/domain/discounts/uses.ts";
import { DISCOUNT_CODES_PAGE_ROWS_MAX } from "../../src/domain/limits.ts";
import { KeptObject } from "../backup/kept-object.ts";
import {
  DISCOUNT_RULES,
  DiscountCodesCore,
  type LookCommand,
  type NamedCode,
  type PutOneOutcome,
} from "./discount-core.ts";
import { DiscountTables } from "./discount-tables.ts";

const KEY_BYTES = 32;

function randomKey(): string {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES)).toHex();
}

export class DiscountCodes extends KeptObject {
  #core: DiscountCodesCore;
  /** With the key of the hashes, codes could be tried out. */
  protected override readonly sealed = [{ table: "settings", first: "key", column: "value" }];
  readonly #tables: DiscountTables;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new DiscountTables(ctx.storage);
    this.#core = this.#load();
  }

  #load(): DiscountCodesCore {
    return new DiscountCodesCore({
      store: this.#tables,
      now: () => Date.now(),
      randomKey,
      rules: DISCOUNT_RULES,
    });
  }

  protected override reload(): void {
    this.#core = this.#load();
  }

  /** Adds or changes codes, all or none; the same again changes nothing. */
  async put(codes: readonly NamedCode[]): Promise<PutOutcome> {
    return this.#core.put(codes);
  }

  async putOne(code: NamedCode): Promise<PutOneOutcome> {
    return this.#core.putOne(code);
  }

  /** @param code normalized */
  async find(code: string): Promise<uses.DiscountCode | null> {
    return this.#core.find(code);
  }

  async read(id: number): Promise<uses.DiscountCode | null> {
    return this.#core.read(id);
  }

  /** In the order of their ids. */
  async list(after: number, limit: number): Promise<uses.DiscountCode[]> {
    return this.#core.list(after, Math.min(limit, DISCOUNT_CODES_PAGE_ROWS_MAX));
  }

  async enable(id: number, enabled: boolean): Promise<uses.DiscountCode | null> {
    return this.#core.enable(id, enabled);
  }

  async remove(id: number): Promise<RemoveOutcome> {
    return this.#core.remove(id);
  }

  /** For a quote: counts nothing. */
  async look(command: LookCommand): Promise<uses.LookOutcome> {
    return this.#core.look(command);
  }

  async take(command: uses.TakeCommand): Promise<uses.TakeOutcome> {
    return this.#core.take(command);
  }

  async keep(order: string): Promise<uses.KeepOutcome> {
    return this.#core.keep(order);
  }

  async giveBack(order: string): Promise<uses.GiveBackOutcome> {
    return this.#core.giveBack(order);
  }

  /** The sale was deleted. */
  async clear(): Promise<void> {
    this.#tables.clear();
  }

  /** The order's buyer was erased: the use stays used, and nobody's. */
  async forgetBuyer(order: string): Promise<"forgotten"> {
    return this.#core.forgetBuyer(order);
  }
}
