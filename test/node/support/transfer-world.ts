/**
 * One SKU between a Redis and the edge, with a runner that may die before and after everything it
 * does, answers that get lost, and calls that arrive long after anybody waits for them.
 *
 * The Redis is whatever answers `Counters`: a model here, a real one behind its front in the HTTP
 * tests. The stock is the domain's own, in memory.
 */
import * as fc from "fast-check";
import {
  begin,
  isSettled,
  nextStep,
  report,
  type Seal,
  type StepOutcome,
  type Transfer,
  type TransferCommand,
  transferName,
  type TransferStep,
} from "../../../src/domain/stock/allotment.ts";
import { countersAgree } from "../../../src/domain/stock/stock-ledger.ts";
import * as stock from "../../../src/domain/stock/stock.ts";
import { withdraw } from "../../../src/domain/stock/withdrawal.ts";
import { StockMemory } from "./stock-memory.ts";

export const SKU = "AIR-42";
export const KEY = "stock:AIR-42";

/** What Redis is asked; one counter, `KEY`. */
export interface Counters {
  take(name: string, quantity: number): Promise<StepOutcome>;
  give(name: string, quantity: number): Promise<StepOutcome>;
  check(name: string): Promise<StepOutcome>;
  seals(names: readonly string[]): Promise<ReadonlyMap<string, Seal | null>>;
  count(): Promise<number>;
  /** The shop itself sells or restocks. */
  change(by: number): Promise<void>;
}

/** What becomes of one step. `late`: given up on, and yet it arrives later. */
const FATES = [
  "answered",
  "crash_before",
  "crash_after",
  "lost_before",
  "lost_after",
  "late",
] as const;
type Fate = (typeof FATES)[number];

export type Deed =
  | { readonly kind: "allot"; readonly n: number; readonly quantity: number }
  | { readonly kind: "return"; readonly n: number; readonly quantity: number | null }
  | { readonly kind: "advance"; readonly which: number; readonly fate: Fate }
  | { readonly kind: "arrive"; readonly which: number }
  | { readonly kind: "shop"; readonly by: number }
  | { readonly kind: "hold"; readonly buyer: string; readonly quantity: number }
  | { readonly kind: "order"; readonly buyer: string }
  | { readonly kind: "end"; readonly buyer: string; readonly sold: boolean };

const n = fc.nat({ max: 3 });
const few = fc.integer({ min: 1, max: 4 });
const which = fc.nat({ max: 30 });
const buyer = fc.constantFrom("ann", "bob");
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("allot" as const), n, quantity: few }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("return" as const), n, quantity: fc.option(few) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("advance" as const),
      which,
      fate: fc.oneof(fc.constant("answered" as const), fc.constantFrom(...FATES)),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("arrive" as const), which }) },
  fc.record({ kind: fc.constant("shop" as const), by: fc.integer({ min: -3, max: 5 }) }),
  fc.record({ kind: fc.constant("hold" as const), buyer, quantity: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constant("order" as const), buyer }),
  fc.record({ kind: fc.constant("end" as const), buyer, sold: fc.boolean() }),
);
export const stories = fc.array(deed, { minLength: 1, maxLength: 40, size: "large" });

export class TransferWorld {
  readonly book = new StockMemory();
  readonly #counters: Counters;
  readonly #transfers = new Map<string, Transfer>();
  readonly #underWay: (() => Promise<unknown>)[] = [];
  #now = 0;
  /** Units that there are in all; the shop's own trade changes it. */
  total: number;

  constructor(counters: Counters, units: number) {
    this.#counters = counters;
    this.total = units;
  }

  get transfers(): readonly Transfer[] {
    return [...this.#transfers.values()];
  }

  async live(deed: Deed): Promise<void> {
    this.#now += 1;
    switch (deed.kind) {
      case "allot": {
        const id = `a${deed.n}`;
        return this.begin({ kind: "allotment", id, sku: SKU, key: KEY, quantity: deed.quantity });
      }
      case "return": {
        const id = `r${deed.n}`;
        return this.begin({ kind: "return", id, sku: SKU, key: KEY, quantity: deed.quantity });
      }
      case "advance": {
        const open = this.transfers.filter((transfer) => !isSettled(transfer));
        const transfer = open[deed.which % Math.max(open.length, 1)];
        return transfer === undefined ? undefined : this.#advance(transfer, deed.fate);
      }
      case "arrive": {
        const [call] = this.#underWay.splice(deed.which % Math.max(this.#underWay.length, 1), 1);
        return void (await call?.());
      }
      case "shop":
        return this.#trade(deed.by);
      default:
        return this.#buy(deed);
    }
  }

  begin(command: TransferCommand): void {
    const name = transferName(command);
    const begun = begin(this.#transfers.get(name) ?? null, command, this.#now);
    if (begun.kind === "begun") this.#transfers.set(name, begun.transfer);
  }

  /** A shop sells no more than it has. */
  async #trade(by: number): Promise<void> {
    const count = await this.#counters.count();
    const change = Math.max(by, -count);
    await this.#counters.change(change);
    this.total += change;
  }

  #buy(deed: Extract<Deed, { kind: "hold" | "order" | "end" }>): void {
    const key = { sale: "air-one", buyer: deed.buyer, id: `order-${deed.buyer}` };
    const cart = { ...key, id: `cart-${deed.buyer}`, limitPerBuyer: 3 };
    const deadline_ms = this.#now + 10;
    const { book } = this;
    if (deed.kind === "hold") {
      const command = { ...cart, quantity: deed.quantity, deadline_ms };
      book.apply(stock.hold(book, command, this.#now));
    } else if (deed.kind === "order") {
      const command = { ...key, holdId: cart.id, quantity: 1, limitPerBuyer: 3 };
      book.apply(stock.order(book, command, this.#now));
    } else if (deed.sold) book.apply(stock.sell(book, key, this.#now));
    else book.apply(stock.release(book, { ...key, backTo: null }, this.#now));
  }

  async #advance(transfer: Transfer, fate: Fate): Promise<void> {
    const step = nextStep(transfer);
    if (step === null) return;
    const call = () => this.#perform(transfer, step);
    const lost: StepOutcome = { kind: "unknown", why: "timeout" };
    let outcome: StepOutcome | null = lost;
    if (fate === "late") this.#underWay.push(call);
    else if (fate === "crash_before") outcome = null;
    else if (fate !== "lost_before") outcome = await call();
    if (fate === "crash_after") outcome = null;
    if (fate === "lost_after") outcome = lost;
    // A runner that died has written nothing; another one finds the transfer as it was.
    if (outcome === null) return;
    this.#transfers.set(transferName(transfer), report(transfer, outcome, this.#now));
  }

  async #perform(transfer: Transfer, step: TransferStep): Promise<StepOutcome> {
    const name = transferName(transfer);
    switch (step.kind) {
      case "take":
        return this.#counters.take(name, step.quantity);
      case "give":
        return this.#counters.give(name, step.quantity);
      case "check":
        return this.#counters.check(name);
      case "receive": {
        const movement = {
          id: name,
          kind: "receive",
          quantity: step.quantity,
          reason: "",
        } as const;
        const { kind } = this.book.apply(stock.moveStock(this.book, movement, this.#now));
        if (kind === "moved" || kind === "already_moved") return { kind: "received" };
        return { kind: "unknown", why: kind };
      }
      case "withdraw": {
        const asked = { id: name, quantity: step.quantity, reason: "" };
        const outcome = this.book.apply(withdraw(this.book, asked, this.#now));
        if (outcome.kind === "withdrawn") return outcome;
        if (outcome.kind === "conflict") return { kind: "unknown", why: "conflict" };
        return { kind: "refused", reason: "not_available", available: outcome.available };
      }
    }
  }

  /** Faults have ended: every transfer goes on to its end, and what was under way arrives. */
  async settle(): Promise<void> {
    for (const transfer of this.transfers) {
      let found = transfer;
      for (let tries = 0; !isSettled(found) && tries < 5; tries += 1) {
        await this.#advance(found, "answered");
        found = this.#transfers.get(transferName(transfer)) ?? found;
      }
    }
    for (const call of this.#underWay.splice(0)) await call();
  }

  seals(): Promise<ReadonlyMap<string, Seal | null>> {
    return this.#counters.seals(this.transfers.map(transferName));
  }

  /**
   * Where every unit is, as Redis and the stock themselves say. `underWay`: gone from one of them,
   * not yet with the other.
   */
  async account(): Promise<{ redis: number; edge: number; underWay: number; agrees: boolean }> {
    const seals = await this.seals();
    let underWay = 0;
    for (const [name, seal] of seals) {
      const moved = this.book.movement(name)?.quantity ?? 0;
      if (seal?.kind === "taken" && moved === 0) underWay += seal.quantity;
      if (seal?.kind !== "given" && moved < 0) underWay -= moved;
    }
    const counters = this.book.counters();
    const [redis, edge] = [await this.#counters.count(), counters.received];
    return { redis, edge, underWay, agrees: countersAgree(counters) };
  }
}
