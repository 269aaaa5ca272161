/**
 * Use-case outcomes as documents and problems: the one place where a shopper's words are chosen.
 */
import { DRAW_ALGORITHM } from "../domain/line/cohort.ts";
import type { OrderView } from "../domain/order/messages.ts";
import type { Rejection } from "../domain/order/order.ts";
import { lanesOf, type Sale } from "../domain/sale/sale.ts";
import type { Seen, Standing } from "../domain/room/standing.ts";
import type { AdmissionRefused, LinesRefused } from "../shopper/cart.ts";
import type { ProofRefused } from "../shopper/proof.ts";
import type { Admitted } from "../shopper/waiting.ts";
import { giveAdmission, type GateRequest } from "../web/gate-app.ts";
import { challengePath } from "../web/paths.ts";
import { problem } from "./problems.ts";

export function timeOf(at_ms: number): string {
  return new Date(at_ms).toISOString();
}

/** The Status document of API answers. */
export function statusOf({ at_ms, ...standing }: Standing) {
  return { ...standing, stock: [...standing.stock], at: timeOf(at_ms) };
}

export function saleAnswer(sale: Sale, { snapshot, now }: Seen) {
  const { schedule } = snapshot;
  const level = (sku: string) => {
    const known = snapshot.stock.find((item) => item.sku === sku);
    return { level: known?.level ?? "out", available: known?.available ?? 0 };
  };
  return {
    id: sale.id,
    title: sale.title,
    currency: sale.currency,
    phase: snapshot.phase,
    paused: snapshot.paused,
    soldOut: snapshot.soldOut,
    opensAt: timeOf(schedule.opensAt_ms),
    startsAt: timeOf(schedule.startsAt_ms),
    endsAt: timeOf(schedule.endsAt_ms),
    items: sale.items.map(({ sku, name, price, limitPerBuyer }) => {
      return { sku, name, price, limitPerBuyer, stock: level(sku) };
    }),
    lanes: lanesOf(sale).map(({ id }) => id),
    method: sale.admission.method,
    session_s: sale.admission.sessionSeconds,
    hold_s: sale.admission.holdSeconds,
    fairness: { commitment: snapshot.commitment, algorithm: DRAW_ALGORITHM },
    protection: sale.protection,
    replay: sale.replay,
    message: snapshot.message,
    at: timeOf(now),
  };
}

export function admittedAnswer(c: GateRequest, sale: string, admitted: Admitted): Response {
  const { token, admission, standing } = admitted;
  giveAdmission(c, sale, admitted);
  const expiresAt = timeOf(Math.floor(admission.expiresAt_ms / 1000) * 1000);
  return c.json({ admission: token, expiresAt, status: statusOf(standing) }, 201);
}

export function notOpenProblem(c: GateRequest, opensAt_ms: number): Response {
  return problem(c, "sale_not_open", { more: { opensAt: timeOf(opensAt_ms) } });
}

export function deviceProblem(c: GateRequest): Response {
  const errors = [{ path: "Sluice-Device", message: "is missing or malformed" }];
  return problem(c, "device_required", { errors });
}

/** Says what is asked for and where it comes from: a client need not read the sale first. */
export function proofFacts(sale: string, refused: ProofRefused) {
  const { kind: code, by } = refused;
  const proof =
    by === "altcha" ? { kind: by, challengeUrl: challengePath(sale) } : ({ kind: by } as const);
  const reason = refused.kind === "proof_invalid" ? { reason: refused.reason } : {};
  return { code, more: { proof, ...reason } };
}

export function proofProblem(c: GateRequest, sale: string, refused: ProofRefused): Response {
  const { code, more } = proofFacts(sale, refused);
  return problem(c, code, { more });
}

export function unreachable(c: GateRequest, code: "sale_not_found" | "room_unavailable"): Response {
  return problem(c, code);
}

export function admissionProblem(c: GateRequest, refused: AdmissionRefused): Response {
  return problem(c, refused.kind);
}

export function linesProblem(c: GateRequest, refused: LinesRefused): Response {
  switch (refused.kind) {
    case "unknown_sku": {
      const path = `lines.${refused.index}.sku`;
      const errors = [{ path, message: `'${refused.sku}' is not in this sale` }];
      return problem(c, "unknown_sku", { errors });
    }
    case "too_many_lines": {
      const errors = [{ path: "lines", message: `at most ${refused.limit} lines` }];
      return problem(c, "too_many_lines", { errors });
    }
    case "limit_reached": {
      const { sku, limit, taken } = refused;
      return problem(c, "limit_reached", { more: { sku, limit, taken: taken ?? 0 } });
    }
  }
}

export function rejectionProblem(c: GateRequest, rejection: Rejection): Response {
  const { code, ...more } = rejection;
  return problem(c, code, { more });
}

/** The Order document of API answers. */
export function orderAnswer(view: OrderView) {
  const { placedAt_ms, updatedAt_ms, action, delayed, reason, ...order } = view;
  return {
    ...order,
    lines: [...order.lines],
    placedAt: timeOf(placedAt_ms),
    updatedAt: timeOf(updatedAt_ms),
    ...(action === null ? {} : { action }),
    ...(delayed ? { delayed } : {}),
    ...(reason === null ? {} : { reason }),
  };
}
