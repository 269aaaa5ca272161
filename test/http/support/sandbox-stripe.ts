/**
 * Stripe's official SDK against the sandbox, and the calls that only Stripe.js makes.
 */
import Stripe from "stripe";
import { z } from "zod";
import type { SandboxHost } from "./sandbox-host.ts";

export function stripeSdk(sandbox: SandboxHost, key = "sk_test_sluice"): Stripe {
  const { hostname, port } = new URL(sandbox.url);
  return new Stripe(key, { protocol: "http", host: hostname, port, maxNetworkRetries: 0 });
}

export const CARD = {
  "payment_method_data[type]": "card",
  "payment_method_data[card][number]": "4242424242424242",
  "payment_method_data[card][exp_month]": "12",
  "payment_method_data[card][exp_year]": "34",
  "payment_method_data[card][cvc]": "123",
};

export function cardOf(number: string): Record<string, string> {
  return { ...CARD, "payment_method_data[card][number]": number };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** A call as a shopper's browser makes it. A form makes it a POST. */
export async function asBrowser(
  sandbox: SandboxHost,
  path: string,
  form: Record<string, string> | null = null,
  key = "pk_test_sluice",
): Promise<Answer> {
  const response = await sandbox.request(path, {
    headers: { authorization: `Bearer ${key}`, origin: "https://shop.example" },
    ...(form === null ? {} : { method: "POST", body: new URLSearchParams(form) }),
  });
  const body = z.record(z.string(), z.unknown()).parse(await response.json());
  return { status: response.status, headers: response.headers, body };
}

/** The id of a new confirmation token. */
export async function newToken(
  sandbox: SandboxHost,
  form: Record<string, string> = CARD,
  key?: string,
): Promise<string> {
  const { body } = await asBrowser(sandbox, "/v1/confirmation_tokens", form, key);
  return z.string().parse(body["id"]);
}

/** Sets a switch of the control plane, or does an act there, and returns its JSON. */
export async function control(
  sandbox: SandboxHost,
  method: "POST" | "PUT",
  path: string,
  body: unknown = {},
): Promise<Record<string, unknown>> {
  const init = { method, body: JSON.stringify(body) };
  const response = await sandbox.request(`/sandbox${path}`, init);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return z.record(z.string(), z.unknown()).parse(await response.json());
}

/** What the SDK throws, as plain fields. */
export async function errorOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) {
      const { statusCode: status, code, param, message, decline_code, rawType: type } = error;
      return { status, type, code, param, message, decline_code };
    }
    throw error;
  }
  throw new Error("the call was expected to fail");
}
