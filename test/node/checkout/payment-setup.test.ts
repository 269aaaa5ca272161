/**
 * Whether the built-in checkout can take a payment, and what its page may load.
 */
import { describe, expect, test } from "vitest";
import {
  paymentHealth,
  paymentSetup,
  paymentSources,
} from "../../../src/domain/checkout/payment-setup.ts";

const STRIPE = "https://js.stripe.com/endive/stripe.js";

function setupOf(key: string, url = STRIPE) {
  return paymentSetup({ STRIPE_PUBLISHABLE_KEY: key, STRIPE_JS_URL: url });
}

describe("payments are ready", () => {
  test.each([
    ["pk_live_51Hxyz", STRIPE, "live", null],
    ["pk_test_51Hxyz", STRIPE, "test", null],
    ["pk_test_51Hxyz", "http://127.0.0.1:8788/sandbox/stripe.js", "test", "http://127.0.0.1:8788"],
    ["pk_test_51Hxyz", "http://localhost:8788/stripe.js", "test", "http://localhost:8788"],
  ])("with %s and %s", (key, url, mode, localOrigin) => {
    expect(setupOf(key, url)).toMatchObject({ kind: "ready", mode, localOrigin });
  });
});

describe("payments are not configured", () => {
  test.each([
    ["", STRIPE, /STRIPE_PUBLISHABLE_KEY is empty/],
    ["sk_live_51Hxyz", STRIPE, /begins with pk_test_ or pk_live_/],
    ["pk_live_51Hxyz ", STRIPE, /begins with pk_test_/],
    ["pk_live_51Hxyz", "http://127.0.0.1:8788/sandbox/stripe.js", /the key is of live mode/],
    ["pk_test_51Hxyz", "https://js.stripe.com.evil.example/endive/stripe.js", /STRIPE_JS_URL/],
    ["pk_test_51Hxyz", "https://evil.example/stripe.js", /STRIPE_JS_URL/],
    ["pk_test_51Hxyz", "http://js.stripe.com/endive/stripe.js", /STRIPE_JS_URL/],
    ["pk_test_51Hxyz", "http://localhost.evil.example/stripe.js", /STRIPE_JS_URL/],
    ["pk_test_51Hxyz", "http://localhost@evil.example/stripe.js", /STRIPE_JS_URL/],
    ["pk_test_51Hxyz", "", /STRIPE_JS_URL/],
  ])("with %j and %j", (key, url, problem) => {
    const setup = setupOf(key, url);
    expect(setup).toMatchObject({
      kind: "not_configured",
      problem: expect.stringMatching(problem),
    });
    const variables = { STRIPE_PUBLISHABLE_KEY: key, STRIPE_JS_URL: url };
    expect(paymentHealth(variables)).toMatchObject({ ready: false, mode: null });
  });
});

test("the page may load what Stripe documents, and of a stand-in only its own origin", () => {
  const stripe = setupOf("pk_live_51Hxyz");
  if (stripe.kind !== "ready") throw new Error(stripe.problem);
  expect(paymentSources(stripe)).toEqual({
    script: "https://js.stripe.com https://*.js.stripe.com",
    frame: "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    connect: "https://api.stripe.com",
  });
  const local = setupOf("pk_test_51Hxyz", "http://127.0.0.1:8788/sandbox/stripe.js");
  if (local.kind !== "ready") throw new Error(local.problem);
  const origin = "http://127.0.0.1:8788";
  expect(paymentSources(local)).toEqual({ script: origin, frame: origin, connect: origin });
});
