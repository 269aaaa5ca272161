/**
 * Laws of one SKU, under random commands, repetitions and the passing of time.
 *
 * Each command is checked against the promises before the next: counters add up (P1), the ledger
 * rebuilds them, no hold outlasts its deadline (P5), no buyer exceeds the limit, and a command sent
 * twice moves nothing the second time (P6).
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as stock from "../../../src/domain/stock/stock.ts";
import {
  countersAgree,
  replayLedger,
  type StockDecision,
} from "../../../src/domain/stock/stock-ledger.ts";
import { StockMemory } from "../support/stock-memory.ts";

const LIMIT = 3;
const SALE = "air-one";

type Command =
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
    }
  | { readonly kind: "sell"; readonly buyer: string; readonly n: number }
  | {
      readonly kind: "release";
      readonly buyer: string;
      readonly n: number;
      readonly for_ms: number | null;
    }
  | {
      readonly kind: "move";
      readonly n: number;
      readonly what: "receive" | "adjust" | "buffer";
      readonly quantity: number;
    }
  | { readonly kind: "expire" };

/** A command with its instant, so that it can be repeated exactly. */
interface Sent {
  readonly command: Command;
  readonly at_ms: number;
}

function decide(book: StockMemory, { command, at_ms }: Sent, now: number): StockDecision<unknown> {
  switch (command.kind) {
    case "hold": {
      const { buyer, quantity, for_ms } = command;
      const key = { sale: SALE, buyer, id: `cart-${buyer}` };
      const deadline_ms = at_ms + for_ms;
      return stock.hold(book, { ...key, quantity, deadline_ms, limitPerBuyer: LIMIT }, now);
    }
    case "order": {
      const { buyer, n, quantity } = command;
      const key = { sale: SALE, buyer, id: `order-${n}`, holdId: `cart-${buyer}` };
      return stock.order(book, { ...key, quantity, limitPerBuyer: LIMIT }, now);
    }
    case "sell":
      return stock.sell(book, { sale: SALE, buyer: command.buyer, id: `order-${command.n}` }, now);
    case "release": {
      const { buyer, n, for_ms } = command;
      const deadline_ms = at_ms + (for_ms ?? 0);
      const backTo = for_ms === null ? null : { holdId: `cart-${buyer}`, deadline_ms };
      return stock.release(book, { sale: SALE, buyer, id: `order-${n}`, backTo }, now);
    }
    case "move": {
      const { n, what: kind, quantity } = command;
      return stock.moveStock(book, { id: `move-${n}`, kind, quantity, reason: "test" }, now);
    }
    case "expire":
      return stock.expire(book, now);
  }
}

const buyer = fc.constantFrom("ann", "bob", "cid");
const n = fc.nat({ max: 5 });
const some = fc.integer({ min: 1, max: 4 });
const for_ms = fc.integer({ min: -5, max: 40 });
const movement = fc.oneof(
  fc.record({ what: fc.constant("receive" as const), quantity: fc.integer({ min: 1, max: 6 }) }),
  fc.record({ what: fc.constant("adjust" as const), quantity: fc.integer({ min: -4, max: 4 }) }),
  fc.record({ what: fc.constant("buffer" as const), quantity: fc.nat({ max: 4 }) }),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant("hold" as const), buyer, quantity: fc.nat({ max: 4 }), for_ms }),
  fc.record({ kind: fc.constant("hold" as const), buyer, quantity: some, for_ms }),
  fc.record({ kind: fc.constant("order" as const), buyer, n, quantity: some }),
  fc.record({ kind: fc.constant("order" as const), buyer, n, quantity: some }),
  fc.record({ kind: fc.constant("sell" as const), buyer, n }),
  fc.record({ kind: fc.constant("release" as const), buyer, n, for_ms: fc.option(for_ms) }),
  fc
    .tuple(movement, fc.nat({ max: 30 }))
    .map(([what, n]): Command => ({ kind: "move", n, ...what })),
  fc.constant<Command>({ kind: "expire" }),
);

/** A command after some time, or a late repetition of an earlier one (`again`). */
interface Step {
  readonly command: Command;
  readonly after_ms: number;
  readonly again: number | null;
}
const again = fc.oneof(
  { weight: 4, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.nat({ max: 40 }) },
);
const step: fc.Arbitrary<Step> = fc.record({ command, after_ms: fc.nat({ max: 15 }), again });
const stories = fc.array(step, { minLength: 1, maxLength: 60, size: "large" });

function stateOf(book: StockMemory): string {
  const reservations = book.reservations().toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return JSON.stringify([book.counters(), reservations, book.ledger.length]);
}

/** Runs a story and calls `check` after every command, with that command and the instant. */
function live(
  story: readonly Step[],
  check: (book: StockMemory, sent: Sent, now: number) => void,
): StockMemory {
  const book = new StockMemory();
  const opening: Command = { kind: "move", n: 99, what: "receive", quantity: 5 };
  book.apply(decide(book, { command: opening, at_ms: 0 }, 0));
  const sent: Sent[] = [];
  let now = 0;
  for (const { command, after_ms, again } of story) {
    now += after_ms;
    const next = sent[again ?? -1] ?? { command, at_ms: now };
    sent.push(next);
    book.apply(decide(book, next, now));
    check(book, next, now);
  }
  return book;
}

describe("after every command", () => {
  test("no counter is negative and they add up to what was received (P1)", () => {
    fc.assert(
      fc.property(stories, (story) => {
        live(story, (book) => {
          expect(countersAgree(book.counters())).toBe(true);
          for (const row of book.ledger.slice(-2)) expect(countersAgree(row)).toBe(true);
        });
      }),
    );
  });

  test("the ledger alone rebuilds the counters, and every row those of its instant", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const book = live(story, (book) => {
          expect(replayLedger(book.ledger)).toEqual(book.counters());
        });
        book.ledger.forEach((row, index) => {
          expect(row).toMatchObject(replayLedger(book.ledger.slice(0, index + 1)));
        });
      }),
      { numRuns: 60 },
    );
  });

  test("the counters are the sums of the reservations", () => {
    fc.assert(
      fc.property(stories, (story) => {
        live(story, (book) => {
          const sum = (state: string): number =>
            book
              .reservations()
              .filter(({ standing }) => standing.state === state)
              .reduce((units, { quantity }) => units + quantity, 0);
          const { held, ordered, sold } = book.counters();
          expect({ held, ordered, sold }).toEqual({
            held: sum("held"),
            ordered: sum("ordered"),
            sold: sum("sold"),
          });
        });
      }),
    );
  });

  test("every hold has units and a deadline in the future (P5)", () => {
    fc.assert(
      fc.property(stories, (story) => {
        live(story, (book, _, now) => {
          for (const { standing, quantity } of book.reservations()) {
            if (standing.state !== "held") continue;
            expect(standing.deadline_ms).toBeGreaterThan(now);
            expect(quantity).toBeGreaterThan(0);
          }
        });
      }),
    );
  });

  test("no buyer has held, ordered and bought more than the limit together", () => {
    fc.assert(
      fc.property(stories, (story) => {
        live(story, (book) => {
          for (const who of ["ann", "bob", "cid"]) {
            expect(book.takenBy(SALE, who)).toBeLessThanOrEqual(LIMIT);
          }
        });
      }),
    );
  });

  test("the same command again changes nothing (P6)", () => {
    fc.assert(
      fc.property(stories, (story) => {
        live(story, (book, sent, now) => {
          const before = stateOf(book);
          book.apply(decide(book, sent, now));
          expect(stateOf(book)).toBe(before);
        });
      }),
    );
  });

  test("a sold or released reservation stays so", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const ended = new Map<string, string>();
        live(story, (book) => {
          const now = new Map(
            book.reservations().map((item) => [`${item.buyer}/${item.id}`, item]),
          );
          for (const [name, state] of ended) expect(now.get(name)?.standing.state).toBe(state);
          for (const [name, { standing }] of now) {
            if (standing.state === "sold" || standing.state === "released") {
              ended.set(name, standing.state);
            }
          }
        });
      }),
    );
  });
});
