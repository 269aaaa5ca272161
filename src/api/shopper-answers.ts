/**
 * Use-case outcomes as documents and problems: the one place where the API describes them.
 */
import { DRAW_ALGORITHM } from "../domain/line/cohort.ts";
import type { OrderView } from "../domain/order/messages.ts";
import { lanesOf, type Sale } from "../domain/sale/sale.ts";
import type { Seen, Standing } from "../domain/room/standing.ts";
import type { SetCartOutcome } from "../shopper/cart.ts";
import type { JoinOutcome } from "../shopper/entry.ts";
import type { ManifestOutcome } from "../shopper/fairness.ts";
import type { PlaceOrderOutcome } from "../shopper/order.ts";
import type { ChallengeOutcome } from "../shopper/proof.ts";
import type { Unreachable } from "../shopper/visit.ts";
import type {
  Admitted,
  ClaimTurnOutcome,
  LeaveOutcome,
  StandingOutcome,
} from "../shopper/waiting.ts";
import { giveAdmission, type GateRequest } from "../web/gate-app.ts";
import { challengePath } from "../web/paths.ts";
import {
  problem,
  type ProblemCode,
  type ProblemDetails,
  type ProblemResponse,
} from "./problems.ts";

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

export function admittedAnswer(c: GateRequest, admitted: Admitted) {
  const { token, admission, standing } = admitted;
  giveAdmission(c, admitted);
  const expiresAt = timeOf(Math.floor(admission.expiresAt_ms / 1000) * 1000);
  return c.json({ admission: token, expiresAt, status: statusOf(standing) }, 201);
}

type Outcome =
  | JoinOutcome
  | ChallengeOutcome
  | StandingOutcome
  | ClaimTurnOutcome
  | LeaveOutcome
  | SetCartOutcome
  | ManifestOutcome
  | PlaceOrderOutcome
  | Unreachable;
type Done =
  | "joined"
  | "already_joined"
  | "admitted"
  | "challenge"
  | "standing"
  | "left"
  | "set"
  | "manifest"
  | "accepted";

/** Every way in which a use case of a shopper refuses. */
export type Refused = Exclude<Outcome, { readonly kind: Done }>;

/** A refusal's kind is its code, but for an order's rejection, which has a code of its own. */
type CodeOf<Some extends Refused> = Some extends { kind: "rejected"; rejection: infer Rejection }
  ? Extract<Rejection, { code: ProblemCode }>["code"]
  : Extract<Some["kind"], ProblemCode>;

interface ProblemFacts<Code extends ProblemCode = ProblemCode> {
  readonly code: Code;
  readonly details?: ProblemDetails;
}

/** Each refusal as a problem; what has no details of its own is a code alone. */
export function refusalFacts<Some extends Refused>(
  sale: string,
  refused: Some,
): ProblemFacts<CodeOf<Some>>;
export function refusalFacts(sale: string, refused: Refused): ProblemFacts {
  const { kind: code } = refused;
  switch (code) {
    case "sale_not_open":
      return { code, details: { more: { opensAt: timeOf(refused.opensAt_ms) } } };
    case "pass_invalid":
      return { code, details: { more: { reason: refused.reason } } };
    case "proof_required":
    case "proof_invalid":
    case "proof_unavailable": {
      // What is asked for and where it comes from: a client need not read the sale first.
      const { by } = refused;
      const proof =
        by === "altcha" ? { kind: by, challengeUrl: challengePath(sale) } : { kind: by };
      const reason = code === "proof_invalid" ? { reason: refused.reason } : {};
      return { code, details: { more: { proof, ...reason } } };
    }
    case "device_required": {
      const errors = [{ path: "Sluice-Device", message: "is missing or malformed" }];
      return { code, details: { errors } };
    }
    case "not_called": {
      // A problem's own `status` is the HTTP status, so the shopper's goes by another name.
      const standing = statusOf(refused.standing);
      const detail = "You are called; every seat is taken and your turn is kept.";
      const more = { more: { standing }, retryAfter_s: standing.pollAfter_s };
      return { code, details: refused.seatsFull ? { detail, ...more } : more };
    }
    case "sold_out": {
      const { sku, available } = refused;
      return { code, details: { more: { sku, available } } };
    }
    case "stock_unavailable":
      return { code, details: { more: { sku: refused.sku } } };
    case "unknown_sku": {
      const path = `lines.${refused.index}.sku`;
      return {
        code,
        details: { errors: [{ path, message: `'${refused.sku}' is not in this sale` }] },
      };
    }
    case "too_many_lines": {
      const errors = [{ path: "lines", message: `at most ${refused.limit} lines` }];
      return { code, details: { errors } };
    }
    case "limit_reached": {
      const { sku, limit, taken = 0 } = refused;
      return { code, details: { more: { sku, limit, taken } } };
    }
    case "rejected": {
      const { code: reason, ...more } = refused.rejection;
      return { code: reason, details: { more } };
    }
    case "order_unavailable":
      return { code, details: { more: { part: refused.part } } };
    default:
      return { code };
  }
}

export function refuse<Some extends Refused>(
  c: GateRequest,
  sale: string,
  refused: Some,
): ProblemResponse<CodeOf<Some>> {
  const { code, details } = refusalFacts(sale, refused);
  return problem(c, code, details);
}

export function unreachable(
  c: GateRequest,
  { kind }: Unreachable,
): ProblemResponse<Unreachable["kind"]> {
  return problem(c, kind);
}

/** The codes of `unreachable`. */
export const UNREACHABLE = ["sale_not_found", "room_unavailable"] as const;

/** Of what needs an admission. */
export const ADMISSION_PROBLEMS = [
  ...UNREACHABLE,
  "admission_required",
  "admission_expired",
  "admission_invalid",
  "admission_replayed",
] as const;

/** Of what takes lines: a cart, an order. */
export const LINES_PROBLEMS = ["unknown_sku", "too_many_lines", "limit_reached"] as const;

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
