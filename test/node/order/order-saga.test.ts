/**
 * Tables of the saga: for every report the transition and its effects. Leases, commands and reports
 * that change nothing are in `order-commands.test.ts`.
 */
import { describe, expect, test } from "vitest";
import { report } from "../../../src/domain/order/report.ts";
import type { StepReport } from "../../../src/domain/order/step-outcomes.ts";
import type { BookOutcome } from "../../../src/domain/order/order-backend.ts";
import type { OrderEffect } from "../../../src/domain/order/transition.ts";
import type { OrderStanding } from "../../../src/domain/order/order.ts";
import type { PaymentStanding } from "../../../src/domain/order/payment-backend.ts";
import {
  IN_DOUBT_OF_CAPTURE,
  INTENT,
  leasedAt,
  LOOKING,
  REFUNDING,
  STANDINGS,
} from "../support/order-records.ts";

const S = STANDINGS;
const approved = { kind: "approved" } as const;
const declined = { kind: "declined", reason: "card_declined" } as const;
const unknown = { kind: "unknown", reason: "time-out" } as const;
const retry = { kind: "retry", after_s: 7, reason: "429" } as const;
const url = "https://bank.example/3ds";

/** Effects in short: `queue`, `event`, `sell AIR-42`, `seat spend`. */
function short(effects: readonly OrderEffect[]): string[] {
  return effects.map((effect) => {
    if (effect.kind === "stock") return `${effect.action} ${effect.sku}`;
    return effect.kind === "seat" ? `seat ${effect.action}` : effect.kind;
  });
}
const lines = (action: string): string[] => [`${action} AIR-42`, `${action} AIR-43`];
const SOLD = [...lines("sell"), "seat spend", "event"];
const RETURNED = [...lines("return"), "seat hand_back", "event"];
const RELEASED = [...lines("release"), "seat hand_back", "event"];

function found(standing: PaymentStanding): StepReport {
  return { step: "lookup", outcome: { kind: "found", standing } };
}

function book(outcome: BookOutcome): StepReport {
  return { step: "book", outcome };
}

/** The standing before, the report, the standing after, the effects. */
type Row = readonly [OrderStanding, StepReport, Partial<OrderStanding>, readonly string[]];

const voiding = (end: string, reason: string, booking: string | null): object => {
  return { state: "voiding", how: "void", end, reason, booking };
};
const AUTHORIZE: Row[] = [
  [S.authorizing, { step: "authorize", outcome: approved }, { state: "authorized" }, []],
  [
    S.authorizing,
    { step: "authorize", outcome: declined },
    { state: "declined", reason: "card_declined" },
    RETURNED,
  ],
  [
    S.authorizing,
    { step: "authorize", outcome: { kind: "action_required", url } },
    { state: "action_required", url, until_ms: INTENT.holdUntil_ms, clientSecret: null },
    ["event"],
  ],
  [
    S.authorizing,
    { step: "authorize", outcome: unknown },
    { state: "in_doubt", of: "authorize", booking: null },
    ["event"],
  ],
  [S.authorizing, { step: "authorize", outcome: retry }, S.authorizing, []],
];
const BOOK: Row[] = [
  [S.booking, book({ kind: "booked", booking: "BK-9" }), { state: "booked", booking: "BK-9" }, []],
  [S.booking, book({ kind: "refused", reason: "full" }), voiding("failed", "full", null), []],
  [S.booking, book({ kind: "retry", after_s: 3 }), S.booking, []],
  [S.booking, book(unknown), S.booking, []],
];
const CAPTURE: Row[] = [
  [S.capturing, { step: "capture", outcome: approved }, S.confirmed, SOLD],
  [
    S.capturing,
    { step: "capture", outcome: declined },
    voiding("failed", "capture: card_declined", "BK-1"),
    [],
  ],
  [S.capturing, { step: "capture", outcome: unknown }, IN_DOUBT_OF_CAPTURE, ["event"]],
  [S.capturing, { step: "capture", outcome: retry }, S.capturing, []],
];
const LOOKUP_OF_AUTHORIZE: Row[] = [
  [S.in_doubt, found({ kind: "prepared" }), { state: "authorizing" }, []],
  [
    S.in_doubt,
    found({ kind: "action_required", url }),
    { state: "action_required", url, until_ms: INTENT.holdUntil_ms, clientSecret: null },
    ["event"],
  ],
  [S.in_doubt, found({ kind: "authorized" }), { state: "authorized" }, []],
  [S.in_doubt, found({ kind: "captured" }), { state: "authorized" }, []],
  [S.in_doubt, found({ kind: "voided" }), voiding("failed", "payment_voided", null), []],
  [S.in_doubt, found({ kind: "refunded" }), voiding("failed", "payment_refunded", null), []],
  [S.in_doubt, found(declined), { state: "declined", reason: "card_declined" }, RETURNED],
  [S.in_doubt, { step: "lookup", outcome: unknown }, S.in_doubt, []],
  [S.in_doubt, { step: "lookup", outcome: retry }, S.in_doubt, []],
  [S.authorizing, found({ kind: "authorized" }), { state: "authorized" }, []],
  [S.authorizing, found({ kind: "prepared" }), { state: "authorizing" }, []],
];
const LOOKUP_OF_ACTION: Row[] = [
  [S.action_required, found({ kind: "prepared" }), S.action_required, []],
  [S.action_required, found({ kind: "action_required", url }), S.action_required, []],
  [S.action_required, found({ kind: "authorized" }), { state: "authorized" }, []],
  [S.action_required, found(declined), { state: "declined", reason: "card_declined" }, RETURNED],
  [S.action_required, { step: "lookup", outcome: unknown }, S.action_required, []],
];
const lost = voiding("failed", "payment_lost", "BK-1");
const LOOKUP_OF_CAPTURE: Row[] = [
  [IN_DOUBT_OF_CAPTURE, found({ kind: "prepared" }), lost, []],
  [IN_DOUBT_OF_CAPTURE, found({ kind: "action_required", url }), IN_DOUBT_OF_CAPTURE, []],
  [IN_DOUBT_OF_CAPTURE, found({ kind: "authorized" }), S.capturing, []],
  [IN_DOUBT_OF_CAPTURE, found({ kind: "captured" }), S.confirmed, SOLD],
  [IN_DOUBT_OF_CAPTURE, found({ kind: "voided" }), voiding("failed", "payment_voided", "BK-1"), []],
  [
    IN_DOUBT_OF_CAPTURE,
    found({ kind: "refunded" }),
    voiding("failed", "payment_refunded", "BK-1"),
    [],
  ],
  [IN_DOUBT_OF_CAPTURE, found(declined), voiding("failed", "card_declined", "BK-1"), []],
  [S.capturing, found({ kind: "captured" }), S.confirmed, SOLD],
  [S.capturing, found({ kind: "authorized" }), S.capturing, []],
];
const FAILED = { state: "failed", reason: "why" } as const;
const UNDO: Row[] = [
  [S.voiding, { step: "void", outcome: approved }, { state: "failed", reason: "why" }, RELEASED],
  [S.voiding, { step: "void", outcome: declined }, LOOKING, []],
  [S.voiding, { step: "void", outcome: unknown }, LOOKING, []],
  [S.voiding, { step: "void", outcome: retry }, S.voiding, []],
  [REFUNDING, { step: "refund", outcome: approved }, { state: "failed", reason: "why" }, RELEASED],
  [REFUNDING, { step: "refund", outcome: declined }, LOOKING, []],
  [REFUNDING, { step: "refund", outcome: unknown }, LOOKING, []],
  [REFUNDING, { step: "refund", outcome: retry }, REFUNDING, []],
  [LOOKING, { step: "lookup", outcome: unknown }, LOOKING, []],
  [LOOKING, { step: "lookup", outcome: retry }, LOOKING, []],
  [LOOKING, found({ kind: "prepared" }), S.voiding, []],
  [LOOKING, found({ kind: "action_required", url }), S.voiding, []],
  [LOOKING, found({ kind: "authorized" }), S.voiding, []],
  [LOOKING, found({ kind: "captured" }), REFUNDING, []],
  [LOOKING, found({ kind: "voided" }), FAILED, RELEASED],
  [LOOKING, found({ kind: "refunded" }), FAILED, RELEASED],
  [LOOKING, found(declined), FAILED, RELEASED],
];

function title([standing, reported]: Row): string {
  const { outcome } = reported;
  const of = standing.state === "in_doubt" ? ` of ${standing.of}` : "";
  const isFound = outcome.kind === "found" && "standing" in outcome;
  const what = isFound ? `found ${outcome.standing.kind}` : outcome.kind;
  return `${standing.state}${of}: ${reported.step} ${what}`;
}

describe.each([
  ["authorizing", AUTHORIZE],
  ["booking", BOOK],
  ["capturing", CAPTURE],
  ["looking up an authorization", LOOKUP_OF_AUTHORIZE],
  ["looking up after the shopper's action", LOOKUP_OF_ACTION],
  ["looking up a capture", LOOKUP_OF_CAPTURE],
  ["undoing", UNDO],
])("%s", (_, rows) => {
  test.each(rows.map((row) => [title(row), row] as const))("%s", (_title, row) => {
    const [from, reported, to, expected] = row;
    const before = leasedAt(from);
    const { record, effects, outcome } = report(before, "L", reported, 1000);
    expect(record.standing).toEqual(to);
    expect(short(effects)).toEqual(expected);
    expect(record.lease).toBeNull();
    const moved = outcome.kind === "moved";
    expect(record.version).toBe(moved ? before.version + 1 : before.version);
    expect(moved || record.notBefore_ms > 1000).toBe(true);
    expect(record.wakeAt_ms).toBeGreaterThan(1000);
  });
});
