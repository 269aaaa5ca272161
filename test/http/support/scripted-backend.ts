/**
 * A server with scripted answers, and HTTP adapters that call it.
 *
 * Guarantee: each script answers one request, in order; requests and the troubles that the adapters
 * reported are kept until `next` is called.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { httpOrders } from "../../../queues/backends/http-orders.ts";
import { httpPayments } from "../../../queues/backends/http-payment.ts";
import type { OrderBackend } from "../../../src/domain/order/order-backend.ts";
import type { SignedHttpSettings, Trouble } from "../../../queues/backends/signed-http.ts";
import { readSecrets } from "../../../src/webhooks/signature.ts";
import { type OrderIntent, PLAIN_INTENT, PLAIN_LINE } from "../../../src/domain/order/order.ts";
import type { PaymentBackend } from "../../../src/domain/order/payment-backend.ts";
import { paidOrder } from "../../node/support/paid-order.ts";

export type Script = (response: ServerResponse) => void;

export const TIMEOUT_MS = 400;
export const NEW_SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";
export const OLD_SECRET = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4";
export const NOW = Date.parse("2026-11-27T10:00:00Z");

export interface Sent {
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface ScriptedBackend {
  readonly url: string;
  readonly sent: Sent[];
  readonly troubles: Trouble[];
  readonly orders: OrderBackend;
  readonly payments: PaymentBackend;
  /** Sets the answers to the next requests, and clears `sent` and `troubles`. */
  next(...answers: Script[]): void;
  settings(change?: Partial<SignedHttpSettings>): SignedHttpSettings;
  stop(): void;
}

const headersSchema = z.record(z.string(), z.string());

export async function startScriptedBackend(): Promise<ScriptedBackend> {
  const sent: Sent[] = [];
  const troubles: Trouble[] = [];
  let script: Script[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = headersSchema.parse(request.headers);
      sent.push({ headers, body: Buffer.concat(chunks).toString() });
      script.shift()?.(response);
    });
  });
  const url = await listening(server);
  const settings = (change: Partial<SignedHttpSettings> = {}): SignedHttpSettings => {
    let ids = 0;
    return {
      url,
      secrets: secretsOf(`${NEW_SECRET} ${OLD_SECRET}`),
      timeout_ms: TIMEOUT_MS,
      allowHttp: false,
      now: () => NOW,
      newId: () => `id-${(ids += 1)}`,
      onTrouble: (trouble) => troubles.push(trouble),
      ...change,
    };
  };
  return {
    url,
    sent,
    troubles,
    payments: httpPayments(settings()),
    orders: httpOrders(settings()),
    settings,
    next: (...answers) => {
      script = answers;
      sent.length = 0;
      troubles.length = 0;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  return `http://127.0.0.1:${port}/sluice`;
}

export function secretsOf(text: string): readonly Uint8Array<ArrayBuffer>[] {
  const read = readSecrets(text);
  if (read.kind === "bad") throw new Error(read.why);
  return read.secrets;
}

export function respondWith(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Script {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return (response) => response.writeHead(status, headers).end(text);
}

export const money = { amount: 1234, currency: "EUR" };
export const key = "ord_1:step:0";
export const paymentId = "pay_1";

export type Operation = Exclude<keyof PaymentBackend, "name">;
export const CHANGES = ["prepare", "authorize", "capture", "void", "refund", "refundPart"] as const;
export const ALL: readonly Operation[] = [...CHANGES, "settlement", "lookup"];

/** Calls one of the operations with a valid request. */
export function ask(payments: PaymentBackend, operation: Operation) {
  switch (operation) {
    case "prepare":
      return payments.prepare({ order: paidOrder(), money, key });
    case "authorize": {
      const returnUrl = "https://a.example";
      return payments.authorize({ paymentId, method: "test_approve", returnUrl, key });
    }
    case "capture":
      return payments.capture({ paymentId, money, key });
    case "void":
      return payments.void({ paymentId, key });
    case "refund":
      return payments.refund({ paymentId, key });
    case "refundPart":
      return payments.refundPart({ paymentId, refundId: "rf_1", money, key });
    case "settlement":
      return payments.settlement({ paymentId, currency: money.currency });
    case "lookup":
      return payments.lookup({ paymentId });
  }
}

/** The outcome of every operation of both contracts for the same answer. */
export async function kindsOf(backend: ScriptedBackend, answer: Script): Promise<Kinds> {
  const kinds: Record<string, string> = {};
  for (const operation of ALL) {
    backend.next(answer);
    kinds[operation] = (await ask(backend.payments, operation)).kind;
  }
  backend.next(answer, answer);
  kinds["book"] = (await backend.orders.book(orderIntent(), NOW)).kind;
  kinds["cancel"] = (await backend.orders.cancel(orderIntent(), NOW)).kind;
  return kinds;
}

type Kinds = Readonly<Record<string, string>>;

export const ALL_UNKNOWN: Kinds = Object.fromEntries(
  [...ALL, "book", "cancel"].map((operation) => [operation, "unknown"]),
);

/** An order as the pipeline passes it to an order backend. */
export function orderIntent(): OrderIntent {
  const placedAt_ms = Date.parse("2026-11-27T10:00:00Z");
  const line = { sku: "AIR-42", name: "Air One, 42", quantity: 1, price: 12_900, limitPerBuyer: 1 };
  return {
    ...PLAIN_INTENT,
    id: "ord_1",
    sale: "air-one",
    buyer: "customer-1",
    admission: "secret-admission",
    ordersPerAdmission: 1,
    holdUntil_ms: placedAt_ms + 600_000,
    lines: [{ ...line, ...PLAIN_LINE }],
    total: 12_900,
    currency: "EUR",
    email: "ann@shoppers.example",
    name: null,
    shipTo: { city: "Bern" },
    paymentMethod: "secret-method",
    returnUrl: "https://shop.example/return",
    fingerprint: "secret-fingerprint",
    viewKey: "secret-key",
    placedAt_ms,
  };
}
