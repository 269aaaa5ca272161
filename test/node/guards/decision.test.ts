/**
 * What the gate does with a request to the shop: a row for each decision, and one for each pair of
 * conditions that can hold at once, so that their precedence is fixed.
 */
import { describe, expect, test } from "vitest";
import { decide, type GuardFacts } from "../../../src/domain/guards/decision.ts";

const CLOSED = { onFailure: "closed" } as const;
const OPEN = { onFailure: "open" } as const;

/** Guarded and live, without a bypass or an admission. */
const PLAIN: GuardFacts = {
  sale: CLOSED,
  phase: "live",
  bypass: null,
  admission: "none",
  isBlind: false,
  room: "known",
};

describe("the decision", () => {
  const rows: [what: string, facts: Partial<GuardFacts>, decision: object][] = [
    ["no sale guards it", { sale: null }, { kind: "not_guarded" }],
    ["no sale guards it, and the room gone", { sale: null, room: "gone" }, { kind: "not_guarded" }],
    ["the sale is over", { phase: "ended" }, { kind: "sale_over" }],
    ["over, and admitted", { phase: "ended", admission: "valid" }, { kind: "sale_over" }],
    ["over, and the room gone", { phase: "ended", room: "gone" }, { kind: "sale_over" }],
    ["over, and bypassed", { phase: "ended", bypass: "token" }, { kind: "sale_over" }],
    ["a health check", { bypass: "health_check" }, { kind: "bypassed", why: "health_check" }],
    ["a listed address", { bypass: "address" }, { kind: "bypassed", why: "address" }],
    ["a bypass token", { bypass: "token" }, { kind: "bypassed", why: "token" }],
    [
      "a verified crawler",
      { bypass: "verified_crawler" },
      { kind: "bypassed", why: "verified_crawler" },
    ],
    [
      "a bypass before the opening, with the room gone",
      { bypass: "address", phase: "scheduled", room: "gone" },
      { kind: "bypassed", why: "address" },
    ],
    [
      "a bypass, and admitted",
      { bypass: "address", admission: "valid" },
      { kind: "bypassed", why: "address" },
    ],
    [
      "a bypass, and a revoked admission",
      { bypass: "token", admission: "revoked" },
      { kind: "bypassed", why: "token" },
    ],
    ["admitted", { admission: "valid" }, { kind: "admitted" }],
    ["admitted, and the room gone", { admission: "valid", room: "gone" }, { kind: "admitted" }],
    [
      "admitted before the opening",
      { admission: "valid", phase: "scheduled" },
      { kind: "admitted" },
    ],
    ["a revoked admission", { admission: "revoked" }, { kind: "line" }],
    ["the room gone, and closed", { room: "gone" }, { kind: "failed_closed" }],
    ["the room gone, and open", { room: "gone", sale: OPEN }, { kind: "failed_open" }],
    [
      "the room gone before the opening",
      { room: "gone", phase: "scheduled", sale: OPEN },
      { kind: "failed_open" },
    ],
    [
      "the room gone, and a revoked admission",
      { room: "gone", admission: "revoked" },
      { kind: "failed_closed" },
    ],
    ["a form of another site", { isBlind: true }, { kind: "resend" }],
    ["the same, and the sale over", { isBlind: true, phase: "ended" }, { kind: "sale_over" }],
    [
      "the same, and bypassed",
      { isBlind: true, bypass: "address" },
      { kind: "bypassed", why: "address" },
    ],
    ["the same, before the opening", { isBlind: true, phase: "scheduled" }, { kind: "resend" }],
    ["the same, and the room gone", { isBlind: true, room: "gone" }, { kind: "resend" }],
    [
      "the same, and open on failure",
      { isBlind: true, room: "gone", sale: OPEN },
      { kind: "resend" },
    ],
    ["before the opening", { phase: "scheduled" }, { kind: "not_open" }],
    ["in the prequeue", { phase: "prequeue" }, { kind: "line" }],
    ["while the sale is on", {}, { kind: "line" }],
    ["while the sale is on, and open on failure", { sale: OPEN }, { kind: "line" }],
  ];

  test.each(rows)("%s", (_, facts, decision) => {
    expect(decide({ ...PLAIN, ...facts })).toEqual(decision);
  });
});
