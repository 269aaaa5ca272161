/**
 * Units that return to stock and movements of a merchant, as account statements; and the precedence
 * of outcomes when several apply.
 */
import { describe, expect, test } from "vitest";
import * as stock from "../../../src/domain/stock/stock.ts";
import { accountOf, DEADLINE_MS } from "../support/stock-account.ts";

describe("releasing an order", () => {
  test("twice frees its units once", () => {
    const account = accountOf(3);
    account.order("ann", "ord-1", 2);
    expect(account.release("ann", "ord-1")).toEqual({ kind: "released", quantity: 2 });
    expect(account.release("ann", "ord-1")).toEqual({ kind: "already_released" });
    expect(account.rows()).toEqual([
      "order_fresh 2 ord-1 → 1/0/2/0/0",
      "return_available 2 ord-1 → 3/0/0/0/0",
    ]);
  });

  test("before it arrives makes the late order take nothing", () => {
    const account = accountOf(3);
    expect(account.release("ann", "ord-1")).toEqual({ kind: "already_released" });
    expect(account.order("ann", "ord-1", 1)).toEqual({ kind: "conflict", state: "released" });
    expect(account.rows()).toEqual([]);
  });

  test("and ordering it again takes nothing: a late message is not a new order", () => {
    const account = accountOf(3);
    account.order("ann", "ord-1", 1);
    account.release("ann", "ord-1");
    account.rows();
    expect(account.order("ann", "ord-1", 1)).toEqual({ kind: "conflict", state: "released" });
    expect(account.rows()).toEqual([]);
  });

  test("is refused once it is sold", () => {
    const account = accountOf(1);
    account.order("ann", "ord-1", 1);
    account.sell("ann", "ord-1");
    account.rows();
    expect(account.release("ann", "ord-1")).toEqual({ kind: "conflict", state: "sold" });
    expect(account.release("ann", "ord-1", DEADLINE_MS)).toMatchObject({ kind: "conflict" });
    expect(account.rows()).toEqual([]);
  });

  test("of a declined card gives the units back to the cart, until its deadline", () => {
    const account = accountOf(1);
    account.hold("ann", 1);
    account.order("ann", "ord-1", 1);
    expect(account.release("ann", "ord-1", DEADLINE_MS)).toEqual({
      kind: "returned_to_hold",
      quantity: 1,
      deadline_ms: DEADLINE_MS,
    });
    expect(account.release("ann", "ord-1", DEADLINE_MS)).toEqual({ kind: "already_released" });
    expect(account.hold("bob", 1)).toEqual({ kind: "sold_out", available: 0 });
    expect(account.order("ann", "ord-2", 1)).toEqual({ kind: "ordered", fromHold: 1, fresh: 0 });
    expect(account.rows()).toEqual([
      "hold 1 cart of ann → 0/1/0/0/0",
      "order 1 ord-1 → 0/0/1/0/0",
      "return_held 1 ord-1 → 0/1/0/0/0",
      "order 1 ord-2 → 0/0/1/0/0",
    ]);
  });

  test("adds the units to those that the cart has come to hold meanwhile", () => {
    const account = accountOf(5);
    account.order("ann", "ord-1", 1);
    account.hold("ann", 1);
    account.release("ann", "ord-1", DEADLINE_MS);
    expect(account.rows().at(-1)).toBe("return_held 1 ord-1 → 3/2/0/0/0");
    expect(account.hold("ann", 2)).toMatchObject({ kind: "already_held", quantity: 2 });
  });

  test("at or after that deadline frees the units instead", () => {
    const account = accountOf(1);
    account.order("ann", "ord-1", 1);
    account.now = DEADLINE_MS;
    expect(account.release("ann", "ord-1", DEADLINE_MS)).toEqual({ kind: "released", quantity: 1 });
    expect(account.rows().at(-1)).toBe("return_available 1 ord-1 → 1/0/0/0/0");
  });
});

describe("a merchant's movements", () => {
  test("receive, correct and buffer units, each once", () => {
    const account = accountOf(0);
    expect(account.move("receive", 10, "m-1")).toMatchObject({ kind: "moved" });
    expect(account.move("receive", 10, "m-1")).toMatchObject({ kind: "already_moved" });
    expect(account.move("adjust", -3, "m-2")).toMatchObject({ kind: "moved" });
    expect(account.move("adjust", 1, "m-3")).toMatchObject({ kind: "moved" });
    expect(account.move("buffer", 5, "m-4")).toMatchObject({ kind: "moved" });
    expect(account.move("buffer", 2, "m-5")).toMatchObject({ kind: "moved" });
    expect(account.rows()).toEqual([
      "receive 10 m-1 → 10/0/0/0/0",
      "adjust -3 m-2 → 7/0/0/0/0",
      "adjust 1 m-3 → 8/0/0/0/0",
      "buffer 5 m-4 → 3/0/0/0/5",
      "buffer -3 m-5 → 6/0/0/0/2",
    ]);
    expect(account.book.counters().received).toBe(8);
  });

  test("under the id of another movement are refused", () => {
    const account = accountOf(0);
    account.move("receive", 10, "m-1");
    account.rows();
    expect(account.move("receive", 11, "m-1")).toMatchObject({ kind: "conflict" });
    expect(account.move("adjust", 10, "m-1")).toMatchObject({ kind: "conflict" });
    expect(account.rows()).toEqual([]);
  });

  test("take no unit out of a cart, an order or the buffer", () => {
    const account = accountOf(5);
    account.hold("ann", 1);
    account.order("bob", "ord-1", 1);
    account.move("buffer", 1);
    account.rows();
    expect(account.move("adjust", -3)).toMatchObject({ kind: "not_available", asked: 3 });
    expect(account.move("buffer", 4)).toMatchObject({ kind: "not_available", asked: 3 });
    expect(account.rows()).toEqual([]);
    expect(account.move("adjust", -2)).toMatchObject({ kind: "moved" });
    expect(account.rows()).toEqual(["adjust -2 adjust -2 → 0/1/1/0/1"]);
  });

  test("that were refused may be tried again under the same id", () => {
    const account = accountOf(1);
    expect(account.move("adjust", -2, "m-1")).toMatchObject({ kind: "not_available" });
    account.move("receive", 1, "m-2");
    expect(account.move("adjust", -2, "m-1")).toMatchObject({ kind: "moved" });
  });

  test("to the current buffer write no row and are remembered", () => {
    const account = accountOf(3);
    expect(account.move("buffer", 0, "m-1")).toMatchObject({ kind: "moved" });
    expect(account.rows()).toEqual([]);
    account.move("buffer", 2, "m-2");
    expect(account.move("buffer", 0, "m-1")).toMatchObject({ kind: "already_moved" });
  });

  test("find expired units available again", () => {
    const account = accountOf(1);
    account.hold("ann", 1);
    account.now = DEADLINE_MS;
    expect(account.move("adjust", -1)).toMatchObject({ kind: "moved" });
    expect(account.rows()).toEqual([
      "hold 1 cart of ann → 0/1/0/0/0",
      "expire 1 cart of ann → 1/0/0/0/0",
      "adjust -1 adjust -1 → 0/0/0/0/0",
    ]);
  });
});

describe("when several outcomes apply, the first in the documented precedence is returned", () => {
  test("hold: released before hold_expired, already_held before limit_reached", () => {
    const account = accountOf(1);
    account.deadline_ms = 0;
    expect(account.hold("ann", 0).kind).toBe("released");
    account.deadline_ms = DEADLINE_MS;
    account.hold("ann", 1);
    account.limit = 0;
    expect(account.hold("ann", 1).kind).toBe("already_held");
  });

  test("hold: hold_expired before limit_reached, limit_reached before sold_out", () => {
    const account = accountOf(0);
    account.deadline_ms = 0;
    expect(account.hold("ann", 3).kind).toBe("hold_expired");
    account.deadline_ms = DEADLINE_MS;
    expect(account.hold("ann", 3).kind).toBe("limit_reached");
    expect(account.hold("ann", 2).kind).toBe("sold_out");
  });

  test("hold: lowering a hold is always possible, over the limit and out of stock", () => {
    const account = accountOf(2);
    account.hold("ann", 2);
    account.limit = 0;
    expect(account.hold("ann", 1)).toMatchObject({ kind: "held", quantity: 1, previous: 2 });
  });

  test("order: already_ordered before limit_reached, conflict before limit_reached", () => {
    const account = accountOf(2);
    account.order("ann", "ord-1", 2);
    account.limit = 0;
    expect(account.order("ann", "ord-1", 2)).toEqual({ kind: "already_ordered" });
    expect(account.order("ann", "ord-1", 1)).toEqual({ kind: "conflict", state: "ordered" });
    account.sell("ann", "ord-1");
    expect(account.order("ann", "ord-1", 2)).toEqual({ kind: "conflict", state: "sold" });
  });

  test("order: limit_reached before sold_out", () => {
    const account = accountOf(0);
    expect(account.order("ann", "ord-1", 3).kind).toBe("limit_reached");
    expect(account.order("ann", "ord-1", 2).kind).toBe("sold_out");
  });

  test("movement: conflict before not_available", () => {
    const account = accountOf(0);
    account.move("receive", 1, "m-1");
    expect(account.move("adjust", -9, "m-1").kind).toBe("conflict");
    expect(account.move("adjust", -9, "m-2").kind).toBe("not_available");
  });
});

test("a draft that would make a counter negative is a bug and throws", () => {
  const { book } = accountOf(0);
  const movement = { id: "m-1", kind: "buffer", quantity: -1, reason: "test" } as const;
  expect(() => stock.moveStock(book, movement, 0)).toThrow("breaks");
});
