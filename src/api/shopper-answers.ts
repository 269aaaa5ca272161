/**
 * Use-case outcomes as documents and problems: the one place where the API describes them.
 */
import { chainHashOf, type BeaconChain } from "../domain/line/beacon.ts";
import { BEACON_WAIT_MS } from "../domain/limits.ts";
import { DRAW_ALGORITHM } from "../domain/line/cohort.ts";
import { currencyOf } from "../domain/money/currencies.ts";
import type { OrderAction, OrderView, rejectionCode } from "../domain/order/messages.ts";
import type { PaymentSetup } from "../domain/checkout/payment-setup.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import { lanesOf, type Sale } from "../domain/sale/sale.ts";
import { shownStock, type Seen, type Standing } from "../domain/room/standing.ts";
import type { CartOutcome, CartView, SetCartOutcome } from "../shopper/cart.ts";
import type { JoinOutcome } from "../shopper/entry.ts";
import type { CountsOutcome, Fairness, ManifestOutcome } from "../shopper/fairness.ts";
import type { GiveUpOrderOutcome, PlaceOrderOutcome } from "../shopper/order.ts";
import type { ChallengeOutcome } from "../shopper/proof.ts";
import type { QuotedOutcome } from "../shopper/quote.ts";
import type { SetReminderOutcome, WithdrawReminderOutcome } from "../shopper/reminders.ts";
import type { Unreachable } from "../shopper/visit.ts";
import type {
  Admitted,
  ClaimTurnOutcome,
  LeaveOutcome,
  StandingOutcome,
} from "../shopper/waiting.ts";
import { giveAdmission, type GateRequest } from "../web/gate-app.ts";
import { challengePath } from "../web/paths.ts";
import { checkoutRefusal } from "./checkout-refusals.ts";
import { problem, type ProblemCode, type ProblemFacts, type ProblemResponse } from "./problems.ts";

export function timeOf(at_ms: number): string {
  return new Date(at_ms).toISOString();
}

export function timeOrNull(at_ms: number | null | undefined): string | null {
  return at_ms === null || at_ms === undefined ? null : timeOf(at_ms);
}

/** The Status document of API answers. */
export function statusOf({ at_ms, ...standing }: Standing) {
  return { ...standing, stock: [...standing.stock], at: timeOf(at_ms) };
}

/** What a page of the shop needs to know to ask for an address and to show Stripe's elements. */
function checkoutAnswer(sale: Sale, payment: PaymentSetup) {
  const { address, phone, countries, delivery, terms, paymentMethods, page } = checkoutOf(sale);
  return {
    address,
    phone,
    countries,
    delivery: delivery.map(({ id, name, price = null, prices, tax = null }) => {
      return { id, name, price, prices, tax };
    }),
    terms: terms === undefined ? null : { url: terms.url, text: terms.text ?? null },
    paymentMethods,
    page: page ?? null,
    payment:
      payment.kind === "ready"
        ? { publishableKey: payment.publishableKey, scriptUrl: payment.scriptUrl }
        : null,
  };
}

export function saleAnswer(sale: Sale, { snapshot, now }: Seen, payment: PaymentSetup) {
  const { schedule } = snapshot;
  const shown = shownStock(snapshot);
  const level = (sku: string) => {
    const known = shown.find((item) => item.sku === sku);
    const none = snapshot.showsUnits === true ? 0 : null;
    const { level: name = "out", available = none, mayReturn = false } = known ?? {};
    return { level: name, available, mayReturn };
  };
  return {
    id: sale.id,
    title: sale.title,
    currency: sale.currency,
    currencyDigits: currencyOf(sale.currency)?.digits ?? 2,
    phase: snapshot.phase,
    paused: snapshot.paused,
    soldOut: snapshot.soldOut,
    opensAt: timeOf(schedule.opensAt_ms),
    startsAt: timeOf(schedule.startsAt_ms),
    endsAt: timeOf(schedule.endsAt_ms),
    items: sale.items.map(({ sku, name, price, limitPerBuyer, tax = null }) => {
      return { sku, name, price, limitPerBuyer, tax, stock: level(sku) };
    }),
    checkout: checkoutAnswer(sale, payment),
    lanes: lanesOf(sale).map(({ id }) => id),
    method: sale.admission.method,
    session_s: sale.admission.sessionSeconds,
    hold_s: sale.admission.holdSeconds,
    fairness: {
      commitment: snapshot.commitment,
      algorithm: DRAW_ALGORITHM,
      beacon: snapshot.beacon === undefined ? null : chainHashOf(snapshot.beacon),
    },
    protection: sale.protection,
    replay: sale.replay,
    message: snapshot.message,
    at: timeOf(now),
  };
}

function beaconAnswer(chain: BeaconChain) {
  const { id, publicKey, groupHash, genesis_s, period_s } = chain;
  return {
    chain: chainHashOf(chain),
    id,
    publicKey,
    groupHash,
    genesis_s,
    period_s,
    wait_s: BEACON_WAIT_MS / 1000,
  };
}

export function fairnessAnswer(sale: string, fairness: Fairness) {
  const { commitment, beacon, secret, revealsAt_ms, revealedAt_ms, signature, keys } = fairness;
  return {
    sale,
    commitment,
    algorithm: DRAW_ALGORITHM,
    beacon: beacon === null ? null : beaconAnswer(beacon),
    secret,
    revealsAt: timeOrNull(revealsAt_ms),
    revealedAt: timeOrNull(revealedAt_ms),
    signature,
    keys: [...keys],
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
  | CartOutcome
  | ManifestOutcome
  | CountsOutcome
  | PlaceOrderOutcome
  | QuotedOutcome
  | GiveUpOrderOutcome
  | SetReminderOutcome
  | WithdrawReminderOutcome
  | Unreachable;
type Done =
  | "joined"
  | "already_joined"
  | "admitted"
  | "challenge"
  | "standing"
  | "left"
  | "set"
  | "cart"
  | "manifest"
  | "counts"
  | "accepted"
  | "quoted"
  | "giving_up"
  | "reminder_set"
  | "reminder_withdrawn";

/** Every way in which a use case of a shopper refuses. */
export type Refused = Exclude<Outcome, { readonly kind: Done }>;

/** A refusal's kind is its code, but for an order's rejection, which has a code of its own. */
type CodeOf<Some extends Refused> = Some extends { kind: "rejected"; rejection: unknown }
  ? ReturnType<typeof rejectionCode>
  : Some extends { kind: "particulars_missing" }
    ? "invalid_request"
    : Some extends { kind: "too_late" }
      ? "too_late_to_give_up"
      : Extract<Some["kind"], ProblemCode>;

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
    case "limit_reached":
    case "unpaid_limit_reached": {
      const { sku, limit } = refused;
      const taken = "taken" in refused ? (refused.taken ?? 0) : 0;
      return { code, details: { more: { sku, limit, taken } } };
    }
    case "cooling_off": {
      const more = { sku: refused.sku, until: timeOf(refused.until_ms) };
      return { code, details: { more, retryAfter_s: refused.retry_s } };
    }
    case "particulars_missing":
    case "price_changed":
    case "discount_refused":
    case "country_not_served":
    case "delivery_unknown":
    case "total_unpayable":
    case "too_late":
    case "rejected":
    case "order_unavailable":
      return checkoutRefusal(refused);
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

/** What is held, as the HeldCart document. */
export function cartAnswer({ lines, holdsUntil_ms }: CartView) {
  const holdsUntil = holdsUntil_ms === null ? null : timeOf(holdsUntil_ms);
  return { lines: [...lines], holdsUntil };
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

/** Of what takes units: a cart, an order. */
export const UNPAID_PROBLEMS = ["unpaid_limit_reached", "cooling_off"] as const;

/** Of what prices lines: a quote, an order. */
export const QUOTE_PROBLEMS = [
  ...LINES_PROBLEMS,
  "country_not_served",
  "delivery_unknown",
  "total_unpayable",
  "discount_refused",
  "discount_unavailable",
] as const;

function actionAnswer({ until_ms, ...action }: OrderAction) {
  return { ...action, until: timeOf(until_ms) };
}

/** The Order document of API answers. */
export function orderAnswer(view: OrderView) {
  const { placedAt_ms, updatedAt_ms, action, delayed, reason, refunds, ...order } = view;
  return {
    ...order,
    lines: [...order.lines],
    refunds: refunds.map(({ at_ms, ...refund }) => ({ ...refund, at: timeOf(at_ms) })),
    placedAt: timeOf(placedAt_ms),
    updatedAt: timeOf(updatedAt_ms),
    ...(action === null ? {} : { action: actionAnswer(action) }),
    ...(delayed ? { delayed } : {}),
    ...(reason === null ? {} : { reason }),
  };
}
