/**
 * What people do with a payment outside the API: the shopper at the bank, and the merchant or the
 * bank at the dashboard. The control plane (`control-routes.ts`) asks for it.
 *
 * Guarantee: an act that cannot be done changes nothing and says why.
 */
import { z } from "zod";
import type { Account } from "./account.ts";
import { noSuchPayment } from "./api-error.ts";
import { moveDispute, openDispute } from "./disputes.ts";
import { applyCommand } from "./payment.ts";
import { DISPUTE_STATUSES, type Payment } from "./payment-schema.ts";
import { type CallContext, type Changes, NO_CHANGES, type Records } from "./records.ts";
import { refundPayment, settleRefund } from "./refunds.ts";

const Amount = z.int().min(1);

/** `POST /sandbox/payments/{id}/refund`: a refund that the shop did not ask for. */
export const DashboardRefund = z.strictObject({
  amount: Amount.optional(),
  reason: z.enum(["duplicate", "fraudulent", "requested_by_customer"]).optional(),
});

/** `POST /sandbox/payments/{id}/dispute` */
export const DashboardDispute = z.strictObject({
  amount: Amount.optional(),
  reason: z.string().min(1).max(100).default("fraudulent"),
  inquiry: z.boolean().default(false),
});

/** `POST /sandbox/refunds/{id}`: a pending refund succeeds, or any refund fails. */
export const RefundSettlement = z.strictObject({
  status: z.enum(["succeeded", "failed"]),
  failureReason: z.string().min(1).max(100).optional(),
});

/** `POST /sandbox/disputes/{id}` */
export const DisputeMove = z.strictObject({ status: z.enum(DISPUTE_STATUSES) });

export type DeskAct =
  | { readonly kind: "look"; readonly id: string }
  | { readonly kind: "authenticate"; readonly id: string; readonly accepted: boolean }
  | ({ readonly kind: "refund"; readonly id: string } & z.output<typeof DashboardRefund>)
  | ({ readonly kind: "dispute"; readonly id: string } & z.output<typeof DashboardDispute>)
  | ({ readonly kind: "settle_refund"; readonly id: string } & z.output<typeof RefundSettlement>)
  | ({ readonly kind: "move_dispute"; readonly id: string } & z.output<typeof DisputeMove>);

/** `waiting`: the payment waits for its shopper. `done`: it was changed; `id` is what was made. */
export type DeskOutcome =
  | { readonly kind: "waiting"; readonly amount: number; readonly currency: string }
  | { readonly kind: "done"; readonly id: string; readonly returnUrl: string | null }
  | { readonly kind: "missing"; readonly message: string }
  | { readonly kind: "refused"; readonly message: string };

export interface Acted {
  readonly outcome: DeskOutcome;
  readonly changed: Changes;
}

export class Desk {
  readonly #records: Records;
  readonly #account: Account;
  readonly #parts: Pick<CallContext, "newId" | "now">;

  constructor(records: Records, account: Account, parts: Pick<CallContext, "newId" | "now">) {
    this.#records = records;
    this.#account = account;
    this.#parts = parts;
  }

  act(act: DeskAct): Acted {
    const isPart = act.kind === "settle_refund" || act.kind === "move_dispute";
    const payment = isPart ? this.#records.paymentWith(act.id) : this.#records.payment(act.id);
    if (payment === null) {
      const message = isPart
        ? `The sandbox has no ${act.kind === "settle_refund" ? "refund" : "dispute"} ${act.id}.`
        : noSuchPayment(act.id, "intent").message;
      return unchanged({ kind: "missing", message });
    }
    switch (act.kind) {
      case "look":
        return look(payment);
      case "authenticate":
        return this.#authenticate(payment, act.accepted);
      case "refund":
        return this.#refund(payment, act);
      case "dispute":
        return this.#dispute(payment, act);
      case "settle_refund": {
        const settled = settleRefund(payment, act.id, act.status, act.failureReason ?? null);
        return movedTo(settled, act.id, `The refund cannot become ${act.status} any more.`);
      }
      case "move_dispute": {
        const moved = moveDispute(payment, act.status);
        return movedTo(moved, act.id, `The dispute cannot become ${act.status}.`);
      }
    }
  }

  #authenticate(payment: Payment, accepted: boolean): Acted {
    const { now, newId } = this.#parts;
    const moment = { charge: newId("ch"), now };
    const applied = applyCommand(payment, { kind: "authenticate", accepted }, moment);
    if (applied.error !== null) return refused(applied.error.message);
    const { standing } = payment;
    const returnUrl = standing.status === "requires_action" ? standing.returnUrl : null;
    return {
      outcome: { kind: "done", id: payment.id, returnUrl },
      changed: { payment: applied.payment },
    };
  }

  #refund(payment: Payment, { amount, reason }: z.output<typeof DashboardRefund>): Acted {
    const { now, newId } = this.#parts;
    const id = newId("re");
    const wanted = { id, amount: amount ?? null, reason: reason ?? null, metadata: {} };
    const refunded = refundPayment(payment, wanted, this.#account, now);
    if (refunded.error !== null) return refused(refunded.error.message);
    return movedTo(refunded.payment, id, "");
  }

  #dispute(payment: Payment, wanted: z.output<typeof DashboardDispute>): Acted {
    const { now, newId } = this.#parts;
    const { amount = null, reason, inquiry: isInquiry } = wanted;
    const id = newId("du");
    const disputed = openDispute(payment, { id, amount, reason, isInquiry }, now);
    return movedTo(disputed, id, "Only a captured payment without a dispute can be disputed.");
  }
}

function look(payment: Payment): Acted {
  if (payment.standing.status !== "requires_action") {
    return refused("This payment is not waiting for authentication.");
  }
  return unchanged({ kind: "waiting", amount: payment.amount, currency: payment.currency });
}

function movedTo(payment: Payment | null, id: string, why: string): Acted {
  if (payment === null) return refused(why);
  return { outcome: { kind: "done", id, returnUrl: null }, changed: { payment } };
}

function refused(message: string): Acted {
  return unchanged({ kind: "refused", message });
}

function unchanged(outcome: DeskOutcome): Acted {
  return { outcome, changed: NO_CHANGES };
}
