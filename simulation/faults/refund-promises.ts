/**
 * The promises about money that goes back: every refund once, no more than was taken, units back on
 * sale only for refunds that succeeded, and in the end the order knows what the provider knows.
 */
import type { RefundAnswer } from "../../durable-objects/order/order-core.ts";
import type { OrderRecord } from "../../src/domain/order/order.ts";
import type { Refund } from "../../src/domain/order/refund.ts";
import type { Broken } from "./broken.ts";
import type { Objects } from "./objects.ts";
import type { PaymentFacts } from "./payments.ts";

function sumOf(refunds: readonly { readonly state: string; readonly amount: number }[]): number {
  return refunds.reduce((sum, { state, amount }) => sum + (state === "failed" ? 0 : amount), 0);
}

export class RefundPromises {
  readonly #objects: () => Objects;
  readonly #broken: Broken;
  /** Refunds that were durably `succeeded`, even if the bank sent them back later. */
  readonly #succeeded = new Set<string>();

  constructor(objects: () => Objects, broken: Broken) {
    this.#objects = objects;
    this.#broken = broken;
  }

  /** An order's record became durable. */
  saved({ refunds }: OrderRecord): void {
    for (const { id, state } of refunds) if (state === "succeeded") this.#succeeded.add(id);
  }

  /** The merchant was answered: what was promised is durable, and the same for the same key. */
  answered(order: string, id: string, answer: RefundAnswer): void {
    if (answer.kind !== "requested" && answer.kind !== "already_requested") return;
    const record = this.#objects().orderOf(order).memory.record;
    const kept = record?.refunds.find((refund) => refund.id === id);
    if (kept === undefined) this.#broken("P2", `${id} of ${order} was answered and is nowhere`);
    else if (kept.amount !== answer.refund.amount || answer.refund.id !== id) {
      const other = `${answer.refund.id} of ${answer.refund.amount}`;
      this.#broken("P6", `${id} of ${order}, ${kept.amount}, was answered with ${other}`);
    }
  }

  /** @param payments of the order, in the provider's books */
  check(record: OrderRecord, payments: readonly PaymentFacts[]): void {
    const { id } = record.intent;
    for (const payment of payments) {
      const given = sumOf(payment.refunds);
      if (given > payment.captured) {
        this.#broken("P3", `${payment.id} of ${id}: ${given} of ${payment.captured} given back`);
      }
      const named = payment.refunds.flatMap(({ refundId }) => refundId ?? []);
      if (new Set(named).size < named.length) {
        this.#broken("P3", `a refund of ${id} was made twice: ${named.join(", ")}`);
      }
    }
    const theirs = payments.flatMap(({ refunds }) => refunds);
    for (const refund of record.refunds) {
      const made = theirs.find(({ providerId }) => providerId === refund.providerId);
      if (refund.state !== "succeeded") continue;
      if (made?.amount !== refund.amount || made.state === "pending") {
        const what = `succeeded with ${refund.amount}, the provider has ${textOf(theirs)}`;
        this.#broken("P3", `${refund.id} of ${id} ${what}`);
      }
    }
    const ours = record.refunds.filter(({ by }) => by === "merchant");
    if (sumOf(ours) > record.intent.total) {
      this.#broken("P3", `${sumOf(ours)} of ${record.intent.total} are refunded by ${id}`);
    }
    for (const { sku } of record.intent.lines) this.#checkRestocks(record, sku);
  }

  /** Units on sale again: each because of a refund that has succeeded, and as many as it says. */
  #checkRestocks({ intent, refunds }: OrderRecord, sku: string): void {
    const { restocks } = this.#objects().stockOf(sku).memory;
    for (const { id, restockId, quantity } of restocks.values()) {
      if (id !== intent.id) continue;
      const refund = refunds.find((each) => each.id === restockId);
      if (refund === undefined || !this.#succeeded.has(restockId)) {
        this.#broken("P3", `${quantity} of ${sku} of ${id} are on sale again, unrefunded`);
      } else if (quantity !== restockOf(refund, sku)) {
        this.#broken("P1", `${restockId} put ${quantity} of ${sku} of ${id} back on sale`);
      }
    }
  }

  /** Long after the last fault: the order and the provider agree. */
  checkSettled(record: OrderRecord, payments: readonly PaymentFacts[]): void {
    const { intent, standing, refunds } = record;
    if (standing.state !== "confirmed") return;
    for (const { id, state } of refunds) {
      const isOpen = state === "requested" || state === "unclear" || state === "pending";
      if (isOpen) this.#broken("P2", `${id} of ${intent.id} is ${state} for ever`);
    }
    const theirs = payments.flatMap((payment) => payment.refunds);
    const known = refunds.filter(({ providerId }) => providerId !== null);
    const [ours_text, theirs_text] = [textOf(known), textOf(theirs)];
    if (ours_text !== theirs_text) {
      const what = `knows refunds ${ours_text}, the provider has ${theirs_text}`;
      this.#broken("P3", `${intent.id} ${what}`);
    }
    const dispute = payments.find((payment) => payment.dispute !== null)?.dispute ?? null;
    const seen = record.dispute?.status ?? null;
    if (seen !== dispute) this.#broken("P3", `${intent.id}: dispute ${seen}, is ${dispute}`);
    for (const { sku } of intent.lines) this.#checkRestocked(record, sku);
  }

  /** A refund that failed later has put its units on sale already; they are not put there twice. */
  #checkRestocked({ intent, refunds }: OrderRecord, sku: string): void {
    const { restocks } = this.#objects().stockOf(sku).memory;
    const own = [...restocks.values()].filter(({ id }) => id === intent.id);
    const onSale = own.reduce((sum, { quantity }) => sum + quantity, 0);
    const bought = intent.lines.reduce((sum, line) => {
      return sum + (line.sku === sku ? line.quantity : 0);
    }, 0);
    for (const refund of refunds) {
      const back = restockOf(refund, sku);
      const isOwed = refund.state === "succeeded" && back > 0 && onSale + back <= bought;
      if (!isOwed || restocks.has(refund.id)) continue;
      this.#broken("P5", `units of ${sku} that ${refund.id} of ${intent.id} gave back are lost`);
    }
  }
}

function restockOf({ restock }: Refund, sku: string): number {
  return restock.reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
}

function textOf(refunds: readonly Pick<Refund, "providerId" | "amount" | "state">[]): string {
  const lines = refunds.map(({ providerId, amount, state }) => `${providerId} ${amount} ${state}`);
  return lines.toSorted().join(", ") || "none";
}
