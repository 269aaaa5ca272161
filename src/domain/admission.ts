/**
 * An admission: the right of one shopper to be in the shop until an instant.
 *
 * Guarantee: an admission takes exactly one seat from its issue until it is spent, left or
 * expired, and at most one order at a time is on its way under it.
 */

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
}

/** An admission past its expiry is expired for whoever looks, whether or not a tick has said so. */
export function standingAt(admission: AdmissionRecord, now: number): AdmissionRecord["standing"] {
  const over = admission.standing === "active" && admission.expiresAt_ms <= now;
  return over ? "expired" : admission.standing;
}

export type BeginOrderOutcome =
  | { readonly kind: "begun" }
  | { readonly kind: "order_in_progress"; readonly order: string }
  | { readonly kind: "admission_spent" }
  /** Left, expired, or never issued. */
  | { readonly kind: "admission_required" };

export interface AdmissionDecision<Outcome> {
  readonly admission: AdmissionRecord;
  readonly outcome: Outcome;
}

/** Precedence: begun (repeated), admission_spent, admission_required, order_in_progress, begun. */
export function beginOrder(
  admission: AdmissionRecord,
  order: string,
  now: number,
): AdmissionDecision<BeginOrderOutcome> {
  const same = (outcome: BeginOrderOutcome): AdmissionDecision<BeginOrderOutcome> => {
    return { admission, outcome };
  };
  if (admission.orderInProgress === order) return same({ kind: "begun" });
  const standing = standingAt(admission, now);
  if (standing === "spent") return same({ kind: "admission_spent" });
  if (standing !== "active") return same({ kind: "admission_required" });
  if (admission.orderInProgress !== null) {
    return same({ kind: "order_in_progress", order: admission.orderInProgress });
  }
  return { admission: { ...admission, orderInProgress: order }, outcome: { kind: "begun" } };
}

/** `spend`: the order was confirmed. `hand_back`: it ended otherwise, another may be placed. */
export function finishOrder(
  admission: AdmissionRecord,
  order: string,
  how: "spend" | "hand_back",
  ordersPerAdmission: number,
): AdmissionDecision<"finished" | "not_in_progress"> {
  if (admission.orderInProgress !== order) return { admission, outcome: "not_in_progress" };
  const ordersDone = admission.ordersDone + (how === "spend" ? 1 : 0);
  const spent = ordersDone >= ordersPerAdmission && admission.standing === "active";
  const standing = spent ? "spent" : admission.standing;
  const finished = { ...admission, ordersDone, orderInProgress: null, standing } as const;
  return { admission: finished, outcome: "finished" };
}

/** The shopper goes: the seat is free. An order on its way goes on. */
export function leave(
  admission: AdmissionRecord,
  now: number,
): AdmissionDecision<"left" | "not_active"> {
  if (standingAt(admission, now) !== "active") return { admission, outcome: "not_active" };
  return { admission: { ...admission, standing: "left" }, outcome: "left" };
}
