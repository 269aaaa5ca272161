/**
 * The sandbox provider itself, over plain HTTP: it follows Stripe's documentation of keys, errors
 * and parameters, and its control plane refuses bad input.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { type SandboxHost, startSandbox } from "./support/sandbox-host.ts";

let sandbox: SandboxHost;

beforeAll(async () => {
  sandbox = await startSandbox();
}, 60_000);

afterAll(() => sandbox.stop());

beforeEach(() => sandbox.reset());

const CREATE = {
  amount: "500",
  currency: "eur",
  capture_method: "manual",
  "allowed_payment_method_types[0]": "card",
  "metadata[order]": "o1",
};

const Body = z.object({
  id: z.string().optional(),
  error: z.looseObject({ type: z.string() }).optional(),
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: z.infer<typeof Body>;
}

async function post(path: string, form: Record<string, string>, key?: string): Promise<Answer> {
  const response = await sandbox.request(path, {
    method: "POST",
    headers: {
      authorization: "Bearer sk_test_x",
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    body: new URLSearchParams(form),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: Body.parse(await response.json()),
  };
}

async function create(key?: string, form: Record<string, string> = CREATE): Promise<Answer> {
  return post("/v1/payment_intents", form, key);
}

test("a repeated key gets the first answer, marked as replayed", async () => {
  const first = await create("k1");
  const again = await create("k1");
  expect(again.body).toEqual(first.body);
  expect(first.headers.has("idempotent-replayed")).toBe(false);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
  expect(again.headers.get("original-request")).toBe(first.headers.get("request-id"));
});

test("the order of the parameters does not matter", async () => {
  const first = await create("k1");
  const again = await create("k1", Object.fromEntries(Object.entries(CREATE).toReversed()));
  expect(again.body.id).toBe(first.body.id);
});

test("a key with other parameters, or at another path, is an idempotency error", async () => {
  const { body } = await create("k1");
  const other = await create("k1", { ...CREATE, amount: "501" });
  expect(other.status).toBe(400);
  expect(other.body.error?.type).toBe("idempotency_error");
  const elsewhere = await post(`/v1/payment_intents/${body.id}/cancel`, {}, "k1");
  expect(elsewhere.body.error?.type).toBe("idempotency_error");
  expect((await sandbox.ledger()).summary.byStatus).toEqual({ requires_payment_method: 1 });
});

test("a refused card is stored under its key", async () => {
  const { body } = await create();
  const confirm = () =>
    post(`/v1/payment_intents/${body.id}/confirm`, { payment_method: CARD_DECLINED }, "k2");
  const first = await confirm();
  expect(first.status).toBe(402);
  expect(first.body.error).toMatchObject({ type: "card_error", code: "card_declined" });
  const again = await confirm();
  expect(again.body).toEqual(first.body);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
});

const CARD_DECLINED = "pm_card_chargeDeclined";

test("a 500 is stored under its key, and marked as not worth a retry", async () => {
  await sandbox.everyCall("error_before");
  const broken = await create("k1");
  expect(broken.status).toBe(500);
  expect(broken.headers.get("stripe-should-retry")).toBe("false");
  await sandbox.faultsOff();
  const again = await create("k1");
  expect(again.status).toBe(500);
  expect(again.headers.get("idempotent-replayed")).toBe("true");
});

test("a request that fails validation is not stored: the key is still unused", async () => {
  const invalid = await create("k1", { ...CREATE, amount: "1.5" });
  expect(invalid.status).toBe(400);
  expect((await create("k1")).status).toBe(200);
});

test.each([
  ["a missing amount", { amount: null }, "parameter_missing", "amount"],
  ["an amount of nothing", { amount: "0" }, "parameter_invalid_integer", "amount"],
  ["a negative amount", { amount: "-1" }, "parameter_invalid_integer", "amount"],
  ["a broken amount", { amount: "1.5" }, "parameter_invalid_integer", "amount"],
  ["an empty amount", { amount: "" }, "parameter_invalid_empty", "amount"],
  ["an amount over eight digits", { amount: "100000000" }, "amount_too_large", "amount"],
  ["an amount over any maximum", { amount: "1000000000000" }, "amount_too_large", "amount"],
  ["an amount below the minimum", { amount: "49" }, "amount_too_small", "amount"],
  ["an upper-case currency", { currency: "EUR" }, undefined, "currency"],
  ["automatic capture", { capture_method: "automatic" }, undefined, "capture_method"],
  ["an unknown parameter", { colour: "red" }, "parameter_unknown", "colour"],
])("%s is refused with Stripe's code", async (_name, change, code, param) => {
  const changed: [string, string | null][] = Object.entries({ ...CREATE, ...change });
  const kept = changed.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const]));
  const form = Object.fromEntries(kept);
  const { status, body } = await create(undefined, form);
  expect(status).toBe(400);
  expect(body.error).toMatchObject({ type: "invalid_request_error", param });
  expect(body.error?.["code"]).toBe(code);
  expect((await sandbox.ledger()).payments).toEqual([]);
});

test("a currency that Stripe lacks is refused with those that it has", async () => {
  const { status, body } = await create(undefined, { ...CREATE, currency: "eux" });
  expect(status).toBe(400);
  const message = expect.stringMatching(/^Invalid currency: eux\. .* usd, aed, /);
  expect(body.error).toEqual({ type: "invalid_request_error", message, param: "currency" });
});

test("contradictory and too deeply nested parameters are refused", async () => {
  const both = await create(undefined, { ...CREATE, "amount[x]": "1" });
  expect(both.status).toBe(400);
  const deep = await create(undefined, { ...CREATE, "metadata[a][b][c][d][e]": "1" });
  expect(deep.status).toBe(400);
});

test("a body over 16 KiB, a missing API key and an unknown path are refused as by Stripe", async () => {
  const large = await create(undefined, { ...CREATE, "metadata[x]": "y".repeat(17 * 1024) });
  expect(large.status).toBe(413);
  const anonymous = await sandbox.request("/v1/payment_intents", { method: "POST", body: "" });
  expect(anonymous.status).toBe(401);
  expect((await post("/v1/charges", {})).status).toBe(404);
  expect((await post("/v1/payment_intents/pi_none/capture", {})).body.error).toMatchObject({
    code: "resource_missing",
    param: "intent",
  });
});

test("more than was authorized cannot be captured, and after less the rest is voided", async () => {
  const { body } = await create();
  await post(`/v1/payment_intents/${body.id}/confirm`, { payment_method: "pm_card_visa" });
  const address = `/v1/payment_intents/${body.id}/capture`;
  const more = await post(address, { amount_to_capture: "501" });
  expect(more.body.error).toMatchObject({ code: "amount_too_large" });
  await post(address, { amount_to_capture: "200" });
  const row = await sandbox.payment(body.id ?? "");
  expect(row).toMatchObject({ authorized: 500, captured: 200, voided: 300, refunded: 0 });
});

test("the fault settings are stored, returned and removed", async () => {
  const body = JSON.stringify({ rate: 0.25, kinds: ["hang", "error_after"], seed: 9 });
  const put = await sandbox.request("/sandbox/faults", { method: "PUT", body });
  const settings = {
    rate: 0.25,
    kinds: ["hang", "error_after"],
    latency_ms: 500,
    hang_ms: 30_000,
    seed: 9,
    webhooks: { lost: 0, late: 0, duplicate: 0, late_ms: 2000 },
  };
  expect(await put.json()).toEqual(settings);
  expect(await (await sandbox.request("/sandbox/faults")).json()).toEqual(settings);
  await sandbox.faultsOff();
  expect(await (await sandbox.request("/sandbox/faults")).json()).toMatchObject({ rate: 0 });
});

test.each([
  ["no JSON", "{", ""],
  ["a rate over 1", JSON.stringify({ rate: 1.01, kinds: ["hang"] }), "rate"],
  ["no kind", JSON.stringify({ rate: 1, kinds: [] }), "kinds"],
  ["an unknown kind", JSON.stringify({ rate: 1, kinds: ["fire"] }), "kinds.0"],
  ["an unknown field", JSON.stringify({ rate: 1, kinds: ["hang"], often: 1 }), "often"],
  ["a negative wait", JSON.stringify({ rate: 1, kinds: ["hang"], hang_ms: -1 }), "hang_ms"],
])("fault settings with %s are refused with a problem document", async (_name, body, path) => {
  const response = await sandbox.request("/sandbox/faults", { method: "PUT", body });
  expect(response.status).toBe(422);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.json()).toMatchObject({ code: "invalid_faults", errors: [{ path }] });
  expect(await (await sandbox.request("/sandbox/faults")).json()).toMatchObject({ rate: 0 });
});

test("a reset deletes payments, keys and faults", async () => {
  const first = await create("k1");
  await sandbox.everyCall("rate_limit");
  await sandbox.reset();
  expect((await sandbox.ledger()).payments).toEqual([]);
  expect((await create("k1")).body.id).not.toBe(first.body.id);
  expect((await sandbox.request("/sandbox/health")).status).toBe(200);
});

test("the authentication page works only for a payment that is waiting for it", async () => {
  expect((await sandbox.request("/sandbox/authenticate/pi_none")).status).toBe(404);
  const body = new URLSearchParams({ decision: "accept" });
  const late = await sandbox.request("/sandbox/authenticate/pi_none", { method: "POST", body });
  expect(late.status).toBe(409);
  const unclear = await sandbox.request("/sandbox/authenticate/pi_none", { method: "POST" });
  expect(unclear.status).toBe(400);
});
