/** Bodies that look like requests of the payment contract but are invalid. */
import { RETURN_URL } from "./payment-trial.ts";

const money = { amount: 100, currency: "EUR" };
const order = "ord_garbage";

export const PAYMENT_GARBAGE: readonly unknown[] = [
  {},
  { v: 1 },
  { v: 1, type: 7 },
  { v: 1, type: "payment.explode" },
  { v: 2, type: "payment.prepare", order, ...money },
  { v: 1, type: "payment.prepare", ...money },
  { v: 1, type: "payment.prepare", order, currency: "EUR" },
  { v: 1, type: "payment.prepare", order, amount: 100 },
  { v: 1, type: "payment.prepare", order: {}, ...money },
  ...[0, -100, 1.5, "100", null, 1e300].map((amount) => {
    return { v: 1, type: "payment.prepare", order, amount, currency: "EUR" };
  }),
  ...["", "euro", 978].map((currency) => {
    return { v: 1, type: "payment.prepare", order, amount: 100, currency };
  }),
  { v: 1, type: "payment.authorize", method: "test_approve", returnUrl: RETURN_URL },
  { v: 1, type: "payment.capture", ...money },
  { v: 1, type: "payment.capture", payment: { id: 1 }, ...money },
  { v: 1, type: "payment.void", payment: 17 },
  { v: 1, type: "payment.refund", payment: null },
  { v: 1, type: "payment.refund_part", payment: "pay_1", ...money },
  { v: 1, type: "payment.refund_part", payment: "pay_1", refund: "rf_1", currency: "EUR" },
  { v: 1, type: "payment.refund_part", payment: "pay_1", refund: "rf_1", ...money, amount: -1 },
  { v: 1, type: "payment.settlement" },
  { v: 1, type: "payment.lookup" },
];
