/**
 * One buyer in several places: what counts under an e-mail address and a card, as outcomes.
 */
import { describe, expect, test } from "vitest";
import * as stock from "../../../src/domain/stock/stock.ts";
import { accountOf, DEADLINE_MS } from "../support/stock-account.ts";

const MAIL = "digest of an e-mail address";
const CARD = "digest of a card";

describe("an order under an identity", () => {
  test("counts for the next buyer who orders under it, and not under another", () => {
    const account = accountOf(9);
    expect(account.order("ann", "ord-1", 2, [MAIL])).toMatchObject({ kind: "ordered" });
    expect(account.order("ann again", "ord-2", 1, [MAIL])).toEqual({
      kind: "limit_reached",
      limit: 2,
      taken: 2,
    });
    expect(account.order("bob", "ord-3", 2, ["another"])).toMatchObject({ kind: "ordered" });
  });

  test("leaves what is on sale and in the cart as it was, when it is refused", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 2, [MAIL]);
    account.hold("ann again", 1);
    account.rows();
    expect(account.order("ann again", "ord-2", 1, [MAIL]).kind).toBe("limit_reached");
    expect(account.rows()).toEqual([]);
    expect(account.hold("ann again", 1)).toMatchObject({ kind: "already_held" });
  });

  test("counts units of the cart once", () => {
    const account = accountOf(9);
    account.hold("ann", 2);
    expect(account.order("ann", "ord-1", 2, [MAIL])).toMatchObject({ fromHold: 2 });
    expect(account.order("ann", "ord-1", 2, [MAIL])).toEqual({ kind: "already_ordered" });
    account.sell("ann", "ord-1");
    expect(account.order("ann again", "ord-2", 1, [MAIL])).toMatchObject({ taken: 2 });
  });

  test("that is named twice counts once", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 1, [MAIL, MAIL]);
    expect(account.order("ann", "ord-2", 1, [MAIL])).toMatchObject({ kind: "ordered" });
  });

  test("no longer counts when it was released, and counts what was not restocked", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 2, [MAIL]);
    account.release("ann", "ord-1", DEADLINE_MS);
    expect(account.order("ann again", "ord-2", 2, [MAIL])).toMatchObject({ kind: "ordered" });
    account.sell("ann again", "ord-2");
    account.restock("ann again", "ord-2", "ref-1", 1);
    expect(account.order("cid", "ord-3", 2, [MAIL])).toMatchObject({ taken: 1 });
    expect(account.order("cid", "ord-3", 1, [MAIL])).toMatchObject({ kind: "ordered" });
  });

  test("counts in its own sale only", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 2, [MAIL]);
    const key = { sale: "air-two", buyer: "ann", id: "ord-2", holdId: "cart" };
    const command = { ...key, quantity: 2, limitPerBuyer: 2, identities: [MAIL] };
    expect(stock.order(account.book, command, 0).outcome).toMatchObject({ kind: "ordered" });
  });

  test("each of several identities has the limit, and the subject too", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 1, [MAIL]);
    account.order("bob", "ord-2", 2, [CARD]);
    expect(account.order("cid", "ord-3", 1, [MAIL, CARD])).toMatchObject({ taken: 2 });
    expect(account.order("bob", "ord-4", 1, [MAIL])).toMatchObject({ taken: 2 });
    expect(account.order("ann", "ord-5", 1, [MAIL])).toMatchObject({ kind: "ordered" });
  });

  test("is refused for its limit before it is refused as sold out", () => {
    const account = accountOf(2);
    account.order("ann", "ord-1", 2, [MAIL]);
    expect(account.order("bob", "ord-2", 1, [MAIL]).kind).toBe("limit_reached");
    expect(account.order("bob", "ord-2", 1).kind).toBe("sold_out");
  });
});

describe("an identity that becomes known after the order", () => {
  test("is claimed once, and counts from then on", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 2, [MAIL]);
    account.rows();
    expect(account.claim("ann", "ord-1", CARD)).toEqual({ kind: "claimed" });
    expect(account.claim("ann", "ord-1", CARD)).toEqual({ kind: "already_claimed" });
    expect(account.claim("ann", "ord-1", MAIL)).toEqual({ kind: "already_claimed" });
    expect(account.rows()).toEqual([]);
    expect(account.order("bob", "ord-2", 1, [CARD])).toMatchObject({ taken: 2 });
  });

  test("is refused when the card's other orders leave too little of the limit", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 1);
    account.order("bob", "ord-2", 2);
    account.order("cid", "ord-3", 1);
    expect(account.claim("ann", "ord-1", CARD)).toEqual({ kind: "claimed" });
    const refused = { kind: "limit_reached", limit: 2, taken: 1 };
    expect(account.claim("bob", "ord-2", CARD)).toEqual(refused);
    expect(account.claim("bob", "ord-2", CARD)).toEqual(refused);
    expect(account.claim("cid", "ord-3", CARD)).toEqual({ kind: "claimed" });
  });

  test("can still be claimed by an order that was sold, because its units still count", () => {
    const account = accountOf(9);
    account.order("ann", "ord-1", 2);
    account.sell("ann", "ord-1");
    expect(account.claim("ann", "ord-1", CARD)).toEqual({ kind: "claimed" });
    expect(account.order("bob", "ord-2", 1, [CARD]).kind).toBe("limit_reached");
  });

  test("cannot be claimed by a cart, nor by an order that is unknown or was released", () => {
    const account = accountOf(9);
    account.hold("ann", 1);
    account.order("bob", "ord-1", 1, [CARD]);
    account.release("bob", "ord-1");
    const conflict = { kind: "conflict" };
    expect(account.claim("ann", "cart of ann", CARD)).toEqual({ ...conflict, state: "held" });
    expect(account.claim("bob", "ord-1", CARD)).toEqual({ ...conflict, state: "released" });
    expect(account.claim("ann", "ord-9", CARD)).toEqual({ ...conflict, state: "unknown" });
  });
});
