/**
 * Units of a confirmed order that go back on sale, as account statements: the rows that were
 * written, with the counters available / held / ordered / sold / buffer.
 */
import { describe, expect, test } from "vitest";
import { accountOf } from "../support/stock-account.ts";

describe("a restock", () => {
  test("reverses the sale of its units, once under its id", () => {
    const account = accountOf(2);
    account.order("ann", "ord-1", 2);
    account.sell("ann", "ord-1");
    account.rows();
    expect(account.restock("ann", "ord-1", "ref-1", 1)).toEqual({ kind: "restocked", quantity: 1 });
    expect(account.rows()).toEqual([
      "sell -1 ord-1 → 0/0/1/1/0",
      "return_available 1 ord-1 → 1/0/0/1/0",
    ]);
    const again = { kind: "already_restocked", quantity: 1 };
    expect(account.restock("ann", "ord-1", "ref-1", 1)).toEqual(again);
    expect(account.rows()).toEqual([]);
    expect(account.book.counters().received).toBe(2);
  });

  test("of all units leaves an order that is sold, and neither sold nor released again", () => {
    const account = accountOf(2);
    account.order("ann", "ord-1", 2);
    account.sell("ann", "ord-1");
    account.restock("ann", "ord-1", "ref-1", 1);
    account.restock("ann", "ord-1", "ref-2", 1);
    expect(account.rows().at(-1)).toBe("return_available 1 ord-1 → 2/0/0/0/0");
    expect(account.sell("ann", "ord-1")).toEqual({ kind: "already_sold" });
    expect(account.release("ann", "ord-1")).toEqual({ kind: "conflict", state: "sold" });
    expect(account.order("ann", "ord-1", 2)).toEqual({ kind: "conflict", state: "sold" });
    expect(account.rows()).toEqual([]);
  });

  test("lets its buyer, and anybody else, buy the units", () => {
    const account = accountOf(2);
    account.order("ann", "ord-1", 2);
    account.sell("ann", "ord-1");
    account.restock("ann", "ord-1", "ref-1", 2);
    expect(account.hold("ann", 1)).toMatchObject({ kind: "held" });
    expect(account.hold("bob", 1)).toMatchObject({ kind: "held" });
  });

  test("of more units than are still sold to the order moves none", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 2);
    account.sell("ann", "ord-1");
    account.order("bob", "ord-2", 2);
    account.sell("bob", "ord-2");
    account.restock("ann", "ord-1", "ref-1", 1);
    account.rows();
    const refused = { kind: "not_sold", state: "sold", sold: 1 };
    expect(account.restock("ann", "ord-1", "ref-2", 2)).toEqual(refused);
    expect(account.restock("ann", "ord-1", "ref-2", 0)).toEqual(refused);
    expect(account.restock("ann", "ord-1", "ref-2", -1)).toEqual(refused);
    expect(account.rows()).toEqual([]);
    expect(account.restock("ann", "ord-1", "ref-2", 1)).toMatchObject({ kind: "restocked" });
  });

  test("before the order was sold is refused, and may be tried again under its id", () => {
    const account = accountOf(1);
    expect(account.restock("ann", "ord-1", "ref-1", 1)).toMatchObject({ state: "unknown" });
    account.order("ann", "ord-1", 1);
    const early = { kind: "not_sold", state: "ordered", sold: 0 };
    expect(account.restock("ann", "ord-1", "ref-1", 1)).toEqual(early);
    account.sell("ann", "ord-1");
    expect(account.restock("ann", "ord-1", "ref-1", 1)).toMatchObject({ kind: "restocked" });
  });

  test("of an order that was released is refused", () => {
    const account = accountOf(1);
    account.order("ann", "ord-1", 1);
    account.release("ann", "ord-1");
    expect(account.restock("ann", "ord-1", "ref-1", 1)).toMatchObject({ state: "released" });
  });

  test("under an id of another order or quantity is refused", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 2);
    account.sell("ann", "ord-1");
    account.order("bob", "ord-2", 1);
    account.sell("bob", "ord-2");
    account.restock("ann", "ord-1", "ref-1", 1);
    account.rows();
    const earlier = { sale: "air-one", buyer: "ann", id: "ord-1", restockId: "ref-1", quantity: 1 };
    const conflict = { kind: "conflict", earlier };
    expect(account.restock("ann", "ord-1", "ref-1", 2)).toEqual(conflict);
    expect(account.restock("bob", "ord-2", "ref-1", 1)).toEqual(conflict);
    expect(account.rows()).toEqual([]);
  });

  test("may have the id of a movement of the merchant, which is another thing", () => {
    const account = accountOf(1);
    account.order("ann", "ord-1", 1);
    account.sell("ann", "ord-1");
    account.move("receive", 1, "ref-1");
    expect(account.restock("ann", "ord-1", "ref-1", 1)).toMatchObject({ kind: "restocked" });
  });
});
