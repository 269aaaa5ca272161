/**
 * Units that return to stock and movements of a merchant, as account statements; and the precedence
 * of outcomes when several apply.
 */
import { describe, expect, test } from "vitest";
import * as stock from "../../../src/domain/stock/stock.ts";
import { accountOf, DEADLINE_MS } from "../support/stock-account.ts";

describe("a hold that is renewed", () => {
  const ends = (account: ReturnType<typeof accountOf>): unknown => {
    return account.book.reservation({ sale: "air-one", buyer: "ann", id: "cart of ann" })?.standing;
  };
  const until = (deadline_ms: number) => ({ state: "held", deadline_ms });

  test("lasts for what was left of the first, and as long as a first one after that", () => {
    const account = accountOf(2);
    account.hold("ann", 1);
    account.hold("ann", 0);
    account.now = 30_000;
    account.deadline_ms = 90_000;
    account.hold("ann", 2);
    expect(ends(account)).toEqual(until(DEADLINE_MS));
    account.now = DEADLINE_MS;
    account.deadline_ms = 120_000;
    account.hold("ann", 1);
    expect(ends(account)).toEqual(until(120_000));
  });

  test("is a first one once its buyer has paid, and for every other buyer", () => {
    const account = accountOf(3);
    account.hold("ann", 1);
    account.order("ann", "ord-1", 1);
    account.sell("ann", "ord-1");
    account.deadline_ms = 90_000;
    account.hold("ann", 1);
    expect(ends(account)).toEqual(until(90_000));
    expect(account.hold("bob", 1)).toMatchObject({ deadline_ms: 90_000 });
  });

  test("that is refused begins nothing", () => {
    const account = accountOf(1);
    account.hold("bob", 1);
    expect(account.hold("ann", 1)).toMatchObject({ kind: "sold_out" });
    account.hold("bob", 0);
    account.deadline_ms = 90_000;
    expect(account.hold("ann", 1)).toMatchObject({ deadline_ms: 90_000 });
  });

  test("gives an order no longer than it has itself, also one without a cart", () => {
    const account = accountOf(2);
    const order = (id: string, holdUntil_ms: number): unknown => {
      const key = { sale: "air-one", buyer: "ann", id, holdId: "cart of ann" };
      const command = { ...key, quantity: 1, limitPerBuyer: 2, holdUntil_ms };
      return account.book.apply(stock.order(account.book, command, account.now));
    };
    account.hold("ann", 1);
    expect(order("ord-1", 90_000)).toMatchObject({ fromHold: 1, until_ms: DEADLINE_MS });
    expect(order("ord-1", 90_000)).toEqual({ kind: "already_ordered", until_ms: DEADLINE_MS });
    expect(order("ord-2", 90_000)).toMatchObject({ fresh: 1, until_ms: DEADLINE_MS });
    account.release("ann", "ord-2");
    account.now = DEADLINE_MS;
    expect(order("ord-3", 90_000)).toMatchObject({ fresh: 1, until_ms: 90_000 });
  });
});

describe("the cart of a shopper who has left", () => {
  test("gets nothing back from an order in progress, and takes nothing more", () => {
    const account = accountOf(2);
    account.hold("ann", 2);
    account.order("ann", "ord-1", 1);
    expect(account.letGo("ann")).toEqual({ kind: "released", previous: 1 });
    expect(account.release("ann", "ord-1", DEADLINE_MS)).toEqual({ kind: "released", quantity: 1 });
    expect(account.hold("ann", 1)).toEqual({ kind: "hold_expired" });
    expect(account.letGo("ann")).toEqual({ kind: "released", previous: 0 });
    expect(account.rows()).toEqual([
      "hold 2 cart of ann → 0/2/0/0/0",
      "order 1 ord-1 → 0/1/1/0/0",
      "release 1 cart of ann → 1/0/1/0/0",
      "return_available 1 ord-1 → 2/0/0/0/0",
    ]);
  });

  test("that never held anything leaves no trace", () => {
    const account = accountOf(1);
    expect(account.letGo("bob")).toEqual({ kind: "released", previous: 0 });
    expect(account.hold("bob", 1)).toMatchObject({ kind: "held" });
  });
});

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
      freed: 0,
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

describe("releasing an order that was refused", () => {
  test("puts units that were on sale back on sale, not into a cart", () => {
    const account = accountOf(1);
    account.order("ann", "ord-1", 1);
    expect(account.refuse("ann", "ord-1")).toEqual({ kind: "released", quantity: 1 });
    expect(account.order("bob", "ord-2", 1)).toMatchObject({ kind: "ordered" });
    expect(account.rows()).toEqual([
      "order_fresh 1 ord-1 → 0/0/1/0/0",
      "return_available 1 ord-1 → 1/0/0/0/0",
      "order_fresh 1 ord-2 → 0/0/1/0/0",
    ]);
  });

  test("gives the cart back its own units with its own deadline, and frees the others", () => {
    const account = accountOf(5);
    account.limit = 3;
    account.hold("ann", 1);
    account.order("ann", "ord-1", 3);
    const deadline_ms = DEADLINE_MS;
    expect(account.refuse("ann", "ord-1")).toEqual({
      kind: "returned_to_hold",
      quantity: 1,
      freed: 2,
      deadline_ms,
    });
    expect(account.refuse("ann", "ord-1")).toEqual({ kind: "already_released" });
    account.deadline_ms = DEADLINE_MS * 2;
    expect(account.hold("ann", 1)).toMatchObject({ kind: "already_held", deadline_ms });
    expect(account.rows()).toEqual([
      "hold 1 cart of ann → 4/1/0/0/0",
      "order 1 ord-1 → 4/0/1/0/0",
      "order_fresh 2 ord-1 → 2/0/3/0/0",
      "return_available 2 ord-1 → 4/0/1/0/0",
      "return_held 1 ord-1 → 4/1/0/0/0",
    ]);
  });

  test("adds to what is left in the cart", () => {
    const account = accountOf(3);
    account.limit = 3;
    account.hold("ann", 3);
    account.order("ann", "ord-1", 2);
    account.refuse("ann", "ord-1");
    expect(account.rows().at(-1)).toBe("return_held 2 ord-1 → 0/3/0/0/0");
    expect(account.hold("ann", 3)).toMatchObject({ kind: "already_held", quantity: 3 });
  });

  test("keeps the deadline of a cart that was filled again meanwhile", () => {
    const account = accountOf(2);
    account.hold("ann", 1);
    account.order("ann", "ord-1", 1);
    account.deadline_ms = DEADLINE_MS / 2;
    account.hold("ann", 1);
    expect(account.refuse("ann", "ord-1")).toMatchObject({ deadline_ms: DEADLINE_MS / 2 });
    expect(account.rows().at(-1)).toBe("return_held 1 ord-1 → 0/2/0/0/0");
  });

  test("frees all its units once the cart's deadline has passed", () => {
    const account = accountOf(2);
    account.hold("ann", 1);
    account.order("ann", "ord-1", 2);
    account.now = DEADLINE_MS;
    expect(account.refuse("ann", "ord-1")).toEqual({ kind: "released", quantity: 2 });
    expect(account.rows().at(-1)).toBe("return_available 2 ord-1 → 2/0/0/0/0");
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
