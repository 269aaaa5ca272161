/**
 * The sale that goes on while versions change: shoppers who buy, decline, wait and only fill a
 * cart, and what each of them has to be able to read afterwards.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";

export interface Place {
  readonly gate: string;
  readonly sandbox: string;
  readonly adminToken: string;
}

export const SALE = "back-and-forth";
const SKU = "BACK-1";
export const STOCK = 300;
const PRICE = 12_900;
/** Such as a payment of an order that waits for its shopper. */
const METHODS = ["pm_card_visa", "pm_card_visa_chargeDeclined", "pm_card_visa"] as const;

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type Call = { readonly body?: unknown; readonly headers?: Record<string, string> };

const json = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

/** Status 0: no answer. */
export async function call(method: string, url: string, options: Call = {}): Promise<Answer> {
  const { body, headers = {} } = options;
  try {
    const response = await fetch(url, {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    return { status: response.status, body: json(await response.text()) };
  } catch (error) {
    return { status: 0, body: String(error) };
  }
}

const bearer = ({ adminToken }: Place) => ({ Authorization: `Bearer ${adminToken}` });

export function asMerchant(place: Place, method: string, path: string, body?: unknown) {
  const headers = bearer(place);
  return call(method, `${place.gate}/_sluice/admin/v1${path}`, { headers, body });
}

export async function createSale(place: Place): Promise<Answer> {
  const now = Date.now();
  const at = (offset_ms: number): string => new Date(now + offset_ms).toISOString();
  return asMerchant(place, "PUT", `/sales/${SALE}`, {
    id: SALE,
    title: "Back and forth",
    currency: "EUR",
    opensAt: at(-60_000),
    startsAt: at(-30_000),
    endsAt: at(24 * 3_600_000),
    items: [{ sku: SKU, name: "Shoe", price: PRICE, stock: STOCK, limitPerBuyer: 50 }],
    admission: { ratePerMinute: 6000, maxActive: 300, sessionSeconds: 3600, overcall: 100 },
  });
}

/** With faults no payment gets through, so orders stay in the middle of their saga. */
export function setFaults({ sandbox }: Place, on: boolean): Promise<Answer> {
  const body = { rate: 1, kinds: ["error_before"] };
  return call(on ? "PUT" : "DELETE", `${sandbox}/sandbox/faults`, on ? { body } : {});
}

/** Something that was stored for a shopper, and how it is read. */
export interface Kept {
  readonly what: "order" | "cart" | "receipt";
  readonly url: string;
  readonly headers: Record<string, string>;
}

const admittedSchema = z.looseObject({ admission: z.string().nullable().optional() });
const orderedSchema = z.looseObject({ statusUrl: z.string() });

type Visit =
  | { readonly kind: "bought"; readonly kept: readonly Kept[] }
  | { readonly kind: "refused"; readonly answer: Answer };

/** One shopper. Every fourth only fills a cart. */
export async function visit(place: Place, nth: number): Promise<Visit> {
  const base = `${place.gate}/_sluice/v1`;
  const joined = await call("POST", `${base}/sales/${SALE}/tickets`);
  const { admission } = admittedSchema.safeParse(joined.body).data ?? {};
  if (typeof admission !== "string") return { kind: "refused", answer: joined };
  const headers = { "Sluice-Admission": admission };
  const lines = [{ sku: SKU, quantity: 1 }];
  const cart = { what: "cart", url: `${base}/sales/${SALE}/cart`, headers } as const;
  const held = await call("PUT", cart.url, { headers, body: { lines } });
  if (held.status !== 200) return { kind: "refused", answer: held };
  if (nth % 4 === 3) return { kind: "bought", kept: [cart] };
  const ordered = await call("POST", `${base}/orders`, {
    headers: { ...headers, "Idempotency-Key": randomUUID() },
    body: {
      sale: SALE,
      lines,
      expectedTotal: PRICE,
      buyer: { email: `buyer-${nth}@example.com` },
      payment: { method: METHODS[nth % METHODS.length] },
    },
  });
  const order = orderedSchema.safeParse(ordered.body).data;
  if (ordered.status !== 202 || order === undefined) {
    return { kind: "refused", answer: ordered };
  }
  const url = new URL(order.statusUrl, place.gate);
  const receipt = new URL(url);
  receipt.pathname += "/receipt";
  const kept: Kept[] = [
    { what: "order", url: url.href, headers },
    { what: "receipt", url: receipt.href, headers },
  ];
  return { kind: "bought", kept };
}
