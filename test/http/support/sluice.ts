/**
 * A whole Sluice for one test file, spoken to over HTTP alone: start it, act as a merchant or as a
 * shopper, make a sale that sells, get in, order, and wait until something is so.
 *
 * Guarantee: an answer is handed over as it came: status, headers, and the JSON that was in it.
 * One that the OpenAPI document does not declare fails the test. Not for judging answers further:
 * that is what the tests are there for.
 */
import { Agent, fetch, Headers } from "undici";
import { vi } from "vitest";
import { z } from "zod";
import * as answers from "../../../simulation/crowd/gate-answers.ts";
import { loadContract } from "../../../simulation/host/contract.ts";
import { type Host, type HostOptions, startHost } from "../../../simulation/host/host.ts";

export type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";

export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is; says nothing about its type. */
  readonly raw?: string | ReadableStream;
}

export interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  /** Empty when there was no JSON object in it. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** Paths begin after `/_sluice/v1` for shoppers and after `/_sluice/admin/v1` for the merchant. */
export interface Sluice {
  readonly host: Host;
  ask(method: Method, path: string, asked?: Asked): Promise<Answer>;
  shopper(method: Method, path: string, asked?: Asked): Promise<Answer>;
  merchant(method: Method, path: string, body?: unknown): Promise<Answer>;
  sandbox(method: Method, path: string, body?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * The runtime hangs up on a connection that was idle for five seconds. On a busy machine Node may
 * notice only after it has sent the next request there, so connections are let go long before.
 */
export const connections = new Agent({ keepAliveTimeout: 1000, keepAliveMaxTimeout: 1000 });

const jsonObject = z.record(z.string(), z.unknown());

async function send(url: string, method: Method, asked: Asked): Promise<Answer> {
  const headers = new Headers(asked.headers);
  if (asked.body !== undefined) headers.set("content-type", "application/json");
  const body = asked.body === undefined ? asked.raw : JSON.stringify(asked.body);
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
  const ask: Sluice["ask"] = async (method, path, asked = {}) => {
    const answer = await send(host.gateUrl + path, method, asked);
    const fault = contract.faultIn(method, path, answer);
    if (fault !== null) throw new Error(fault);
    return answer;
  };
  return {
    host,
    ask,
    shopper: (method, path, asked) => ask(method, `/_sluice/v1${path}`, asked),
    merchant: (method, path, body) => {
      return ask(method, `/_sluice/admin/v1${path}`, { body, headers: { authorization } });
    },
    sandbox: (method, path, body) => send(host.sandboxUrl + path, method, { body }),
    stop: host.stop,
  };
}

const POLL_MS = 50;
const PATIENCE_MS = 30_000;

/** Asks until the answer is good, and gives it; when it never is, fails with the last answer. */
export function until<Value>(
  ask: () => Promise<Value>,
  isGood: (value: Value) => boolean,
  patience_ms = PATIENCE_MS,
): Promise<Value> {
  const attempt = async (): Promise<Value> => {
    const value = await ask();
    if (!isGood(value)) throw new Error(`still ${JSON.stringify(value)}`);
    return value;
  };
  return vi.waitFor(attempt, { timeout: patience_ms, interval: POLL_MS });
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

/** Two SKUs; on since an hour ago, and as fast as it can be. */
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

/** Times to be put into a document, reckoned when they are: this module outlives a test file. */
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

/** Lets a shopper in: at once where nobody waits, else through the line. */
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

/** An order that fits its schema: one shoe, paid by a card that works. */
export function orderBody(sale: string, change: Readonly<Record<string, unknown>> = {}) {
  return {
    sale,
    lines: [{ sku: `${sale}-shoe`, quantity: 1 }],
    buyer: { email: "ann@shoppers.example" },
    payment: { method: "pm_card_visa" },
    ...change,
  };
}

export function placeOrder(
  sluice: Sluice,
  headers: Readonly<Record<string, string>>,
  key: string,
  body: unknown,
): Promise<Answer> {
  return sluice.shopper("POST", "/orders", {
    headers: { ...headers, "idempotency-key": key },
    body,
  });
}

const accepted = z.object({ order: z.object({ id: z.string() }), statusUrl: z.string() });

/** Of a 202: the order's id, and its address without scheme and host. */
export function acceptedOrder(answer: Answer): { readonly id: string; readonly path: string } {
  const { order, statusUrl } = accepted.parse(answer.body);
  const { pathname, search } = new URL(statusUrl);
  return { id: order.id, path: pathname + search };
}

/** Follows an order to its final state, the way its buyer does. */
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

/** All that a request might have changed: the figures of room, stock and book, and every row. */
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
