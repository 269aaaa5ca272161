/**
 * What a shopper's browser does at the sandbox: authentication at the bank, by redirect and in a
 * dialog, and the calls of Stripe.js with a publishable key.
 */
import type Stripe from "stripe";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type SandboxHost, startSandbox } from "./support/sandbox-host.ts";
import { asBrowser, cardOf, control, newToken, stripeSdk } from "./support/sandbox-stripe.ts";

let sandbox: SandboxHost;
let stripe: Stripe;

beforeAll(async () => {
  sandbox = await startSandbox();
  stripe = stripeSdk(sandbox);
}, 60_000);

afterAll(() => sandbox.stop());

beforeEach(() => sandbox.reset());

const RETURN_URL = "https://shop.example/orders/o1";

function newIntent() {
  return stripe.paymentIntents.create({
    amount: 5000,
    currency: "eur",
    capture_method: "manual",
    metadata: { order: "o1" },
  });
}

describe("authentication", () => {
  const atTheBank = async (more: Stripe.PaymentIntentConfirmParams = {}) => {
    const { id } = await newIntent();
    const confirmation_token = await newToken(sandbox, cardOf("4000002760003184"));
    return stripe.paymentIntents.confirm(id, {
      confirmation_token,
      return_url: RETURN_URL,
      ...more,
    });
  };
  const decide = (intent: string, decision: string, query = "") => {
    return sandbox.request(`/sandbox/authenticate/${intent}${query}`, {
      method: "POST",
      body: new URLSearchParams({ decision }),
      redirect: "manual",
    });
  };

  test("is left to Stripe.js for a token, and can be done in a dialog", async () => {
    const intent = await atTheBank();
    expect(intent).toMatchObject({
      status: "requires_action",
      next_action: { type: "use_stripe_sdk" },
    });
    const page = await decide(intent.id, "accept", "?in=dialog");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain("frame-ancestors *");
    expect((await stripe.paymentIntents.retrieve(intent.id)).status).toBe("requires_capture");
  });

  test.each([
    ["when the shop does not use Stripe.js", { use_stripe_sdk: false }, {}],
    ["when the switch says so", {}, { authentication: "redirect" }],
  ])("is a redirect %s", async (_name, params, account) => {
    await control(sandbox, "PUT", "/account", account);
    const intent = await atTheBank(params);
    expect(intent.next_action?.redirect_to_url).toMatchObject({ return_url: RETURN_URL });
    const answer = await decide(intent.id, "refuse");
    expect(answer.headers.get("location")).toContain("redirect_status=failed");
    const refused = await stripe.paymentIntents.retrieve(intent.id);
    expect(refused.last_payment_error?.code).toBe("payment_intent_authentication_failure");
  });

  test("by a method with its own page is a redirect too", async () => {
    await control(sandbox, "PUT", "/account", { methods: ["card", "klarna"] });
    const { id } = await newIntent();
    const token = await newToken(sandbox, { "payment_method_data[type]": "klarna" });
    const params = { confirmation_token: token, return_url: RETURN_URL };
    const intent = await stripe.paymentIntents.confirm(id, params);
    expect(intent.next_action?.type).toBe("redirect_to_url");
    await decide(id, "accept");
    expect(await sandbox.payment(id)).toMatchObject({ methodType: "klarna", authorized: 5000 });
  });

  test("of a card that is refused afterwards ends in the card's error", async () => {
    const { id } = await newIntent();
    const params = {
      payment_method: "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",
      return_url: RETURN_URL,
    };
    await stripe.paymentIntents.confirm(id, params);
    await decide(id, "accept");
    const refused = await stripe.paymentIntents.retrieve(id);
    expect(refused.last_payment_error).toMatchObject({ decline_code: "insufficient_funds" });
  });
});

describe("a browser", () => {
  test("reads the payment whose client secret it has, without the shop's data", async () => {
    const { id, client_secret } = await newIntent();
    const path = `/v1/payment_intents/${id}?client_secret=${client_secret}`;
    const { status, headers, body } = await asBrowser(sandbox, path);
    expect(status).toBe(200);
    expect(headers.get("access-control-allow-origin")).toBe("*");
    expect(body).toMatchObject({ id, client_secret, status: "requires_payment_method" });
    expect(Object.keys(body)).not.toContain("metadata");
    const wrong = await asBrowser(
      sandbox,
      `/v1/payment_intents/${id}?client_secret=${id}_secret_x`,
    );
    expect(wrong.status).toBe(400);
    const live = await asBrowser(sandbox, path, null, "pk_live_sluice");
    expect(live).toMatchObject({ status: 404, body: { error: { code: "resource_missing" } } });
  });

  test("may not call what is the server's", async () => {
    const { status, body } = await asBrowser(sandbox, "/v1/refunds", { payment_intent: "pi_1" });
    expect(status).toBe(403);
    expect(body).toMatchObject({ error: { code: "secret_key_required" } });
  });

  test("is allowed to call from any page", async () => {
    const response = await sandbox.request("/v1/payment_intents/pi_1", {
      method: "OPTIONS",
      headers: {
        origin: "https://shop.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-headers")).toContain("authorization");
  });
});
