/**
 * Declined payments: how many one admission may have, and what their buyer learns of each.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { merchantViewOf } from "../../../src/domain/order/merchant-view.ts";
import { eventOf, viewOf } from "../../../src/domain/order/messages.ts";
import { moveTo } from "../../../src/domain/order/transition.ts";
import {
  beginOrder,
  finishOrder,
  type AdmissionRecord,
  type OrderEnd,
} from "../../../src/domain/room/admission.ts";
import { orderAt, STANDINGS } from "../support/order-records.ts";

const ADMISSION: AdmissionRecord = {
  id: "adm_t1",
  ticket: "t1",
  subject: "ann",
  lane: "general",
  issuedAt_ms: 0,
  expiresAt_ms: 1_000_000,
  standing: "active",
  ordersDone: 0,
  orderInProgress: null,
  orderBegunAt_ms: null,
  ordersEnded: [],
};

/** Places orders one after the other, and tells how many the room let begin. */
function tried(ends: readonly OrderEnd[], max: number, repeats = 1): string[] {
  let admission = ADMISSION;
  return ends.map((end, number) => {
    const begun = beginOrder(admission, `ord_${number}`, 5, max);
    admission = begun.admission;
    if (begun.outcome.kind !== "begun") return begun.outcome.kind;
    // The message of an order's end may come twice.
    for (let times = 0; times < repeats; times += 1) {
      ({ admission } = finishOrder(admission, `ord_${number}`, end, 100));
    }
    return end;
  });
}

describe("an admission", () => {
  const END = fc.constantFrom<OrderEnd>("declined", "hand_back", "spend");

  test("begins orders until its limit of declined payments is reached, and none after", () => {
    fc.assert(
      fc.property(fc.array(END, { maxLength: 30 }), fc.integer({ min: 1, max: 6 }), (ends, max) => {
        const results = tried(ends, max, 2);
        const declined = results.filter((result) => result === "declined").length;
        expect(declined).toBeLessThanOrEqual(max);
        const first = results.indexOf("too_many_declines");
        if (first === -1) return;
        expect(declined).toBe(max);
        expect(new Set(results.slice(first))).toEqual(new Set(["too_many_declines"]));
      }),
    );
  });

  test("says how many were declined; an order that has begun may begin again", () => {
    let admission = beginOrder(ADMISSION, "ord_1", 5, 1).admission;
    expect(beginOrder(admission, "ord_1", 5, 1).outcome.kind).toBe("begun");
    ({ admission } = finishOrder(admission, "ord_1", "declined", 1));
    const refused = beginOrder(admission, "ord_2", 5, 1);
    expect(refused).toEqual({ admission, outcome: { kind: "too_many_declines", declines: 1 } });
    // Its answer was lost, and it is asked again after its end.
    expect(beginOrder(admission, "ord_1", 5, 1).outcome.kind).toBe("begun");
  });

  test("counts an order that was placed while the room did not answer, once", () => {
    let { admission } = finishOrder(ADMISSION, "ord_1", "declined", 1);
    ({ admission } = finishOrder(admission, "ord_1", "declined", 1));
    expect(admission).toMatchObject({ declines: 1, standing: "active" });
  });
});

describe("the end of an order", () => {
  test.each([
    ["insufficient_funds", true],
    ["given_up", true],
    ["action_abandoned", true],
    ["limit_reached", true],
    ["payment_unavailable", false],
    ["payment_details_expired", false],
  ])("for %s is a payment that was tried: %s", (reason, isTried) => {
    const { effects } = moveTo(orderAt(STANDINGS.authorizing), { state: "declined", reason }, 1, 0);
    const seat = { kind: "seat", action: "hand_back", ...(isTried ? { declined: true } : {}) };
    expect(effects.filter(({ kind }) => kind === "seat")).toEqual([seat]);
  });
});

describe("a declined payment", () => {
  const CODES = [
    "insufficient_funds",
    "expired_card",
    "lost_card",
    "incorrect_cvc",
    "do_not_honor",
  ];
  const standings = CODES.flatMap((reason) => [
    { state: "declined", reason } as const,
    { state: "voiding", how: "void", end: "declined", reason, booking: null } as const,
  ]);

  test.each(standings)("shows its buyer no code of the bank: $state, $reason", (standing) => {
    const record = orderAt(standing);
    expect(viewOf(record).reason).toBe("payment_declined");
    expect(JSON.stringify(viewOf(record))).not.toContain(standing.reason);
    expect([merchantViewOf(record).reason, eventOf(record).reason]).toEqual([
      standing.reason,
      standing.reason,
    ]);
  });

  test.each(["given_up", "action_abandoned", "payment_unavailable", "limit_reached"])(
    "shows a reason that is Sluice's own: %s",
    (reason) => {
      expect(viewOf(orderAt({ state: "declined", reason })).reason).toBe(reason);
    },
  );
});
