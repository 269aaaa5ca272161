/**
 * Orders that take uses of two discount codes, over a network that delays, repeats and loses, with
 * an object that crashes before or after a write.
 *
 * Guarantee: every order ends as it decided, kept or given back, however its messages arrive; after
 * each message the laws are checked, and after the last one nothing is reserved any more.
 */
import {
  DiscountCodesCore,
  type DiscountRules,
} from "../../../durable-objects/discount-codes/discount-core.ts";
import { DiscountMemory } from "../../../simulation/memory/discount-memory.ts";
import { discountRuleSchema } from "../../../src/domain/discounts/rule.ts";

export const ORDERS = 8;
export const CODES = ["FIRST-10", "SECOND-20"] as const;

export interface Story {
  /** In total and of one buyer, for each of the two codes. */
  readonly limits: readonly (readonly [uses: number | null, usesPerBuyer: number | null])[];
  /** For each order: its code, its buyer, the buyer's e-mail address, and whether it is paid. */
  readonly orders: readonly {
    readonly code: number;
    readonly buyer: number;
    readonly identity: number;
    readonly isPaid: boolean;
  }[];
  /** What arrives next: a message of an order, perhaps a late repetition. */
  readonly arrivals: readonly {
    readonly order: number;
    readonly message: "take" | "end";
    readonly crash: "none" | "before" | "after";
  }[];
}

class Crash extends Error {}

/** Not `expect`, because it is called for every order after every message. */
function law(holds: boolean, text: string): void {
  if (!holds) throw new Error(`broken law: ${text}`);
}

type Crashing = Story["arrivals"][number]["crash"];

class World {
  readonly memory = new DiscountMemory();
  readonly #rules: DiscountRules;
  readonly #story: Story;
  /** By order; an order knows only what it was answered. */
  readonly #known = new Map<number, "taken" | "refused" | "kept" | "given_back">();
  #crash: Crashing = "none";
  #core: DiscountCodesCore;

  constructor(story: Story, rules: DiscountRules) {
    this.#story = story;
    this.#rules = rules;
    this.#core = this.#restart();
    this.#core.put(
      CODES.map((code, index) => {
        const [uses, usesPerBuyer] = story.limits[index] ?? [null, null];
        const discount = { kind: "percent", basisPoints: 1000 };
        return { code, rule: discountRuleSchema.parse({ discount, uses, usesPerBuyer }) };
      }),
    );
  }

  #restart(): DiscountCodesCore {
    const store = this.memory.store((apply) => {
      const crash = this.#crash;
      this.#crash = "none";
      if (crash === "before") throw new Crash();
      apply();
      if (crash === "after") throw new Crash();
    });
    return new DiscountCodesCore({
      store,
      now: () => 0,
      randomKey: () => "5a".repeat(32),
      rules: this.#rules,
    });
  }

  /** The answer, or null when the object crashed: nobody knows whether it was written. */
  #ask<Outcome>(crash: Crashing, call: () => Outcome): Outcome | null {
    this.#crash = crash;
    try {
      return call();
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      this.#core = this.#restart();
      return null;
    } finally {
      this.#crash = "none";
    }
  }

  #order(index: number): Story["orders"][number] {
    const order = this.#story.orders[index];
    if (order === undefined) throw new Error(`the story has no order ${index}`);
    return order;
  }

  arrive({ order: index, message, crash }: Story["arrivals"][number]): void {
    const known = this.#known.get(index);
    if (message === "take") this.#take(index, crash);
    // A payment is booked only by an order that knows its use; one may end unpaid at any time.
    else if (!this.#order(index).isPaid) this.#giveBack(index, crash);
    else if (known === "taken" || known === "kept") this.#keep(index, crash);
    this.#check();
  }

  #take(index: number, crash: Crashing): void {
    const { code, buyer, identity } = this.#order(index);
    const hash = this.#core.find(CODES[code] ?? "")?.hash ?? "";
    const who = { subject: `buyer-${buyer}`, identities: [`mail-${identity}`], lane: "general" };
    const outcome = this.#ask(crash, () => {
      return this.#core.take({ ...who, order: `order-${index}`, code: hash, revision: null });
    });
    if (outcome === null || this.#known.has(index)) return;
    const isTaken = outcome.kind === "taken" || outcome.kind === "already_taken";
    this.#known.set(index, isTaken ? "taken" : "refused");
  }

  #keep(index: number, crash: Crashing): void {
    const outcome = this.#ask(crash, () => this.#core.keep(`order-${index}`));
    if (outcome !== null) this.#known.set(index, "kept");
  }

  #giveBack(index: number, crash: Crashing): void {
    const outcome = this.#ask(crash, () => this.#core.giveBack(`order-${index}`));
    if (outcome !== null) this.#known.set(index, "given_back");
  }

  /** The orders that have a use of the code, as it is stored. */
  #usersOf(code: number): { readonly index: number; readonly isKept: boolean }[] {
    return this.#story.orders.flatMap((_, index) => {
      const standing = this.memory.uses.get(`order-${index}`)?.standing;
      if (standing === undefined || standing.state === "given_back") return [];
      return standing.code === code ? [{ index, isKept: standing.state === "kept" }] : [];
    });
  }

  #check(): void {
    for (const [at, { id, reserved, kept }] of [...this.memory.byId.values()].entries()) {
      const [uses, usesPerBuyer] = this.#story.limits[at] ?? [null, null];
      const users = this.#usersOf(id);
      const keeping = users.filter(({ isKept }) => isKept).length;
      law(reserved === users.length - keeping && kept === keeping, "counters are the uses");
      law(users.length <= (uses ?? Infinity), "no more uses than allowed");
      const orders = users.flatMap(({ index }) => this.#story.orders[index] ?? []);
      for (const { buyer, identity } of orders) {
        const bySubject = orders.filter((one) => one.buyer === buyer).length;
        const byIdentity = orders.filter((one) => one.identity === identity).length;
        const most = Math.max(bySubject, byIdentity);
        law(most <= (usesPerBuyer ?? Infinity), "no more uses of a buyer than allowed");
        const counted = this.memory.usesOf(id, `subject:buyer-${buyer}`);
        law(counted === bySubject, "a buyer's counter is the buyer's uses");
      }
      for (const { index } of users) {
        law(this.#known.get(index) !== "given_back", "an order that ended unpaid has no use");
      }
    }
  }

  /** Whatever was lost is sent again until it is answered, as outboxes do; then all is repeated. */
  settle(): void {
    this.#story.orders.forEach(({ isPaid }, index) => {
      if (!this.#known.has(index)) this.#take(index, "none");
      if (!isPaid || this.#known.get(index) === "refused") this.#giveBack(index, "none");
      else this.#keep(index, "none");
      this.#take(index, "none");
      this.#check();
    });
    for (const { reserved, id } of this.memory.byId.values()) {
      law(reserved === 0, "nothing stays reserved");
      const names = this.#story.orders.map(({ buyer }) => `subject:buyer-${buyer}`);
      const counted = names.some((name) => this.memory.usesOf(id, name) > 0);
      law(counted === this.#usersOf(id).length > 0, "a buyer's counter ends with the last use");
    }
    const paid = [...this.#known.entries()].filter(([, known]) => known === "kept");
    for (const [index] of paid) {
      const state = this.memory.uses.get(`order-${index}`)?.standing.state;
      law(state === "kept", "a paid order's use stays");
    }
  }
}

/** @throws Error at the first broken law */
export function liveOrders(story: Story, rules: DiscountRules): void {
  const world = new World(story, rules);
  for (const arrival of story.arrivals) world.arrive(arrival);
  world.settle();
}
