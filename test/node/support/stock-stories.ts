/**
 * Random stories of one SKU: commands of shoppers, orders and the merchant, each after some time,
 * with late repetitions of earlier ones.
 */
import * as fc from "fast-check";
import { claimIdentity } from "../../../src/domain/stock/identities.ts";
import { restock } from "../../../src/domain/stock/restock.ts";
import * as stock from "../../../src/domain/stock/stock.ts";
import type { ReservationKey, StockDecision } from "../../../src/domain/stock/stock-ledger.ts";
import { StockMemory } from "./stock-memory.ts";

export const SALE = "air-one";
export const LIMIT = 3;
export const BUYERS = ["ann", "bob", "cid"] as const;
/** Two e-mail addresses and a card, which any of the buyers may use. */
export const IDENTITIES = ["mail of ann", "mail of bob", "card"] as const;

export type Command =
  | {
      readonly kind: "hold";
      readonly buyer: string;
      readonly quantity: number;
      readonly for_ms: number;
    }
  | {
      readonly kind: "order";
      readonly buyer: string;
      readonly n: number;
      readonly quantity: number;
      readonly identities: readonly string[];
    }
  | {
      readonly kind: "claim";
      readonly buyer: string;
      readonly n: number;
      readonly identity: string;
    }
  | { readonly kind: "sell"; readonly buyer: string; readonly n: number }
  | {
      readonly kind: "release";
      readonly buyer: string;
      readonly n: number;
      readonly for_ms: number | null;
      /** The order was refused. */
      readonly refused: boolean;
    }
  | {
      readonly kind: "restock";
      readonly buyer: string;
      readonly n: number;
      readonly refund: number;
      readonly quantity: number;
    }
  | {
      readonly kind: "move";
      readonly n: number;
      readonly what: "receive" | "adjust" | "buffer";
      readonly quantity: number;
    }
  | { readonly kind: "expire" };

/** A command with its instant, so that it can be repeated exactly. */
export interface Sent {
  readonly command: Command;
  readonly at_ms: number;
}

/** A command that was applied at an instant, and its outcome. */
export interface Heard {
  readonly sent: Sent;
  readonly now: number;
  readonly outcome: unknown;
}

export function orderOf({ buyer, n }: { buyer: string; n: number }): ReservationKey {
  return { sale: SALE, buyer, id: `order-${n}` };
}

export function nameOf({ sale, buyer, id }: ReservationKey): string {
  return `${sale}/${buyer}/${id}`;
}

export function decide(
  book: StockMemory,
  { command, at_ms }: Sent,
  now: number,
): StockDecision<unknown> {
  switch (command.kind) {
    case "hold": {
      const { buyer, quantity, for_ms } = command;
      const key = { sale: SALE, buyer, id: `cart-${buyer}` };
      const deadline_ms = at_ms + for_ms;
      return stock.hold(book, { ...key, quantity, deadline_ms, limitPerBuyer: LIMIT }, now);
    }
    case "order": {
      const { buyer, quantity, identities } = command;
      const key = { ...orderOf(command), holdId: `cart-${buyer}` };
      return stock.order(book, { ...key, quantity, identities, limitPerBuyer: LIMIT }, now);
    }
    case "claim": {
      const { identity } = command;
      return claimIdentity(book, { ...orderOf(command), identity, limitPerBuyer: LIMIT }, now);
    }
    case "sell":
      return stock.sell(book, orderOf(command), now);
    case "release":
      return stock.release(book, { ...orderOf(command), backTo: backToOf(command, at_ms) }, now);
    case "restock": {
      const { refund, quantity } = command;
      return restock(book, { ...orderOf(command), restockId: `refund-${refund}`, quantity }, now);
    }
    case "move": {
      const { n, what: kind, quantity } = command;
      return stock.moveStock(book, { id: `move-${n}`, kind, quantity, reason: "test" }, now);
    }
    case "expire":
      return stock.expire(book, now);
  }
}

function backToOf(
  { buyer, for_ms, refused }: Extract<Command, { kind: "release" }>,
  at_ms: number,
): stock.ReleaseCommand["backTo"] {
  if (for_ms === null) return null;
  const hold = { holdId: `cart-${buyer}`, deadline_ms: at_ms + for_ms };
  return refused ? { ...hold, only: "held" } : hold;
}

const buyer = fc.constantFrom(...BUYERS);
const n = fc.nat({ max: 2 });
const some = fc.integer({ min: 1, max: 4 });
const for_ms = fc.integer({ min: -5, max: 40 });
const identity = fc.constantFrom(...IDENTITIES);
const movement = fc.oneof(
  fc.record({ what: fc.constant("receive" as const), quantity: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ what: fc.constant("adjust" as const), quantity: fc.integer({ min: -4, max: 4 }) }),
  fc.record({ what: fc.constant("buffer" as const), quantity: fc.nat({ max: 4 }) }),
);
const ordering = fc.record({
  kind: fc.constant("order" as const),
  buyer,
  n,
  quantity: some,
  identities: fc.array(identity, { maxLength: 2 }),
});
const restocking = fc.record({
  kind: fc.constant("restock" as const),
  buyer,
  n,
  refund: fc.nat({ max: 8 }),
  quantity: fc.integer({ min: 0, max: 2 }),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant("hold" as const), buyer, quantity: fc.nat({ max: 4 }), for_ms }),
  fc.record({ kind: fc.constant("hold" as const), buyer, quantity: some, for_ms }),
  { weight: 3, arbitrary: ordering },
  fc.record({ kind: fc.constant("claim" as const), buyer, n, identity }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("sell" as const), buyer, n }) },
  fc.record({
    kind: fc.constant("release" as const),
    buyer,
    n,
    for_ms: fc.option(for_ms),
    refused: fc.boolean(),
  }),
  { weight: 2, arbitrary: restocking },
  fc
    .tuple(movement, fc.nat({ max: 30 }))
    .map(([what, n]): Command => ({ kind: "move", n, ...what })),
  fc.constant<Command>({ kind: "expire" }),
);

/** A command after some time, or a late repetition of an earlier one (`again`). */
export interface Step {
  readonly command: Command;
  readonly after_ms: number;
  readonly again: number | null;
}
const again = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.nat({ max: 40 }) },
);
const step: fc.Arbitrary<Step> = fc.record({ command, after_ms: fc.nat({ max: 15 }), again });
export const stories = fc.array(step, { minLength: 1, maxLength: 60, size: "large" });

/** Runs a story and calls `check` after every command. */
export function live(
  story: readonly Step[],
  check: (book: StockMemory, heard: Heard) => void,
): StockMemory {
  const book = new StockMemory();
  const opening: Command = { kind: "move", n: 99, what: "receive", quantity: 8 };
  book.apply(decide(book, { command: opening, at_ms: 0 }, 0));
  const earlier: Sent[] = [];
  let now = 0;
  for (const { command, after_ms, again } of story) {
    now += after_ms;
    const sent = earlier[again ?? -1] ?? { command, at_ms: now };
    earlier.push(sent);
    const outcome = book.apply(decide(book, sent, now));
    check(book, { sent, now, outcome });
  }
  return book;
}
