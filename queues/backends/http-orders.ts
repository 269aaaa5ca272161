/**
 * The order backend of a shop that books orders with its own server: signed JSON over HTTP, by the
 * contract in docs/backends.md.
 *
 * Guarantee: that of `OrderBackend`. The idempotency keys derive from the order's id alone, so
 * every retry from any Worker uses the same key.
 */
import { z } from "zod";
import type { BookOutcome } from "../../src/domain/order/order-backend.ts";
import type { OrderIntent } from "../../src/domain/order/order.ts";
import { backendIdSchema, type CallOutcome, undecided, undecidedAnswers } from "./http-answers.ts";
import type { CancelBookingOutcome, OrderBackend } from "../../src/domain/order/order-backend.ts";
import { signedHttp, type SignedHttpSettings } from "./signed-http.ts";

const reasonSchema = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
const bookAnswer = z.discriminatedUnion("answer", [
  z.object({ answer: z.literal("booked"), booking: backendIdSchema }),
  z.object({ answer: z.literal("refused"), reason: reasonSchema }),
  ...undecidedAnswers,
]);
const cancelAnswer = z.object({ answer: z.literal("cancelled") });

const OUTSIDE = "the answer is outside the contract";

export function httpOrders(settings: SignedHttpSettings): OrderBackend {
  const call = signedHttp(settings);
  return {
    name: "http",
    async book(intent) {
      return readBook(await call("order.book", `${intent.id}:book`, { order: orderOf(intent) }));
    },
    async cancel(intent) {
      return readCancel(await call("order.cancel", `${intent.id}:cancel`, { order: intent.id }));
    },
  };
}

/** The order as the shop gets it: what it needs to fulfil it, without keys or tokens. */
function orderOf(intent: OrderIntent) {
  return {
    id: intent.id,
    sale: intent.sale,
    placedAt: new Date(intent.placedAt_ms).toISOString(),
    currency: intent.currency,
    total: intent.total,
    amounts: intent.amounts,
    lines: intent.lines.map(({ limitPerBuyer: _, ...line }) => line),
    buyer: {
      subject: intent.buyer,
      email: intent.email,
      name: intent.name,
      phone: intent.phone,
    },
    shipTo: intent.shipTo,
    billTo: intent.billTo,
    delivery: intent.delivery,
  };
}

function readBook(called: CallOutcome): BookOutcome {
  if (called.kind !== "answer") return called;
  const read = bookAnswer.safeParse(called.body);
  if (!read.success) return { kind: "unknown", reason: OUTSIDE };
  const answer = read.data;
  switch (answer.answer) {
    case "booked":
      return { kind: "booked", booking: answer.booking };
    case "refused":
      return { kind: "refused", reason: answer.reason };
    default:
      return undecided(answer);
  }
}

/** `cancelled` or `unknown`, because the contract has no refusal of a cancellation. */
function readCancel(called: CallOutcome): CancelBookingOutcome {
  if (called.kind !== "answer") return { kind: "unknown", reason: called.reason };
  if (cancelAnswer.safeParse(called.body).success) return { kind: "cancelled" };
  return { kind: "unknown", reason: OUTSIDE };
}
