/** An order as payment backends are told of it: no address, and every means of payment. */
import type { PaidOrder } from "../../../src/domain/order/payment-backend.ts";

export function paidOrder(id = "ord_1", change: Partial<PaidOrder> = {}): PaidOrder {
  return {
    id,
    sale: "air-one",
    description: "Air One",
    email: "ann@shoppers.example",
    shipping: null,
    statementSuffix: null,
    methods: [],
    ...change,
  };
}
