/**
 * Stripe's SDK with scripted answers, for the adapter's own decisions.
 *
 * Guarantee: each script answers one call, in order; a call without a script gets no answer that
 * can be read. Not for HTTP: `test/http/stripe-answers.test.ts` is.
 */
import Stripe from "stripe";
import { paymentsThrough } from "../../../queues/backends/stripe.ts";
import type { KeyRefusal, StripeCalls } from "../../../queues/backends/stripe-calls.ts";

export type Script = () => Promise<unknown>;
type RawError = Parameters<typeof Stripe.errors.StripeError.generate>[0];

export function answer(body: unknown): Script {
  return () => Promise.resolve(body);
}

/** An error as Stripe answers it; by default an invalid request. */
export function refusal(status: number, fields: Partial<RawError> = {}): Script {
  const raw: RawError = { type: "invalid_request_error", message: "no", ...fields };
  const error = { ...raw, statusCode: status, headers: {}, requestId: "req_1" };
  return () => Promise.reject(Stripe.errors.StripeError.generate(error));
}

export function intent(fields: object): Script {
  return answer({ object: "payment_intent", id: "pi_1", ...fields });
}

export function refundObject(fields: object) {
  return {
    object: "refund",
    id: "re_1",
    amount: 500,
    status: "succeeded",
    metadata: {},
    ...fields,
  };
}

export function listOf(data: readonly object[], has_more = false): Script {
  return answer({ object: "list", data, has_more });
}

export interface ScriptedCall {
  readonly name: string;
  readonly params: unknown;
  readonly key: string | undefined;
}

export function scriptedStripe(...scripts: Script[]) {
  const calls: ScriptedCall[] = [];
  const refusals: KeyRefusal[] = [];
  const next = (name: string, params: unknown, key?: string) => {
    calls.push({ name, params, key });
    return (scripts.shift() ?? answer(null))();
  };
  const client: StripeCalls = {
    paymentIntents: {
      create: (params, options) => next("create", params, options.idempotencyKey),
      confirm: (_, params, options) => next("confirm", params, options.idempotencyKey),
      capture: (_, params, options) => next("capture", params, options.idempotencyKey),
      cancel: (_, params, options) => next("cancel", params, options.idempotencyKey),
      retrieve: (_, params) => next("retrieve", params),
    },
    refunds: {
      create: (params, options) => next("refunds.create", params, options.idempotencyKey),
      list: (params) => next("refunds.list", params),
    },
    disputes: { list: (params) => next("disputes.list", params) },
  };
  const backend = paymentsThrough(
    client,
    () => 5_000,
    () => 0,
    (each) => refusals.push(each),
  );
  return { backend, calls, refusals };
}
