/**
 * Laws of one SKU, under random commands, repetitions and the passing of time.
 *
 * Each command is checked against the promises before the next: counters add up (P1), the ledger
 * rebuilds them, no hold outlasts its deadline (P5), no buyer and no identity exceeds the limit, a
 * refused order leaves everything as it was, and a command sent twice moves nothing the second time
 * (P6).
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  countersAgree,
  LEDGER_KINDS,
  replayLedger,
} from "../../../src/domain/stock/stock-ledger.ts";
import type { StockMemory } from "../support/stock-memory.ts";
import {
  BUYERS,
  type Command,
  decide,
  type Heard,
  IDENTITIES,
  LIMIT,
  live,
  nameOf,
  orderOf,
  SALE,
  stories,
} from "../support/stock-stories.ts";

/** Of laws about what few stories reach. */
const RUNS = 1500;

function stateOf(book: StockMemory): string {
  const reservations = book.reservations().toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const { claims, restocks } = book;
  return JSON.stringify([
    book.counters(),
    reservations,
    book.ledger.length,
    claims,
    [...restocks.values()],
  ]);
}

/** Holds with their deadlines, and counters. */
function whatIsHeld(book: StockMemory): unknown {
  const holds = book.reservations().filter(({ standing }) => standing.state === "held");
  return [holds.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)), book.counters()];
}

function kindOf({ outcome }: Heard): unknown {
  return Object(outcome).kind;
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
        live(story, (book, { now }) => {
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
          for (const who of BUYERS) {
            expect(book.takenBy(SALE, who)).toBeLessThanOrEqual(LIMIT);
          }
        });
      }),
    );
  });

  test("no identity has ordered and bought more than the limit, whichever buyers ordered", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const ordersOf = new Map<string, Set<string>>(IDENTITIES.map((name) => [name, new Set()]));
        live(story, (book, heard) => {
          const { command } = heard.sent;
          const kind = kindOf(heard);
          if (command.kind === "order" && kind === "ordered") {
            for (const name of command.identities)
              ordersOf.get(name)?.add(nameOf(orderOf(command)));
          }
          if (command.kind === "claim" && kind === "claimed") {
            ordersOf.get(command.identity)?.add(nameOf(orderOf(command)));
          }
          for (const orders of ordersOf.values()) {
            const units = book
              .reservations()
              .filter((item) => orders.has(nameOf(item)) && item.standing.state !== "released")
              .reduce((sum, { quantity }) => sum + quantity, 0);
            expect(units).toBeLessThanOrEqual(LIMIT);
          }
        });
      }),
      { numRuns: RUNS },
    );
  });

  test("an order that is refused at once leaves holds and counters as they were", () => {
    const units = fc.nat({ max: LIMIT });
    fc.assert(
      fc.property(stories, fc.constantFrom(...BUYERS), units, units, (story, buyer, held, more) => {
        let now = 0;
        const book = live(story, (_, heard) => {
          now = heard.now;
        });
        const apply = (command: Command): unknown => {
          return book.apply(decide(book, { command, at_ms: now }, now));
        };
        apply({ kind: "hold", buyer, quantity: held, for_ms: 20 });
        const before = whatIsHeld(book);
        const order = { kind: "order", buyer, n: 9, quantity: 1 + more } as const;
        apply({ ...order, identities: ["card"] });
        apply({ kind: "release", buyer, n: 9, for_ms: 40, refused: true });
        expect(whatIsHeld(book)).toEqual(before);
      }),
      { numRuns: RUNS },
    );
  });

  test("an order's units on sale again are never more than were sold to it", () => {
    fc.assert(
      fc.property(stories, (story) => {
        const sold = new Map<string, number>();
        const back = new Map<string, number>();
        live(story, (book, heard) => {
          const { command } = heard.sent;
          if (command.kind !== "sell" && command.kind !== "restock") return;
          const name = nameOf(orderOf(command));
          if (kindOf(heard) === "sold") {
            sold.set(name, book.reservation(orderOf(command))?.quantity ?? 0);
          }
          if (kindOf(heard) !== "restocked" || command.kind !== "restock") return;
          back.set(name, (back.get(name) ?? 0) + command.quantity);
          expect(back.get(name)).toBeLessThanOrEqual(sold.get(name) ?? 0);
          const left = (sold.get(name) ?? 0) - (back.get(name) ?? 0);
          expect(book.reservation(orderOf(command))?.quantity).toBe(left);
        });
      }),
      { numRuns: RUNS },
    );
  });

  test("the same command again changes nothing (P6)", () => {
    fc.assert(
      fc.property(stories, (story) => {
        live(story, (book, { sent, now }) => {
          const before = stateOf(book);
          book.apply(decide(book, sent, now));
          expect(stateOf(book)).toBe(before);
        });
      }),
      { numRuns: RUNS },
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

  test("no row is of a kind that an earlier version could not replay", () => {
    expect(LEDGER_KINDS).toEqual([
      "receive",
      "adjust",
      "buffer",
      "hold",
      "release",
      "expire",
      "order",
      "order_fresh",
      "sell",
      "return_held",
      "return_available",
    ]);
  });
});
