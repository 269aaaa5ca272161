/**
 * Refunds in part at Stripe, and what becomes of a captured payment: all its refunds, and its
 * dispute. A refund is refused only if Stripe does not have it.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { REFUND_PAGES_MAX } from "../../../src/domain/limits.ts";
import {
  answer,
  intent,
  listOf,
  refundObject,
  refusal,
  scriptedStripe,
  type Script,
} from "../support/scripted-stripe.ts";

const paymentId = "pi_1";
const request = {
  paymentId,
  refundId: "rf_1",
  money: { amount: 500, currency: "EUR" },
  key: "ord_1:rf_1:1",
};
const OURS = { metadata: { refund: "rf_1" } };

function refunded(...scripts: Script[]) {
  const { backend, calls } = scriptedStripe(...scripts);
  return { outcome: backend.refundPart(request), calls };
}

describe("a refund of a part", () => {
  test("is one request with its amount, its id and its key", async () => {
    const { outcome, calls } = refunded(answer(refundObject(OURS)));
    const done = { kind: "refunded", providerId: "re_1", state: "succeeded" };
    expect(await outcome).toEqual(done);
    const params = { payment_intent: paymentId, amount: 500, metadata: { refund: "rf_1" } };
    expect(calls).toEqual([{ name: "refunds.create", params, key: request.key }]);
  });

  test.each<[string, object, object]>([
    ["pending", { status: "pending" }, { kind: "refunded", state: "pending" }],
    [
      "waiting for the buyer",
      { status: "requires_action" },
      { kind: "refunded", state: "pending" },
    ],
    [
      "failed",
      { status: "failed", failure_reason: "lost_or_stolen_card" },
      { kind: "declined", reason: "lost_or_stolen_card" },
    ],
    ["cancelled", { status: "canceled" }, { kind: "declined", reason: "refund_canceled" }],
    ["in a state of the future", { status: "elsewhere" }, { kind: "unknown" }],
    ["without a state", { status: null }, { kind: "unknown" }],
  ])("may be %s", async (_, fields, outcome) => {
    expect(await refunded(answer(refundObject(fields))).outcome).toMatchObject(outcome);
  });

  test.each([
    ["charge_already_refunded", { code: "charge_already_refunded" }],
    ["charge_disputed", { code: "charge_disputed" }],
    ["balance_insufficient", { code: "balance_insufficient" }],
    ["invalid_request", { param: "amount", message: "greater than unrefunded amount" }],
  ])("is declined as %s where Stripe's list does not have it", async (reason, fields) => {
    const byOthers = listOf([refundObject({ id: "re_9" })]);
    const { outcome, calls } = refunded(refusal(400, fields), byOthers);
    expect(await outcome).toEqual({ kind: "declined", reason });
    expect(calls.map(({ name }) => name)).toEqual(["refunds.create", "refunds.list"]);
  });

  test.each([
    ["nothing is left", { code: "charge_already_refunded" }],
    ["too little is left", { param: "amount" }],
    ["the charge is disputed since", { code: "charge_disputed" }],
  ])("that an earlier call made is found, although %s", async (_, fields) => {
    const made = listOf([refundObject({ id: "re_9" }), refundObject({ id: "re_7", ...OURS })]);
    const { outcome } = refunded(refusal(400, fields), made);
    expect(await outcome).toEqual({ kind: "refunded", providerId: "re_7", state: "succeeded" });
  });

  test.each<[string, Script[]]>([
    ["the key was used for another request", [refusal(400, { type: "idempotency_error" })]],
    ["the list cannot be read", [refusal(400, { code: "charge_disputed" }), refusal(500)]],
    ["Stripe fails", [refusal(500)]],
  ])("is unknown, never declined, where %s", async (_, scripts) => {
    expect(await refunded(...scripts).outcome).toMatchObject({ kind: "unknown" });
  });

  test("and is retried where Stripe is busy", async () => {
    expect(await refunded(refusal(429)).outcome).toMatchObject({ kind: "retry" });
  });
});

function settlement(...scripts: Script[]) {
  const { backend, calls } = scriptedStripe(...scripts);
  return { outcome: backend.settlement({ paymentId, currency: "EUR" }), calls };
}

const NO_DISPUTE = listOf([]);

describe("the settlement of a payment", () => {
  test("has its refunds, the oldest first, also those of the dashboard", async () => {
    const refunds = listOf([
      refundObject({ id: "re_3", status: "failed", failure_reason: "declined" }),
      refundObject({ id: "re_2", status: "pending", ...OURS }),
      refundObject({ id: "re_1", amount: 20, metadata: null }),
    ]);
    const theirs = { providerId: "re_3", refundId: null, amount: 500 };
    const ours = { providerId: "re_2", refundId: "rf_1", amount: 500, state: "pending" };
    expect(await settlement(refunds, NO_DISPUTE).outcome).toEqual({
      kind: "found",
      refunds: [
        { providerId: "re_1", refundId: null, amount: 20, state: "succeeded", failure: null },
        { ...ours, failure: null },
        { ...theirs, state: "failed", failure: "declined" },
      ],
      dispute: null,
    });
  });

  const pagesOf = (many: number, each: number): Script[] => {
    return Array.from({ length: many }, (_, page) => {
      const ids = Array.from({ length: each }, (_unused, place) => `re_${page}_${place}`);
      return listOf(
        ids.map((id) => refundObject({ id })),
        page < many - 1,
      );
    });
  };

  test("is complete for any number of refunds", async () => {
    const pages = fc.integer({ min: 1, max: REFUND_PAGES_MAX });
    const property = fc.asyncProperty(pages, fc.integer({ min: 1, max: 5 }), async (many, each) => {
      const { outcome, calls } = settlement(...pagesOf(many, each), NO_DISPUTE);
      const found = await outcome;
      const ids = found.kind === "found" ? found.refunds.map(({ providerId }) => providerId) : [];
      expect(new Set(ids).size).toBe(many * each);
      const pagesAsked = calls.slice(0, many).map(({ params }) => params);
      expect(pagesAsked).toMatchObject(
        pagesAsked.map((_, page) => {
          return page === 0 ? { limit: 100 } : { starting_after: `re_${page - 1}_${each - 1}` };
        }),
      );
    });
    await fc.assert(property, { numRuns: 50 });
  });

  test("is unknown for more pages than are read, because one of ours may be missing", async () => {
    const { outcome } = settlement(...pagesOf(REFUND_PAGES_MAX + 1, 1), NO_DISPUTE);
    expect(await outcome).toMatchObject({ kind: "unknown" });
  });

  test.each<[string, Script[]]>([
    ["a page is not a list", [answer({ object: "refund" })]],
    ["a refund is in no known state", [listOf([refundObject({ status: "elsewhere" })])]],
    ["a refund has no amount", [listOf([refundObject({ amount: null })])]],
    ["a page that others follow is empty", [listOf([], true)]],
    ["the second page fails", [listOf([refundObject({})], true), refusal(500)]],
    ["the disputes fail", [listOf([]), refusal(500)]],
    ["the disputes are not a list", [listOf([]), answer("hello")]],
  ])("is unknown where %s", async (_, scripts) => {
    expect(await settlement(...scripts).outcome).toMatchObject({ kind: "unknown" });
  });

  test.each([
    ["warning_needs_response", false],
    ["warning_under_review", false],
    ["warning_closed", true],
    ["needs_response", false],
    ["under_review", false],
    ["appeal_needs_response", false],
    ["won", true],
    ["lost", true],
    ["prevented", true],
  ])("has its dispute: %s, closed %s", async (status, isClosed) => {
    const dispute = { id: "dp_1", amount: 500, reason: "fraudulent", status };
    const { outcome } = settlement(listOf([]), listOf([dispute]));
    expect(await outcome).toMatchObject({ dispute: { ...dispute, isClosed } });
  });

  test("has the dispute that is open, where there are several", async () => {
    const facts = { amount: 500, reason: "fraudulent" };
    const won = { id: "dp_2", status: "won", ...facts };
    const open = { id: "dp_1", status: "needs_response", ...facts };
    const { outcome } = settlement(listOf([]), listOf([won, open]));
    expect(await outcome).toMatchObject({ dispute: { id: "dp_1", isClosed: false } });
  });
});

describe("a look-up of a captured payment that was disputed", () => {
  const charge = { refunded: false, disputed: true, amount_captured: 900, amount_refunded: 400 };
  const disputed = intent({ status: "succeeded", amount: 900, latest_charge: charge });
  const lost = (amount: number, status = "lost") => ({
    id: "dp_1",
    amount,
    reason: "fraudulent",
    status,
  });
  const standingOf = async (...answers: Script[]): Promise<string> => {
    const outcome = await scriptedStripe(disputed, ...answers).backend.lookup({ paymentId });
    return outcome.kind === "found" ? outcome.standing.kind : outcome.kind;
  };

  test.each<[string, Script, string]>([
    ["lost all that was left", listOf([lost(500)]), "refunded"],
    ["lost more than was left", listOf([lost(900)]), "refunded"],
    ["lost less", listOf([lost(499)]), "captured"],
    ["lost it in two parts", listOf([lost(250), lost(250)]), "refunded"],
    ["won", listOf([lost(500, "won")]), "captured"],
    ["not decided", listOf([lost(500, "under_review")]), "captured"],
    ["not to be read", answer("hello"), "captured"],
    ["not allowed to be read", refusal(403, { code: "more_permissions_required" }), "captured"],
    ["without an answer", refusal(500), "captured"],
  ])("which is %s finds it %s", async (_name, disputes, standing) => {
    expect(await standingOf(disputes)).toBe(standing);
  });

  test("asks for disputes of no other payment", async () => {
    const quiet = { ...charge, disputed: false };
    const { backend, calls } = scriptedStripe(
      intent({ status: "succeeded", latest_charge: quiet }),
    );
    await backend.lookup({ paymentId });
    expect(calls.map(({ name }) => name)).toEqual(["retrieve"]);
  });
});
