/**
 * An admission: the right of one shopper to be in the shop until an instant.
 *
 * Guarantee: an admission takes exactly one seat from its issue until it is spent, left or
 * expired, and has at most one order in progress.
 */
import { z } from "zod";
import { ADMISSION_LIFE_MAX_MS, ORDERS_ENDED_KEPT } from "../limits.ts";
import type { SeatDevices } from "./seat-devices.ts";

/** The place in line that an admission was claimed with; its lane is the admission's. */
export const admissionPlaceSchema = z.object({
  cohort: z.int().min(0),
  shard: z.int().min(0),
  index: z.int().min(0),
  rank: z.int().min(0),
  /** When the ticket was signed, whole seconds; null when the claim did not carry it. */
  joinedAt_ms: z.number().nullable(),
});
export type AdmissionPlace = Readonly<z.infer<typeof admissionPlaceSchema>>;

export interface AdmissionRecord {
  /** `jti` of the signed admission. */
  readonly id: string;
  /** `jti` of the ticket it was claimed with; one ticket has one admission, ever. */
  readonly ticket: string;
  readonly subject: string;
  readonly lane: string;
  readonly issuedAt_ms: number;
  readonly expiresAt_ms: number;
  readonly standing: "active" | "spent" | "left" | "expired";
  readonly ordersDone: number;
  readonly orderInProgress: string | null;
  /** When that order began, or the last that was confirmed; null also in older records. */
  readonly orderBegunAt_ms: number | null;
  /** The orders that ended last: a late `beginOrder` of one of them has no effect. */
  readonly ordersEnded: readonly string[];
  /** Null: let in without a ticket. Undefined: issued before admissions had their place. */
  readonly place?: AdmissionPlace | null | undefined;
  /** Undefined: issued before tokens had numbers. */
  readonly devices?: SeatDevices | undefined;
  /** The order in progress is paid: it keeps the seat of its shopper, who is gone, no longer. */
  readonly isOrderPaid?: true | undefined;
  /** Orders whose payment was tried and declined; undefined: none. */
  readonly declines?: number | undefined;
}

/** One ticket has one admission, ever, so its id is made from the ticket's. */
export function admissionIdOf(ticket: string): string {
  return `adm_${ticket}`;
}

export function ticketOf(admissionId: string): string {
  return admissionId.replace(/^adm_/, "");
}

/** The standing of an admission's seat; `unknown`: no admission of this sale. */
export type SeatStanding = AdmissionRecord["standing"] | "unknown";

/** An admission past its expiry is expired, even before a tick has stored that. */
export function standingAt(admission: AdmissionRecord, now: number): AdmissionRecord["standing"] {
  const over = admission.standing === "active" && admission.expiresAt_ms <= now;
  return over ? "expired" : admission.standing;
}

/** What a checkout needs to know of a seat. */
export interface Seat {
  readonly standing: AdmissionRecord["standing"];
  readonly orderInProgress: string | null;
  /** The order that ended last; confirmed, when the seat is spent. */
  readonly orderEnded: string | null;
  /** Undefined from a room of the release before. */
  readonly expiresAt_ms?: number | undefined;
}

export function seatOf(admission: AdmissionRecord, now: number): Seat {
  const { orderInProgress, ordersEnded, expiresAt_ms } = admission;
  const orderEnded = ordersEnded.at(-1) ?? null;
  return { standing: standingAt(admission, now), orderInProgress, orderEnded, expiresAt_ms };
}

export type BeginOrderOutcome =
  | { readonly kind: "begun" }
  | { readonly kind: "order_in_progress"; readonly order: string }
  | { readonly kind: "admission_spent" }
  /** Left, expired, or never issued. */
  | { readonly kind: "admission_required" }
  /** The seat stays, with its cart; it pays for nothing more. */
  | { readonly kind: "too_many_declines"; readonly declines: number };

export interface AdmissionDecision<Outcome> {
  readonly admission: AdmissionRecord;
  readonly outcome: Outcome;
}

/**
 * Precedence: begun (repeated), admission_spent, admission_required, order_in_progress,
 * too_many_declines, begun. An order begins only when the one before has ended and is counted, so
 * the bound is exact.
 */
export function beginOrder(
  admission: AdmissionRecord,
  order: string,
  now: number,
  declinesMax: number,
): AdmissionDecision<BeginOrderOutcome> {
  const same = (outcome: BeginOrderOutcome): AdmissionDecision<BeginOrderOutcome> => {
    return { admission, outcome };
  };
  if (admission.orderInProgress === order) return same({ kind: "begun" });
  // An order that was placed without this room's answer may end before its `beginOrder` arrives.
  if (admission.ordersEnded.includes(order)) return same({ kind: "begun" });
  const standing = standingAt(admission, now);
  if (standing === "spent") return same({ kind: "admission_spent" });
  if (standing !== "active") return same({ kind: "admission_required" });
  if (admission.orderInProgress !== null) {
    return same({ kind: "order_in_progress", order: admission.orderInProgress });
  }
  const { declines = 0 } = admission;
  if (declines >= declinesMax) return same({ kind: "too_many_declines", declines });
  const begun = { ...admission, orderInProgress: order, orderBegunAt_ms: now };
  return { admission: begun, outcome: { kind: "begun" } };
}

/**
 * `spend`: the order was confirmed. `hand_back`: it ended otherwise, another may be placed.
 * `declined`: the same, and a payment was tried.
 */
export type OrderEnd = "spend" | "hand_back" | "declined";

export function finishOrder(
  admission: AdmissionRecord,
  order: string,
  how: OrderEnd,
  ordersPerAdmission: number,
): AdmissionDecision<"finished" | "not_in_progress"> {
  const isKnown = admission.ordersEnded.includes(order);
  const declines = declinesAfter(admission, isKnown ? "hand_back" : how);
  if (admission.orderInProgress !== order) {
    const ending = { ordersEnded: ended(admission, order), declines };
    const noted = isKnown ? admission : { ...admission, ...ending };
    return { admission: noted, outcome: "not_in_progress" };
  }
  const ordersDone = admission.ordersDone + (how === "spend" ? 1 : 0);
  const spent = ordersDone >= ordersPerAdmission && admission.standing === "active";
  const standing = spent ? "spent" : admission.standing;
  const orderBegunAt_ms = how === "spend" ? admission.orderBegunAt_ms : null;
  const ordersEnded = ended(admission, order);
  const isOrderPaid = undefined;
  const over = { orderInProgress: null, ordersEnded, orderBegunAt_ms, isOrderPaid } as const;
  const finished = { ...admission, ...over, ordersDone, standing, declines };
  return { admission: finished, outcome: "finished" };
}

function declinesAfter({ declines }: AdmissionRecord, how: OrderEnd): number | undefined {
  return how === "declined" ? (declines ?? 0) + 1 : declines;
}

function ended({ ordersEnded }: AdmissionRecord, order: string): string[] {
  return [...ordersEnded, order].slice(-ORDERS_ENDED_KEPT);
}

export type ExtendOutcome =
  /** It ends after the requested time, or the longest allowed; repeated, the same again. */
  { readonly kind: "extended"; readonly expiresAt_ms: number } | { readonly kind: "not_active" };

/**
 * An origin requests that the admission lasts at least so many seconds from now. Never shortens;
 * bounded by the admission's longest life and by the sale's end.
 */
export function extend(
  admission: AdmissionRecord,
  { seconds, endsAt_ms }: { readonly seconds: number; readonly endsAt_ms: number },
  now: number,
): AdmissionDecision<ExtendOutcome> {
  if (standingAt(admission, now) !== "active") {
    return { admission, outcome: { kind: "not_active" } };
  }
  const latest_ms = Math.min(admission.issuedAt_ms + ADMISSION_LIFE_MAX_MS, endsAt_ms);
  const wanted_ms = Math.min(now + seconds * 1000, latest_ms);
  const expiresAt_ms = Math.max(admission.expiresAt_ms, wanted_ms);
  const outcome = { kind: "extended", expiresAt_ms } as const;
  if (expiresAt_ms === admission.expiresAt_ms) return { admission, outcome };
  return { admission: { ...admission, expiresAt_ms }, outcome };
}

/**
 * The order in progress of a shopper who is gone turned out to be paid. Changes nothing when it has
 * ended meanwhile.
 */
export function settleOrder(admission: AdmissionRecord, order: string): AdmissionRecord {
  const { orderInProgress, isOrderPaid } = admission;
  if (orderInProgress !== order || isOrderPaid === true) return admission;
  return { ...admission, isOrderPaid: true };
}

/**
 * The shopper leaves: the seat is free, unless an order in progress keeps it (`order-seats.ts`).
 */
export function leave(
  admission: AdmissionRecord,
  now: number,
): AdmissionDecision<"left" | "not_active"> {
  if (standingAt(admission, now) !== "active") return { admission, outcome: "not_active" };
  return { admission: { ...admission, standing: "left" }, outcome: "left" };
}
