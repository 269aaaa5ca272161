/** An origin's wish for a longer admission: how far it reaches, second by second. */
import { describe, expect, test } from "vitest";
import { extend, leave, type AdmissionRecord } from "../../../src/domain/room/admission.ts";
import { ADMISSION_LIFE_MAX_MS } from "../../../src/domain/limits.ts";

const MINUTE_MS = 60_000;
const LIFE_S = ADMISSION_LIFE_MAX_MS / 1000;
const NEVER_MS = 10 * ADMISSION_LIFE_MAX_MS;

const ANN: AdmissionRecord = {
  id: "adm_t1",
  ticket: "t1",
  subject: "ann",
  lane: "general",
  issuedAt_ms: 0,
  expiresAt_ms: MINUTE_MS,
  standing: "active",
  ordersDone: 0,
  orderInProgress: "ord_1",
  orderBegunAt_ms: 0,
  ordersEnded: [],
};

function endOf(seconds: number, endsAt_ms: number, now: number): number | string {
  const { outcome } = extend(ANN, { seconds, endsAt_ms }, now);
  return outcome.kind === "extended" ? outcome.expiresAt_ms : outcome.kind;
}

describe("an extended admission", () => {
  test("is a day old at most", () => {
    const at_ms = MINUTE_MS / 2;
    const left_s = LIFE_S - at_ms / 1000;
    expect(LIFE_S).toBe(86_400);
    expect(endOf(left_s - 1, NEVER_MS, at_ms)).toBe(ADMISSION_LIFE_MAX_MS - 1000);
    expect(endOf(left_s, NEVER_MS, at_ms)).toBe(ADMISSION_LIFE_MAX_MS);
    expect(endOf(left_s + 1, NEVER_MS, at_ms)).toBe(ADMISSION_LIFE_MAX_MS);
  });

  test("does not outlast the sale", () => {
    const endsAt_ms = 600_000;
    expect(endOf(599, endsAt_ms, 0)).toBe(599_000);
    expect(endOf(600, endsAt_ms, 0)).toBe(600_000);
    expect(endOf(601, endsAt_ms, 0)).toBe(600_000);
  });

  test("is never shortened, by less time or by a sale that ends sooner", () => {
    expect(endOf(59, NEVER_MS, 0)).toBe(MINUTE_MS);
    expect(endOf(60, NEVER_MS, 0)).toBe(MINUTE_MS);
    expect(endOf(61, NEVER_MS, 0)).toBe(MINUTE_MS + 1000);
    expect(endOf(61, MINUTE_MS / 2, 0)).toBe(MINUTE_MS);
  });

  test("changes nothing but its end, and the same word again changes nothing", () => {
    const asked = { seconds: 300, endsAt_ms: NEVER_MS };
    const { admission } = extend(ANN, asked, 0);
    expect(admission).toEqual({ ...ANN, expiresAt_ms: 300_000 });
    expect(extend(admission, asked, 0).admission).toBe(admission);
  });

  test("was in time: at its end it is over, and left it stays left", () => {
    expect(endOf(300, NEVER_MS, MINUTE_MS - 1)).toBe(MINUTE_MS - 1 + 300_000);
    expect(endOf(300, NEVER_MS, MINUTE_MS)).toBe("not_active");
    const left = leave(ANN, 0).admission;
    const asked = { seconds: 300, endsAt_ms: NEVER_MS };
    expect(extend(left, asked, 0)).toEqual({ admission: left, outcome: { kind: "not_active" } });
  });
});
