/** The backends chosen by a deployment's variables and secrets, and the errors of wrong ones. */
import { env } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { chooseBackends } from "../../queues/backends/choose-backends.ts";

const SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
const HTTP = {
  PAYMENT_BACKEND: "http",
  PAYMENT_BACKEND_URL: "https://shop.example/payments",
  ORDER_BACKEND: "http",
  ORDER_BACKEND_URL: "https://shop.example/orders",
  BACKEND_SECRET: SECRET,
};
const STRIPE = { STRIPE_API_KEY: "sk_test_x", STRIPE_API_BASE: "https://api.stripe.com" };

function namesOf(settings: object): readonly [string, string] {
  const { payments, orders } = chooseBackends(settings, env.ORDER_BOOK);
  return [payments.name, orders.name];
}

test("the defaults are Stripe and the order book", () => {
  expect(namesOf(STRIPE)).toEqual(["stripe", "order-book"]);
});

test("each of the two may be the shop's own server", () => {
  expect(namesOf(HTTP)).toEqual(["http", "http"]);
  const { ORDER_BACKEND, ...paymentsOnly } = HTTP;
  expect(ORDER_BACKEND).toBe("http");
  expect(namesOf(paymentsOnly)).toEqual(["http", "order-book"]);
  expect(namesOf({ ...HTTP, ...STRIPE, PAYMENT_BACKEND: "stripe" })).toEqual(["stripe", "http"]);
});

test("plain http is for local use, and must be allowed", () => {
  const local = { ...HTTP, PAYMENT_BACKEND_URL: "http://127.0.0.1:8790/payments" };
  expect(() => namesOf(local)).toThrow("PAYMENT_BACKEND_URL must be an https URL");
  expect(namesOf({ ...local, BACKENDS_ALLOW_HTTP: "on" })).toEqual(["http", "http"]);
});

test.each<[object, string]>([
  [{}, "STRIPE_API_KEY is missing: set it with wrangler secret put STRIPE_API_KEY"],
  [{ ...HTTP, BACKEND_SECRET: "" }, "BACKEND_SECRET is missing: set it with wrangler secret put"],
  [{ ...HTTP, BACKEND_SECRET: "hush" }, "BACKEND_SECRET must be whsec_ followed by base64"],
  [{ ...HTTP, BACKEND_SECRET: SECRET.slice(0, -1) }, "BACKEND_SECRET must be whsec_"],
  [{ ...HTTP, BACKEND_SECRET: SECRET.slice(0, -4) }, "BACKEND_SECRET must be 24 to 64 bytes"],
  [
    { ...HTTP, BACKEND_SECRET: `whsec_${"AAAA".repeat(22)}` },
    "BACKEND_SECRET must be 24 to 64 bytes",
  ],
  [
    { ...HTTP, BACKEND_SECRET: `${SECRET} ${SECRET} ${SECRET}` },
    "BACKEND_SECRET contains more than two secrets",
  ],
  [{ ...HTTP, PAYMENT_BACKEND: "paypal" }, "PAYMENT_BACKEND must be stripe or http"],
  [{ ...HTTP, ORDER_BACKEND: "d1" }, "ORDER_BACKEND must be order-book or http"],
  [{ ...HTTP, BACKENDS_ALLOW_HTTP: "yes" }, "BACKENDS_ALLOW_HTTP must be on or off"],
  [{ ...HTTP, PAYMENT_BACKEND_URL: "" }, "PAYMENT_BACKEND_URL is missing"],
  [{ ...HTTP, PAYMENT_BACKEND_URL: "shop.example" }, "PAYMENT_BACKEND_URL is not a URL"],
  [
    { ...HTTP, ORDER_BACKEND_URL: "https://a:b@shop.example" },
    "ORDER_BACKEND_URL must not contain a password",
  ],
  [
    { ...HTTP, ORDER_BACKEND_URL: "https://shop.example#x" },
    "ORDER_BACKEND_URL must not contain a fragment",
  ],
])("%j is refused: %s", (settings, message) => {
  expect(() => namesOf(settings)).toThrow(message);
});

test("one error lists all wrong settings, and contains no secret", () => {
  const wrong = { ...HTTP, ORDER_BACKEND_URL: "", BACKEND_SECRET: "hush-hush" };
  const said = vi.fn<() => unknown>(() => namesOf(wrong));
  expect(said).toThrow("the backends are not configured: BACKEND_SECRET must");
  expect(said).toThrow("ORDER_BACKEND_URL is missing");
  expect(said).not.toThrow("hush-hush");
});

test("secrets of 24 and of 64 bytes are accepted", () => {
  const longest = btoa("x".repeat(64));
  expect(namesOf({ ...HTTP, BACKEND_SECRET: SECRET })).toEqual(["http", "http"]);
  expect(namesOf({ ...HTTP, BACKEND_SECRET: `whsec_${longest}` })).toEqual(["http", "http"]);
});
