/**
 * The payment backend of a shop that takes payments with its own server: signed JSON over HTTP, by
 * the contract in docs/backends.md.
 *
 * Guarantee: that of `PaymentBackend`. Every call returns within `timeout_ms`, and an answer
 * outside the contract is `unknown`, never `declined`.
 *
 * Weak: that a key has one effect is up to the server, and Sluice cannot check it at run time;
 * `npm run conformance` tests it.
 */
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import {
  readAuthorize,
  readLookup,
  readPrepare,
  readRefund,
  readSettle,
  readSettlement,
} from "./http-answers.ts";
import { signedHttp, type SignedHttpSettings } from "./signed-http.ts";

export function httpPayments(settings: SignedHttpSettings): PaymentBackend {
  const call = signedHttp(settings);
  const { allowHttp, newId } = settings;
  return {
    name: "http",
    async prepare({ order: { id: order, ...facts }, money, key }) {
      return readPrepare(await call("payment.prepare", key, { order, ...money, ...facts }));
    },
    async authorize({ paymentId: payment, method, returnUrl, key }) {
      const called = await call("payment.authorize", key, { payment, method, returnUrl });
      return readAuthorize(called, allowHttp);
    },
    async capture({ paymentId: payment, money, key }) {
      return readSettle(await call("payment.capture", key, { payment, ...money }));
    },
    async void({ paymentId: payment, key }) {
      return readSettle(await call("payment.void", key, { payment }));
    },
    async refund({ paymentId: payment, key }) {
      return readSettle(await call("payment.refund", key, { payment }));
    },
    async refundPart({ paymentId: payment, refundId: refund, money, key }) {
      return readRefund(await call("payment.refund_part", key, { payment, refund, ...money }));
    },
    async settlement({ paymentId: payment }) {
      return readSettlement(await call("payment.settlement", `settlement:${newId()}`, { payment }));
    },
    async lookup({ paymentId: payment }) {
      const called = await call("payment.lookup", `lookup:${newId()}`, { payment });
      return readLookup(called, payment, allowHttp);
    },
  };
}
