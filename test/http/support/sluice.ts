/**
 * A whole Sluice for one test file, used over HTTP only: start it, send requests as a merchant or a
 * shopper, create a sale, get in, order, and wait for a condition.
 *
 * Guarantee: an answer is returned unchanged: status, headers, and its JSON. One that the OpenAPI
 * document does not declare fails the test; anything else is for the tests to check.
 */
import { createHash } from "node:crypto";
import { Agent, fetch, Headers } from "undici";
import { vi } from "vitest";
import { z } from "zod";
import * as answers from "../../../simulation/crowd/gate-answers.ts";
import { loadContract } from "../../../simulation/host/contract.ts";
import { type Host, type HostOptions, startHost } from "../../../simulation/host/host.ts";
import { keyNamed } from "../../node/support/keys.ts";

export type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";

export interface RequestParts {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent unchanged, without a content type. */
  readonly raw?: string | ReadableStream;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  /** Empty when the answer has no JSON object. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Paths come after `/_sluice/v1` for shoppers and after `/_sluice/admin/v1` for the merchant. */
export interface Sluice {
  readonly host: Host;
  ask(method: Method, path: string, parts?: RequestParts): Promise<Answer>;
  shopper(method: Method, path: string, parts?: RequestParts): Promise<Answer>;
  merchant(method: Method, path: string, body?: unknown): Promise<Answer>;
  sandbox(method: Method, path: string, body?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * The runtime closes a connection that was idle for five seconds. On a busy machine Node may notice
 * this only after it has sent the next request, so connections are closed much earlier.
 */
export const connections = new Agent({ keepAliveTimeout: 1000, keepAliveMaxTimeout: 1000 });

const jsonObject = z.record(z.string(), z.unknown());

async function send(url: string, method: Method, parts: RequestParts): Promise<Answer> {
  const headers = new Headers(parts.headers);
  if (parts.body !== undefined) headers.set("content-type", "application/json");
  const body = parts.body === undefined ? parts.raw : JSON.stringify(parts.body);
  const response = await fetch(url, {
    method,
    headers,
    redirect: "manual",
    dispatcher: connections,
    ...(body === undefined ? {} : { body, duplex: "half" }),
  });
  const text = await response.text();
  const type = response.headers.get("content-type");
  const json = type?.includes("json") === true ? jsonObject.parse(JSON.parse(text)) : {};
  return { status: response.status, type, headers: response.headers, body: json };
}

export async function startSluice(options: HostOptions = {}): Promise<Sluice> {
  const host = await startHost({ folder: null, port: 0, sandboxPort: 0, ...options });
  const authorization = `Bearer ${host.adminToken}`;
  const contract = await loadContract();
  const ask: Sluice["ask"] = async (method, path, parts = {}) => {
    const answer = await send(host.gateUrl + path, method, parts);
    const fault = contract.faultIn(method, path, answer);
    if (fault !== null) throw new Error(fault);
    return answer;
  };
  return {
    host,
    ask,
    shopper: (method, path, parts) => ask(method, `/_sluice/v1${path}`, parts),
    merchant: (method, path, body) => {
      return ask(method, `/_sluice/admin/v1${path}`, { body, headers: { authorization } });
    },
    sandbox: (method, path, body) => send(host.sandboxUrl + path, method, { body }),
    stop: host.stop,
  };
}

const POLL_MS = 50;
const UNTIL_TIMEOUT_MS = 30_000;

/** Repeats the call until its value is good, and returns that; fails with the last value. */
export function until<Value>(
  ask: () => Promise<Value>,
  isGood: (value: Value) => boolean,
  timeout_ms = UNTIL_TIMEOUT_MS,
): Promise<Value> {
  const attempt = async (): Promise<Value> => {
    const value = await ask();
    if (!isGood(value)) throw new Error(`still ${JSON.stringify(value)}`);
    return value;
  };
  return vi.waitFor(attempt, { timeout: timeout_ms, interval: POLL_MS });
}

export function textOf(answer: Answer, field: string): string {
  const value = answer.body[field];
  if (typeof value === "string") return value;
  throw new Error(`no ${field} in ${answer.status} ${JSON.stringify(answer.body)}`);
}

const HOUR_MS = 3_600_000;

export function fromNow(delta_ms: number): string {
  return new Date(Date.now() + delta_ms).toISOString();
}

/** A sale with two SKUs that started an hour ago, at the maximum rate. */
export function saleDocument(id: string, change: Readonly<Record<string, unknown>> = {}) {
  return {
    id,
    title: `The sale ${id}`,
    currency: "EUR",
    opensAt: fromNow(-2 * HOUR_MS),
    startsAt: fromNow(-HOUR_MS),
    endsAt: fromNow(HOUR_MS),
    items: [
      { sku: `${id}-shoe`, name: "A shoe", price: 12_900, stock: 10, limitPerBuyer: 2 },
      { sku: `${id}-sock`, name: "A sock", price: 900, stock: 3, buffer: 1, limitPerBuyer: 1 },
    ],
    admission: { ratePerMinute: 1_000_000, maxActive: 1000, overcall: 1000 },
    expectedShoppers: 100,
    ...change,
  };
}

/** Times of a document, computed when read, because this module outlives a test file. */
const startingSoon = (opensIn_ms: number) => ({
  get opensAt() {
    return fromNow(opensIn_ms);
  },
  get startsAt() {
    return fromNow(HOUR_MS / 2);
  },
});
export const PREQUEUE = startingSoon(-HOUR_MS);
export const NOT_OPEN = startingSoon(HOUR_MS / 3);

export async function makeSale(
  sluice: Sluice,
  id: string,
  change: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const made = await sluice.merchant("PUT", `/sales/${id}`, saleDocument(id, change));
  if (made.status !== 201) throw new Error(`${made.status} ${JSON.stringify(made.body)}`);
}

/** Lets a shopper in: at once if nobody waits, otherwise through the line. */
export async function admit(sluice: Sluice, sale: string): Promise<Record<string, string>> {
  const joined = await sluice.shopper("POST", `/sales/${sale}/tickets`);
  if (typeof joined.body["admission"] === "string") {
    return { "sluice-admission": joined.body["admission"] };
  }
  const headers = { "sluice-ticket": textOf(joined, "ticket") };
  const claimed = await until(
    () => sluice.shopper("POST", `/sales/${sale}/admissions`, { headers }),
    ({ status }) => status === 201,
  );
  return { "sluice-admission": textOf(claimed, "admission") };
}

const PRICES: Readonly<Record<string, number>> = { shoe: 12_900, sock: 900 };
const orderedLines = z.array(z.object({ sku: z.string(), quantity: z.number() }));

/** What lines of `saleDocument` cost; 0 for lines that are none. */
function totalOf(lines: unknown): number {
  const read = orderedLines.safeParse(lines);
  const priced = read.data ?? [];
  return priced.reduce((sum, { sku, quantity }) => {
    return sum + quantity * (PRICES[sku.slice(sku.lastIndexOf("-") + 1)] ?? 0);
  }, 0);
}

/** The same for the same buyer, because a sale counts buyers by their card too. */
function cardOfBuyer(buyer: unknown): string {
  const digest = createHash("sha256").update(JSON.stringify(buyer)).digest();
  return `pm_sandbox_visa_${digest.readUInt32BE(0) % 10 ** 8}`;
}

/** A valid order: one shoe, paid with a card that works. */
export function orderBody(sale: string, change: Readonly<Record<string, unknown>> = {}) {
  const lines = change["lines"] ?? [{ sku: `${sale}-shoe`, quantity: 1 }];
  const buyer = change["buyer"] ?? { email: "ann@shoppers.example" };
  const payment = { method: cardOfBuyer(buyer) };
  return { sale, lines, expectedTotal: totalOf(lines), buyer, payment, ...change };
}

/** @param key the name of an idempotency key */
export function placeOrder(
  sluice: Sluice,
  headers: Readonly<Record<string, string>>,
  key: string,
  body: unknown,
): Promise<Answer> {
  return sluice.shopper("POST", "/orders", {
    headers: { ...headers, "idempotency-key": keyNamed(key) },
    body,
  });
}

const accepted = z.object({ order: z.object({ id: z.string() }), statusUrl: z.string() });

/** The order's id and its URL without the origin, from a 202. */
export function acceptedOrder(answer: Answer): { readonly id: string; readonly path: string } {
  const { order, statusUrl } = accepted.parse(answer.body);
  const { pathname, search } = new URL(statusUrl);
  return { id: order.id, path: pathname + search };
}

/** Polls an order until its final state, like its buyer. */
export function finalOrder(sluice: Sluice, placed: Answer): Promise<Answer> {
  const { path } = acceptedOrder(placed);
  return until(
    () => sluice.ask("GET", path),
    ({ body }) => body["final"] === true,
  );
}

export async function auditOf(sluice: Sluice, sale: string): Promise<answers.Audit> {
  return answers.auditSchema.parse((await sluice.merchant("GET", `/sales/${sale}/audit`)).body);
}

export async function ledgerOf(sluice: Sluice, sku: string): Promise<answers.LedgerRow[]> {
  const page = await sluice.merchant("GET", `/skus/${sku}/ledger`);
  return answers.ledgerPageSchema.parse(page.body).rows;
}

/** Everything that a request could change: the audit, the ledgers and the sale. */
export async function stateOf(sluice: Sluice, sale: string): Promise<unknown> {
  const [audit, shoes, socks, read] = await Promise.all([
    auditOf(sluice, sale),
    ledgerOf(sluice, `${sale}-shoe`),
    ledgerOf(sluice, `${sale}-sock`),
    sluice.merchant("GET", `/sales/${sale}`),
  ]);
  const { sale: document, message, phase } = read.body;
  return { audit, ledgers: [shoes, socks], document, message, phase };
}
