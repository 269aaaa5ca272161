/**
 * The Stripe adapter with scripted answers: every class of error, and every answer that the sandbox
 * never gives but a network, a proxy or a newer Stripe may.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { PaymentBackend } from "../../src/domain/order/payment-backend.ts";
import { stripePayments } from "../../queues/backends/stripe.ts";
import { paidOrder } from "../node/support/paid-order.ts";

type Script = (response: ServerResponse) => void;

const TIMEOUT_MS = 400;

let server: Server;
let stripe: PaymentBackend;
let script: Script[] = [];
let requests: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    request.resume().on("end", () => script.shift()?.(response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stripe = stripeWaiting(TIMEOUT_MS);
});

function stripeWaiting(timeout_ms: number): PaymentBackend {
  const { port } = z.object({ port: z.int() }).parse(server.address());
  return stripePayments({ apiKey: "sk_test_x", baseUrl: `http://127.0.0.1:${port}`, timeout_ms });
}

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

/** Sets Stripe's answers to the next calls, in order. */
function next(...answers: Script[]): void {
  script = answers;
  requests = [];
}

function respondWith(status: number, body: unknown, headers: Record<string, string> = {}): Script {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (response) => response.writeHead(status, headers).end(text);
}

function error(status: number, fields: object, headers: Record<string, string> = {}): Script {
  return respondWith(status, { error: { message: "no", ...fields } }, headers);
}

function intent(fields: object): Script {
  return respondWith(200, { object: "payment_intent", id: "pi_1", ...fields });
}

const key = "k1";
const authorize = () =>
  stripe.authorize({
    paymentId: "pi_1",
    method: "pm_card_visa",
    returnUrl: "https://shop.example/o",
    key,
  });
const capture = () =>
  stripe.capture({ paymentId: "pi_1", money: { amount: 500, currency: "EUR" }, key });
const lookup = () => stripe.lookup({ paymentId: "pi_1" });
const prepare = (amount: number, currency: string) =>
  stripe.prepare({ order: paidOrder("o1"), money: { amount, currency }, key });

const invalid = { type: "invalid_request_error" };
const PAGE = "https://bank.example/3ds";
const shouldRetry = { "stripe-should-retry": "true" };
const shouldNotRetry = { "stripe-should-retry": "false" };

test.each([
  [
    "402 with a decline code",
    402,
    { code: "card_declined", decline_code: "lost_card" },
    "lost_card",
  ],
  ["402 with a code only", 402, { code: "expired_card" }, "expired_card"],
  ["402 with neither", 402, {}, "card_declined"],
  ["400 about what the buyer entered", 400, { ...invalid, code: "email_invalid" }, "email_invalid"],
])("%s is final: declined", async (_name, status, fields, reason) => {
  next(error(status, fields));
  expect(await authorize()).toEqual({ kind: "declined", reason });
});

test.each([
  ["429", 429, invalid, {}, 2],
  ["429 with Retry-After", 429, invalid, { "retry-after": "7" }, 7],
  ["429 with a Retry-After of a day", 429, invalid, { "retry-after": "86400" }, 600],
  ["429 with a Retry-After nobody can read", 429, invalid, { "retry-after": "soon" }, 2],
  ["400 with the code of a rate limit", 400, { ...invalid, code: "rate_limit" }, {}, 2],
  ["409 of a key in use", 409, { ...invalid, code: "idempotency_key_in_use" }, {}, 2],
  ["400 that Stripe marks to be retried", 400, invalid, shouldRetry, 2],
])("%s did nothing: retry", async (_name, status, fields, headers, after_s) => {
  next(error(status, fields, headers));
  expect(await authorize()).toMatchObject({ kind: "retry", after_s });
});

test.each<[string, Script]>([
  ["500", error(500, { type: "api_error" })],
  ["500 that Stripe marks to be retried", error(500, { type: "api_error" }, shouldRetry)],
  ["503 of a proxy, in HTML", respondWith(503, "<h1>unavailable</h1>")],
  ["502 in JSON that is not Stripe's", respondWith(502, { message: "bad gateway" })],
  ["429 that Stripe marks not to be retried", error(429, invalid, shouldNotRetry)],
  ["409 that Stripe marks not to be retried", error(409, invalid, shouldNotRetry)],
  ["200 in HTML", respondWith(200, "<h1>hello</h1>")],
  ["200 with null", respondWith(200, "null")],
  [
    "200 with another object",
    respondWith(200, { object: "charge", id: "ch_1", status: "succeeded" }),
  ],
  ["200 without a status", intent({})],
  ["a status of the future", intent({ status: "requires_patience" })],
  ["processing", intent({ status: "processing" })],
  ["a closed connection", (response) => response.destroy()],
])("%s is unknown to every operation", async (_name, answer) => {
  next(answer);
  expect(await authorize()).toMatchObject({ kind: "unknown" });
  next(answer);
  expect(await capture()).toMatchObject({ kind: "unknown" });
  next(answer);
  expect(await stripe.void({ paymentId: "pi_1", key })).toMatchObject({ kind: "unknown" });
  next(answer);
  expect(await stripe.refund({ paymentId: "pi_1", key })).toMatchObject({ kind: "unknown" });
  next(answer);
  expect(await lookup()).toMatchObject({ kind: "unknown" });
});

test("a failed call is not repeated, because the saga decides about that", async () => {
  next(error(500, {}, shouldRetry), intent({ status: "requires_capture" }));
  await authorize();
  expect(requests).toEqual(["POST /v1/payment_intents/pi_1/confirm"]);
});

test.each<[string, Script]>([
  ["never answers", () => undefined],
  ["sends headers and no body", (response) => response.writeHead(200).flushHeaders()],
  ["stops in the middle of the body", (response) => response.writeHead(200).write('{"object":')],
])("a server that %s is unknown within the time-out", async (_name, answer) => {
  next(answer);
  const began = performance.now();
  expect(await authorize()).toMatchObject({ kind: "unknown" });
  expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + 500);
});

test("an operation and the look-up after it share one timeout", async () => {
  const patient = stripeWaiting(1_000);
  const late: Script = (response) => {
    setTimeout(() => error(400, UNEXPECTED)(response), 600);
  };
  next(late, () => undefined);
  const began = performance.now();
  const money = { amount: 500, currency: "EUR" };
  const outcome = await patient.capture({ paymentId: "pi_1", money, key });
  expect(outcome).toMatchObject({ kind: "unknown" });
  expect(requests).toHaveLength(2);
  expect(performance.now() - began).toBeLessThan(1_450);
});

const UNEXPECTED = { ...invalid, code: "payment_intent_unexpected_state" };

test.each<[string, object, object]>([
  ["taken already", { status: "succeeded", latest_charge: { refunded: false } }, approved()],
  ["still reserved", { status: "requires_capture" }, declined("payment_authorized")],
  ["cancelled, or expired", { status: "canceled" }, declined("payment_voided")],
  [
    "given back",
    { status: "succeeded", latest_charge: { refunded: true } },
    declined("payment_refunded"),
  ],
  ["in the works", { status: "processing" }, { kind: "unknown" }],
])("a capture refused for the payment's state is looked up: %s", async (_name, found, outcome) => {
  next(error(400, UNEXPECTED), intent(found));
  expect(await capture()).toMatchObject(outcome);
});

test.each<[string, object, object]>([
  ["authorized", { status: "requires_capture" }, approved()],
  ["still open", { status: "requires_payment_method" }, { kind: "unknown" }],
  ["cancelled", { status: "canceled" }, declined("payment_voided")],
])("an authorization refused for the state is looked up: %s", async (_name, found, outcome) => {
  next(error(400, UNEXPECTED), intent(found));
  expect(await authorize()).toMatchObject(outcome);
});

test("a look-up that fails after an operation returns its own outcome", async () => {
  next(error(400, UNEXPECTED), error(429, invalid));
  expect(await capture()).toMatchObject({ kind: "retry" });
  next(error(400, UNEXPECTED), error(404, invalid));
  expect(await capture()).toMatchObject({ kind: "unknown" });
});

test.each<[string, object, object]>([
  ["nothing yet", { status: "requires_payment_method" }, { kind: "prepared" }],
  ["a card chosen", { status: "requires_confirmation" }, { kind: "prepared" }],
  [
    "a refused card",
    { status: "requires_payment_method", last_payment_error: { code: "expired_card" } },
    { ...declined("expired_card"), mayReopen: true },
  ],
  [
    "an action of the shopper",
    {
      status: "requires_action",
      next_action: { redirect_to_url: { url: "https://bank.example/3ds" } },
    },
    { kind: "action_required", url: "https://bank.example/3ds", clientSecret: null },
  ],
  [
    "an action that Stripe's script does",
    {
      status: "requires_action",
      client_secret: "pi_1_secret_2",
      next_action: { type: "use_stripe_sdk", use_stripe_sdk: { type: "stripe_3ds2_fingerprint" } },
    },
    { kind: "action_required", url: null, clientSecret: "pi_1_secret_2" },
  ],
  [
    "an action at an unsafe URL",
    {
      status: "requires_action",
      client_secret: "pi_1_secret_2",
      next_action: { redirect_to_url: { url: "javascript:alert(1)" } },
    },
    { kind: "action_required", url: null, clientSecret: "pi_1_secret_2" },
  ],
  [
    "an action without an address or a secret, which ends with the hold",
    { status: "requires_action", next_action: null },
    { kind: "action_required", url: null, clientSecret: null },
  ],
  ...Object.entries({
    alipay_handle_redirect: { url: PAGE },
    cashapp_handle_redirect_or_display_qr_code: { hosted_instructions_url: PAGE },
    swish_handle_redirect_or_display_qr_code: { hosted_instructions_url: PAGE },
  }).map(([type, action]): [string, object, object] => [
    `the action ${type}`,
    { status: "requires_action", next_action: { type, [type]: action } },
    { kind: "action_required", url: PAGE, clientSecret: null },
  ]),
  ["a reservation", { status: "requires_capture" }, { kind: "authorized", card: null }],
  [
    "a reservation of all of it",
    { status: "requires_capture", amount: 500, amount_capturable: 500 },
    { kind: "authorized", card: null },
  ],
  [
    "a reservation of a part",
    { status: "requires_capture", amount: 500, amount_capturable: 499 },
    { kind: "declined", reason: "partly_authorized", mustVoid: true },
  ],
  [
    "a disputed charge",
    { status: "succeeded", latest_charge: { refunded: false, disputed: true } },
    { kind: "captured" },
  ],
  [
    "a partly refunded charge",
    { status: "succeeded", latest_charge: { refunded: false, amount_refunded: 3 } },
    { kind: "captured" },
  ],
  [
    "a refunded charge",
    { status: "succeeded", latest_charge: { refunded: true } },
    { kind: "refunded" },
  ],
  ["a cancellation", { status: "canceled" }, { kind: "voided" }],
])("a look-up of %s finds the standing", async (_name, found, standing) => {
  next(intent(found));
  expect(await lookup()).toEqual({ kind: "found", standing });
  expect(requests).toEqual(["GET /v1/payment_intents/pi_1?expand[0]=latest_charge"]);
});

test("a captured payment without its charge is unknown, because it may have been refunded", async () => {
  next(intent({ status: "succeeded", latest_charge: "ch_1" }));
  expect(await lookup()).toMatchObject({ kind: "unknown" });
});

test.each([
  ["succeeded", approved()],
  ["pending", approved()],
  ["failed", declined("refund_failed")],
  ["canceled", declined("refund_canceled")],
  ["requires_action", approved()],
  ["of a state of the future", { kind: "unknown" }],
])("a refund that is %s", async (status, outcome) => {
  next(respondWith(200, { object: "refund", id: "re_1", status }));
  expect(await stripe.refund({ paymentId: "pi_1", key })).toMatchObject(outcome);
});

test.each([
  [1_234, "KWD", "invalid_amount", "amount"],
  [550, "ISK", "invalid_amount", "amount"],
  [49, "EUR", "amount_too_small", "amount"],
  [100_000_000, "EUR", "amount_too_large", "amount"],
  [5_000, "EUX", "invalid_currency", "currency"],
])("%i %s cannot be paid, and Stripe is not called", async (amount, currency, code, param) => {
  next();
  expect(await prepare(amount, currency)).toEqual({ kind: "misconfigured", code, param });
  expect(requests).toEqual([]);
});

const CARD = { fingerprint: "Xt5EWLLDS7FJjR1c", brand: "visa", last4: "4242", exp_year: 2030 };
const VISA = { fingerprint: "Xt5EWLLDS7FJjR1c", brand: "visa", last4: "4242" };

test.each<[string, object | null, object | null]>([
  ["a card", { type: "card", card: CARD }, VISA],
  ["a wallet", { type: "card", card: { ...CARD, wallet: { type: "apple_pay" } } }, VISA],
  ["a terminal", { type: "card_present", card_present: CARD }, VISA],
  [
    "a card of little detail",
    { type: "card", card: { fingerprint: "F", brand: null } },
    { fingerprint: "F", brand: null, last4: null },
  ],
  ["a card without a fingerprint", { type: "card", card: { fingerprint: null } }, null],
  ["another method", { type: "klarna", klarna: {} }, null],
  ["no details", null, null],
])("an authorization by %s tells its card, also when it is looked up", async (_, details, card) => {
  const latest_charge = { refunded: false, payment_method_details: details };
  next(intent({ status: "requires_capture", latest_charge }));
  expect(await authorize()).toEqual({ kind: "approved", card });
  next(intent({ status: "requires_capture", latest_charge }));
  expect(await lookup()).toEqual({ kind: "found", standing: { kind: "authorized", card } });
});

test.each([
  ["", "Invalid URL"],
  ["ftp://api.stripe.com", "must be a bare http(s) origin"],
  ["https://api.stripe.com/v1", "must be a bare http(s) origin"],
])("a base URL of %j is a mistake that shows at once: %s", (baseUrl, message) => {
  const start = () => stripePayments({ apiKey: "sk_test_x", baseUrl, timeout_ms: 1 });
  expect(start).toThrow(message);
});

function approved() {
  return { kind: "approved" };
}

function declined(reason: string) {
  return { kind: "declined", reason };
}
