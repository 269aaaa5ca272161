/**
 * The simulated shopper, with a gate of scripted answers and a clock that advances only when the
 * shopper sleeps.
 */
import { expect, test } from "vitest";
import type { Standing } from "../../../simulation/crowd/gate-answers.ts";
import type { Answer, GateClient } from "../../../simulation/crowd/gate-client.ts";
import { newRecord, type ShopperPlan } from "../../../simulation/crowd/shopper-record.ts";
import { shop } from "../../../simulation/crowd/shopper.ts";

type Shopper = GateClient["shopper"];

function answered<T>(body: T, status = 200): Promise<Answer<T>> {
  return Promise.resolve({ kind: "answered", status, code: null, body });
}

function refused(status: number, code: string, retryAfter_s: number | null = null) {
  const body = { code };
  return Promise.resolve({ kind: "refused", status, code, body, retryAfter_s } as const);
}

const unreachable = () => {
  const reason = "socket hang up";
  const nothing = { status: 0, code: "unreachable", body: null, reason } as const;
  return Promise.resolve({ kind: "unreachable", ...nothing } as const);
};

function standing(state: Standing["state"], more: Partial<Standing> = {}): Standing {
  return { state, rank: 5, called: 0, pollAfter_s: 3, ...more };
}

const called = standing("called", { called: 6 });
const confirmed = {
  id: "o-1",
  state: "confirmed",
  final: true,
  total: 12_900,
  currency: "EUR",
  lines: [{ sku: "AIR-42", quantity: 1, price: 12_900 }],
};
const admission = { admission: "an admission", expiresAt: "", status: called };

/** A gate that accepts everything, except for the changes. */
function gateOf(changes: Partial<Shopper>): Shopper {
  const unexpected = () => Promise.reject(new Error("unexpected request"));
  return {
    sale: unexpected,
    cohort: unexpected,
    fairness: unexpected,
    join: () => answered({ ticket: "a ticket", status: called }, 201),
    standing: () => answered(called),
    claim: () => answered(admission, 201),
    leave: () => answered(null, 204),
    setCart: () => answered({ lines: [], holdsUntil: null }),
    quote: () => answered({ amounts: { total: 12_900 } }),
    placeOrder: () => answered({ order: confirmed, statusUrl: "/orders/o-1" }, 202),
    orderAt: () => answered(confirmed),
    ...changes,
  };
}

async function send(gate: Shopper, plan: Partial<ShopperPlan> = {}) {
  const record = newRecord({
    number: 7,
    name: "ann",
    email: "ann@shoppers.example",
    lines: [{ sku: "AIR-42", quantity: 1 }],
    intent: "buy",
    card: "good",
    claimsEarly: false,
    clicksTwice: false,
    browse_ms: 10,
    checkout_ms: 10,
    ...plan,
  });
  let now = 0;
  let keys = 0;
  const slept_ms: number[] = [];
  await shop(record, {
    gate,
    sale: "air-one",
    claimWindow_s: 12,
    now: () => now,
    random: () => 0.5,
    newKey: () => `key-${(keys += 1)}`,
    sleep: (duration_ms) => {
      slept_ms.push(duration_ms);
      now += duration_ms;
      return Promise.resolve();
    },
  });
  return { record, slept_ms };
}

/** Returns the values in their order, and then always the last one. */
function inTurn<T>(first: T, ...others: T[]): () => T {
  const rest = [first, ...others];
  return () => (rest.length > 1 ? rest.shift() : rest[0]) ?? first;
}

test("a shopper polls after pollAfter_s, never sooner, and claims when called", async () => {
  const states = inTurn(
    answered(standing("queued", { pollAfter_s: 7, rank: null })),
    answered(standing("paused", { pollAfter_s: 5 })),
    answered(called),
  );
  const first = standing("prequeue", { pollAfter_s: 4, rank: null });
  const join = () => answered({ ticket: "a ticket", status: first }, 201);
  const { record, slept_ms } = await send(gateOf({ join, standing: states }));
  expect(slept_ms.slice(0, 3)).toEqual([4000, 7000, 5000]);
  expect(record.tickets[0]?.ranks).toEqual([5]);
  expect(record.admissions).toMatchObject([{ rank: 5, called: 6 }]);
  expect(record.outcome).toEqual({ kind: "bought" });
});

test("a claim without a free seat is repeated after pollAfter_s", async () => {
  const claim = inTurn<ReturnType<Shopper["claim"]>>(
    refused(409, "not_called"),
    answered(admission, 201),
  );
  const { record, slept_ms } = await send(gateOf({ claim }));
  expect(slept_ms[0]).toBe(3000);
  expect(record.outcome).toEqual({ kind: "bought" });
});

test("an order whose answer was lost is sent again with the same key", async () => {
  const keys: string[] = [];
  const answers = inTurn<ReturnType<Shopper["placeOrder"]>>(
    unreachable(),
    refused(503, "unavailable", 2),
    answered({ order: confirmed, statusUrl: "/orders/o-1" }, 202),
  );
  const placeOrder: Shopper["placeOrder"] = (_, key) => {
    keys.push(key);
    return answers();
  };
  const { record } = await send(gateOf({ placeOrder }));
  expect(keys).toEqual(["key-1", "key-1", "key-1"]);
  expect(record.orders).toMatchObject([{ ids: ["o-1"], finalState: "confirmed" }]);
});

test("after a declined card the shopper pays with another, under a new key", async () => {
  const paid: [key: string, method: string][] = [];
  const placeOrder: Shopper["placeOrder"] = (_, key, body) => {
    paid.push([key, body.payment.method]);
    const order = { ...confirmed, id: `o-${paid.length}` };
    return answered({ order, statusUrl: `/orders/${order.id}` }, 202);
  };
  const orderAt = inTurn(answered({ ...confirmed, state: "declined" }), answered(confirmed));
  const gate = gateOf({ placeOrder, orderAt });
  const { record } = await send(gate, { card: "declined_once" });
  expect(paid).toEqual([
    ["key-1", "pm_card_chargeDeclined"],
    ["key-2", "pm_sandbox_visa_7"],
  ]);
  expect(record.outcome).toEqual({ kind: "bought" });
});

test("after a lapsed turn the shopper joins again once", async () => {
  let joins = 0;
  const join: Shopper["join"] = () => {
    joins += 1;
    return answered({ ticket: `ticket-${joins}`, status: standing("lapsed") }, 201);
  };
  const { record } = await send(gateOf({ join }));
  expect(joins).toBe(2);
  expect(record.outcome).toEqual({ kind: "lapsed" });
});

test("after sold_out the shopper polls three more times, in case units become available", async () => {
  const soldOut = () => answered(standing("sold_out"));
  const { record } = await send(gateOf({ join: joinThen("sold_out"), standing: soldOut }));
  expect(record.polls).toBe(3);
  expect(record.outcome).toEqual({ kind: "sold_out", where: "line" });
});

function joinThen(state: Standing["state"]): Shopper["join"] {
  return () => answered({ ticket: "a ticket", status: standing(state) }, 201);
}

test("an early claim is made once and its refusal recorded", async () => {
  const claim = inTurn<ReturnType<Shopper["claim"]>>(
    refused(409, "not_called"),
    answered(admission, 201),
  );
  const gate = gateOf({ join: joinThen("queued"), claim });
  const { record } = await send(gate, { claimsEarly: true });
  expect(record.earlyClaims).toMatchObject([{ status: 409, code: "not_called" }]);
  expect(record.outcome).toEqual({ kind: "bought" });
});

test("a refused call is not repeated, and its code is the outcome", async () => {
  let joins = 0;
  const join: Shopper["join"] = () => {
    joins += 1;
    return refused(403, "pass_invalid");
  };
  const { record } = await send(gateOf({ join }));
  expect(joins).toBe(1);
  expect(record.outcome).toEqual({ kind: "refused", code: "pass_invalid" });
});

test("a gate that never answers gives an error after a bounded number of attempts", async () => {
  let joins = 0;
  const join: Shopper["join"] = () => {
    joins += 1;
    return unreachable();
  };
  const { record } = await send(gateOf({ join }));
  expect(joins).toBe(6);
  expect(record.outcome).toEqual({ kind: "error", reason: "0 socket hang up" });
});
