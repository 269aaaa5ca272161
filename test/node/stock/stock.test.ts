/**
 * The rules of one SKU as account statements: after each step the rows it wrote, with the counters
 * available / held / ordered / sold / buffer.
 */
import { describe, expect, test } from "vitest";
import * as stock from "../../../src/domain/stock/stock.ts";
import { accountOf, DEADLINE_MS } from "../support/stock-account.ts";

describe("selling", () => {
  test("the last unit is held, ordered and sold, and the next shopper gets none", () => {
    const account = accountOf(1);
    expect(account.hold("ann", 1)).toEqual({
      kind: "held",
      quantity: 1,
      deadline_ms: DEADLINE_MS,
      previous: 0,
    });
    expect(account.rows()).toEqual(["hold 1 cart of ann → 0/1/0/0/0"]);
    expect(account.hold("bob", 1)).toEqual({ kind: "sold_out", available: 0 });
    expect(account.order("ann", "ord-1", 1)).toEqual({ kind: "ordered", fromHold: 1, fresh: 0 });
    expect(account.rows()).toEqual(["order 1 ord-1 → 0/0/1/0/0"]);
    expect(account.order("bob", "ord-2", 1)).toEqual({ kind: "sold_out", available: 0 });
    expect(account.sell("ann", "ord-1")).toEqual({ kind: "sold", quantity: 1 });
    expect(account.rows()).toEqual(["sell 1 ord-1 → 0/0/0/1/0"]);
    expect(account.sell("ann", "ord-1")).toEqual({ kind: "already_sold" });
    expect(account.rows()).toEqual([]);
  });

  test("one unit and a hundred buyers at once make exactly one order", () => {
    const account = accountOf(1);
    const buyers = Array.from({ length: 100 }, (_, index) => `buyer ${index}`);
    const outcomes = buyers.map((buyer) => account.order(buyer, `order of ${buyer}`, 1).kind);
    expect(outcomes.filter((kind) => kind === "ordered")).toEqual(["ordered"]);
    expect(account.rows()).toEqual(["order_fresh 1 order of buyer 0 → 0/0/1/0/0"]);
  });

  test("an order takes the units of the cart and the rest from those available", () => {
    const account = accountOf(5);
    account.limit = 4;
    account.hold("ann", 1);
    expect(account.order("ann", "ord-1", 3)).toEqual({ kind: "ordered", fromHold: 1, fresh: 2 });
    expect(account.rows()).toEqual([
      "hold 1 cart of ann → 4/1/0/0/0",
      "order 1 ord-1 → 4/0/1/0/0",
      "order_fresh 2 ord-1 → 2/0/3/0/0",
    ]);
  });

  test("an order of less than the cart leaves the rest in the cart, with its deadline", () => {
    const account = accountOf(5);
    account.hold("ann", 2);
    expect(account.order("ann", "ord-1", 1)).toEqual({ kind: "ordered", fromHold: 1, fresh: 0 });
    account.now = DEADLINE_MS;
    account.expire();
    expect(account.rows()).toEqual([
      "hold 2 cart of ann → 3/2/0/0/0",
      "order 1 ord-1 → 3/1/1/0/0",
      "expire 1 cart of ann → 4/0/1/0/0",
    ]);
  });

  test("an order that cannot have all its units takes none", () => {
    const account = accountOf(2);
    account.limit = 5;
    account.hold("ann", 1);
    account.rows();
    expect(account.order("ann", "ord-1", 3)).toEqual({ kind: "sold_out", available: 2 });
    expect(account.rows()).toEqual([]);
    expect(account.book.takenBy("air-one", "ann")).toBe(1);
  });

  test("nothing is sold that was never ordered, or was released", () => {
    const account = accountOf(2);
    expect(account.sell("ann", "ord-1")).toEqual({ kind: "conflict", state: "unknown" });
    account.hold("ann", 1);
    expect(account.sell("ann", "cart of ann")).toEqual({ kind: "conflict", state: "held" });
    account.order("ann", "ord-2", 1);
    account.release("ann", "ord-2");
    expect(account.sell("ann", "ord-2")).toEqual({ kind: "conflict", state: "released" });
  });
});

describe("holding", () => {
  test("goes up and down by the difference", () => {
    const account = accountOf(5);
    account.limit = 4;
    account.hold("ann", 1);
    expect(account.hold("ann", 4)).toMatchObject({ kind: "held", quantity: 4, previous: 1 });
    expect(account.hold("ann", 2)).toMatchObject({ kind: "held", quantity: 2, previous: 4 });
    expect(account.hold("ann", 0)).toEqual({ kind: "released", previous: 2 });
    expect(account.hold("ann", 0)).toEqual({ kind: "released", previous: 0 });
    expect(account.rows()).toEqual([
      "hold 1 cart of ann → 4/1/0/0/0",
      "hold 3 cart of ann → 1/4/0/0/0",
      "release 2 cart of ann → 3/2/0/0/0",
      "release 2 cart of ann → 5/0/0/0/0",
    ]);
  });

  test("again does not extend the deadline, whether for the same quantity, more or less", () => {
    const account = accountOf(5);
    account.hold("ann", 1);
    account.deadline_ms = DEADLINE_MS * 2;
    const deadline_ms = DEADLINE_MS;
    expect(account.hold("ann", 1)).toMatchObject({ kind: "already_held", deadline_ms });
    expect(account.hold("ann", 2)).toMatchObject({ kind: "held", deadline_ms });
    expect(account.hold("ann", 1)).toMatchObject({ kind: "held", deadline_ms });
    account.now = DEADLINE_MS;
    account.expire();
    expect(account.rows().at(-1)).toBe("expire 1 cart of ann → 5/0/0/0/0");
  });

  test("two lines of one SKU, held one after the other, count together against the limit", () => {
    const account = accountOf(5);
    expect(account.hold("ann", 1)).toMatchObject({ kind: "held" });
    expect(account.order("ann", "ord-1", 1)).toMatchObject({ kind: "ordered" });
    expect(account.hold("ann", 1)).toMatchObject({ kind: "held" });
    expect(account.hold("ann", 2)).toEqual({ kind: "limit_reached", limit: 2, taken: 2 });
    expect(account.order("ann", "ord-2", 2)).toEqual({ kind: "limit_reached", limit: 2, taken: 2 });
  });

  test("a refused command leaves the cart unchanged", () => {
    const account = accountOf(2);
    account.limit = 9;
    account.hold("ann", 1);
    account.rows();
    expect(account.hold("ann", 3)).toEqual({ kind: "sold_out", available: 1 });
    expect(account.rows()).toEqual([]);
    expect(account.hold("ann", 1)).toMatchObject({ kind: "already_held" });
  });

  test("counts bought units against the limit, in this sale only, and released units not at all", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 2);
    account.sell("ann", "ord-1");
    expect(account.hold("ann", 1)).toEqual({ kind: "limit_reached", limit: 2, taken: 2 });
    expect(account.order("ann", "ord-2", 1)).toMatchObject({ kind: "limit_reached" });
    account.order("bob", "ord-3", 2);
    account.release("bob", "ord-3");
    expect(account.hold("bob", 2)).toMatchObject({ kind: "held" });
    const elsewhere = { sale: "air-two", buyer: "ann", id: "cart", quantity: 2 };
    const command = { ...elsewhere, deadline_ms: DEADLINE_MS, limitPerBuyer: 2 };
    expect(stock.hold(account.book, command, 0).outcome).toMatchObject({ kind: "held" });
  });
});

describe("the deadline of a hold", () => {
  test("at the deadline the hold is over, one millisecond earlier it is not", () => {
    const account = accountOf(1);
    account.hold("ann", 1);
    account.now = DEADLINE_MS - 1;
    account.expire();
    expect(account.hold("bob", 1)).toEqual({ kind: "sold_out", available: 0 });
    account.now = DEADLINE_MS;
    account.deadline_ms = DEADLINE_MS * 2;
    expect(account.hold("bob", 1)).toMatchObject({ kind: "held" });
    expect(account.rows()).toEqual([
      "hold 1 cart of ann → 0/1/0/0/0",
      "expire 1 cart of ann → 1/0/0/0/0",
      "hold 1 cart of bob → 0/1/0/0/0",
    ]);
  });

  test.each(["the alarm first", "the order first"])(
    "an order at the same instant takes the unit once, with %s",
    (first) => {
      const account = accountOf(1);
      account.hold("ann", 1);
      account.now = DEADLINE_MS;
      if (first === "the alarm first") account.expire();
      expect(account.order("ann", "ord-1", 1)).toEqual({ kind: "ordered", fromHold: 0, fresh: 1 });
      account.expire();
      expect(account.rows()).toEqual([
        "hold 1 cart of ann → 0/1/0/0/0",
        "expire 1 cart of ann → 1/0/0/0/0",
        "order_fresh 1 ord-1 → 0/0/1/0/0",
      ]);
    },
  );

  test("an order on an expired hold takes available units, if any are left", () => {
    const account = accountOf(1);
    account.hold("ann", 1);
    account.now = DEADLINE_MS + 1;
    account.deadline_ms = DEADLINE_MS * 2;
    account.hold("bob", 1);
    expect(account.order("ann", "ord-1", 1)).toEqual({ kind: "sold_out", available: 0 });
    account.hold("bob", 0);
    expect(account.order("ann", "ord-2", 1)).toEqual({ kind: "ordered", fromHold: 0, fresh: 1 });
  });

  test("an expired hold no longer counts against its buyer's limit", () => {
    const account = accountOf(4);
    account.hold("ann", 2);
    account.now = DEADLINE_MS;
    account.deadline_ms = DEADLINE_MS * 2;
    expect(account.hold("ann", 2)).toMatchObject({ kind: "held", previous: 0 });
  });

  test("an order's units have an owner, not a deadline", () => {
    const account = accountOf(1);
    account.order("ann", "ord-1", 1);
    account.now = DEADLINE_MS * 1000;
    account.expire();
    expect(account.rows()).toEqual(["order_fresh 1 ord-1 → 0/0/1/0/0"]);
  });
});
