/**
 * The order backend of a shop that books orders with a server of its own: signed JSON over HTTP,
 * by the contract in docs/backends.md.
 *
 * Guarantee: that of `OrderBackend`. The keys follow from the order's id alone, so a repeated
 * booking has the same key, from any Worker.
 */
import { z } from "zod";
import type { BookOutcome } from "../../src/domain/order/order-backend.ts";
import type { OrderIntent } from "../../src/domain/order/order.ts";
import { backendIdSchema, type CallOutcome, undecided, undecidedAnswers } from "./http-answers.ts";
import type { CancelBookingOutcome, OrderBackend } from "../../src/domain/order/order-backend.ts";
import { signedHttp, type SignedHttpSettings } from "./signed-http.ts";

const wordSchema = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
const bookAnswer = z.discriminatedUnion("answer", [
  z.object({ answer: z.literal("booked"), booking: backendIdSchema }),
  z.object({ answer: z.literal("refused"), reason: wordSchema }),
  ...undecidedAnswers,
]);
const cancelAnswer = z.object({ answer: z.literal("cancelled") });

const OUTSIDE = "the answer is outside the contract";

export function httpOrders(settings: SignedHttpSettings): OrderBackend {
  const call = signedHttp(settings);
  return {
    name: "http",
    async book(intent) {
      return readBook(await call("order.book", `${intent.id}:book`, { order: told(intent) }));
    },
    async cancel(intent) {
      return readCancel(await call("order.cancel", `${intent.id}:cancel`, { order: intent.id }));
    },
  };
}

/** The fields of an order that the shop needs to fulfil it; no key and no token. */
function told(intent: OrderIntent) {
  return {
    id: intent.id,
    sale: intent.sale,
    placedAt: new Date(intent.placedAt_ms).toISOString(),
    currency: intent.currency,
    total: intent.total,
    lines: intent.lines.map(({ sku, name, quantity, price }) => ({ sku, name, quantity, price })),
    buyer: { subject: intent.buyer, email: intent.email, name: intent.name },
    shipTo: intent.shipTo,
  };
}

function readBook(called: CallOutcome): BookOutcome {
  if (called.kind !== "answer") return called;
  const read = bookAnswer.safeParse(called.body);
  if (!read.success) return { kind: "unknown", reason: OUTSIDE };
  const said = read.data;
  switch (said.answer) {
    case "booked":
      return { kind: "booked", booking: said.booking };
    case "refused":
      return { kind: "refused", reason: said.reason };
    default:
      return undecided(said);
  }
}

/** A booking is cancelled or it is not known to be: there is no refusing it. */
function readCancel(called: CallOutcome): CancelBookingOutcome {
  if (called.kind !== "answer") return { kind: "unknown", reason: called.reason };
  if (cancelAnswer.safeParse(called.body).success) return { kind: "cancelled" };
  return { kind: "unknown", reason: OUTSIDE };
}
