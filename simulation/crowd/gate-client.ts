/**
 * A typed HTTP client of the gate, for programs that act as shoppers and merchants.
 *
 * Guarantee: a call never throws because of a server or a network. The result is one value:
 * `answered`, `refused` with the problem's code, `unreadable`, or `unreachable`; callers decide
 * what to repeat, and with which key. Every answer is parsed here and nowhere else.
 *
 * The latencies passed to `onTiming` include the wait for a free connection, because a shopper
 * waits for that too.
 *
 * Not for: browsers (no cookies), or sales behind a bot check.
 */
import { Pool } from "undici";
import { z } from "zod";
import { errorText } from "../../src/encoding/error-text.ts";
import { parseJson } from "../../src/encoding/json.ts";
import { retryAfter_s } from "../../src/encoding/retry-after.ts";
import * as answers from "./gate-answers.ts";

export type Answer<T> =
  | { readonly kind: "answered"; readonly status: number; readonly code: null; readonly body: T }
  | {
      readonly kind: "refused";
      readonly status: number;
      readonly code: string;
      readonly body: answers.Problem;
      /** From `Retry-After`. */
      readonly retryAfter_s: number | null;
    }
  /** There was an answer, but its body does not match the contract. */
  | {
      readonly kind: "unreadable";
      readonly status: number;
      readonly code: "unreadable";
      readonly body: null;
      readonly reason: string;
    }
  /** No answer: connection refused or reset, or a timeout. The server may or may not have acted. */
  | {
      readonly kind: "unreachable";
      readonly status: 0;
      readonly code: "unreachable";
      readonly body: null;
      readonly reason: string;
    };

export interface Timing {
  /** Method and path template, such as `GET /sales/{sale}/status`. */
  readonly route: string;
  /** 0 when there was no answer. */
  readonly status: number;
  readonly elapsed_ms: number;
}

export interface GateClientOptions {
  /** Scheme, host and port of the gate. */
  readonly url: string;
  readonly adminToken?: string;
  readonly connectionsMax?: number;
  readonly timeout_ms?: number;
  readonly onTiming?: (timing: Timing) => void;
}

/** The tokens that a shopper sends as headers. */
export interface Carried {
  readonly ticket?: string | undefined;
  readonly admission?: string | undefined;
}

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

export interface OrderRequest {
  readonly sale: string;
  readonly lines: readonly Line[];
  /** The total of a quote: another one is refused. */
  readonly expectedTotal: number;
  readonly buyer: { readonly email: string; readonly name?: string };
  readonly payment: { readonly method: string };
}

interface Call<T> {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  readonly route: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly schema: z.ZodType<T>;
}

const TIMEOUT_MS = 15_000;
const CONNECTIONS_MAX = 128;
const SHOPPERS = "/_sluice/v1";
const MERCHANTS = "/_sluice/admin/v1";
const nothingSchema = z.unknown().transform(() => null);

export type GateClient = ReturnType<typeof createGateClient>;

export function createGateClient(options: GateClientOptions) {
  const ask = createAsk(options);
  const admin = { authorization: `Bearer ${options.adminToken ?? ""}` };
  return { shopper: shopperCalls(ask.ask), merchant: merchantCalls(ask.ask, admin), ...ask };
}

export type Ask = <T>(call: Call<T>) => Promise<Answer<T>>;

function createAsk(options: GateClientOptions) {
  const timeout_ms = options.timeout_ms ?? TIMEOUT_MS;
  const pool = new Pool(new URL(options.url).origin, {
    connections: options.connectionsMax ?? CONNECTIONS_MAX,
    pipelining: 1,
    connectTimeout: timeout_ms,
    headersTimeout: timeout_ms,
    bodyTimeout: timeout_ms,
    keepAliveTimeout: 30_000,
  });
  const ask: Ask = async (call) => {
    const startedAt = performance.now();
    const answer = await exchange(pool, call);
    const elapsed_ms = performance.now() - startedAt;
    options.onTiming?.({ route: call.route, status: answer.status, elapsed_ms });
    return answer;
  };
  return { ask, close: () => pool.destroy() };
}

async function exchange<T>(pool: Pool, call: Call<T>): Promise<Answer<T>> {
  const headers: Record<string, string> = { accept: "application/json", ...call.headers };
  let body: string | null = null;
  if (call.body !== undefined) {
    headers["content-type"] = "application/json";
    body = JSON.stringify(call.body);
  }
  try {
    const response = await pool.request({ method: call.method, path: call.path, headers, body });
    const text = await response.body.text();
    return read(response.statusCode, text, response.headers["retry-after"], call.schema);
  } catch (error) {
    const reason = errorText(error);
    return { kind: "unreachable", status: 0, code: "unreachable", body: null, reason };
  }
}

function read<T>(
  status: number,
  text: string,
  retryAfter: string | string[] | undefined,
  schema: z.ZodType<T>,
): Answer<T> {
  const unreadable = (reason: string): Answer<T> => {
    return { kind: "unreadable", status, code: "unreadable", body: null, reason };
  };
  const json = text === "" ? null : parseJson(text);
  if (json === undefined) return unreadable(`not JSON: ${text.slice(0, 120)}`);
  if (status >= 200 && status < 300) {
    const parsed = schema.safeParse(json);
    if (parsed.success) return { kind: "answered", status, code: null, body: parsed.data };
    return unreadable(z.prettifyError(parsed.error));
  }
  const problem = answers.problemSchema.safeParse(json);
  if (!problem.success) return unreadable(`no problem document: ${text.slice(0, 120)}`);
  const { code } = problem.data;
  const after_s = typeof retryAfter === "string" ? retryAfter_s(retryAfter, Date.now()) : null;
  return { kind: "refused", status, code, body: problem.data, retryAfter_s: after_s };
}

function headersOf(carried: Carried): Record<string, string> {
  const headers: Record<string, string> = {};
  if (carried.ticket !== undefined) headers["sluice-ticket"] = carried.ticket;
  if (carried.admission !== undefined) headers["sluice-admission"] = carried.admission;
  return headers;
}

function shopperCalls(ask: Ask) {
  type Method = Call<unknown>["method"];
  const call = <T>(
    method: Method,
    route: string,
    path: string,
    carried: Carried,
    schema: z.ZodType<T>,
    more: { readonly headers?: Record<string, string>; readonly body?: unknown } = {},
  ) => {
    const headers = { ...headersOf(carried), ...more.headers };
    const whole = { method, route: `${method} ${route}`, path: `${SHOPPERS}${path}`, headers };
    return ask({ ...whole, body: more.body, schema });
  };
  const empty = { body: {} };
  return {
    sale: (sale: string) =>
      call("GET", "/sales/{sale}", `/sales/${sale}`, {}, answers.publicSaleSchema),
    join: (sale: string, carried: Carried) => {
      const path = `/sales/${sale}/tickets`;
      return call("POST", "/sales/{sale}/tickets", path, carried, answers.joinedSchema, empty);
    },
    standing: (sale: string, carried: Carried) => {
      const path = `/sales/${sale}/status`;
      return call("GET", "/sales/{sale}/status", path, carried, answers.standingSchema);
    },
    claim: (sale: string, carried: Carried) => {
      const path = `/sales/${sale}/admissions`;
      return call("POST", "/sales/{sale}/admissions", path, carried, answers.admittedSchema, empty);
    },
    leave: (sale: string, carried: Carried) => {
      const path = `/sales/${sale}/admissions/current`;
      const route = "/sales/{sale}/admissions/current";
      return call("DELETE", route, path, carried, nothingSchema);
    },
    setCart: (sale: string, carried: Carried, lines: readonly Line[]) => {
      const body = { body: { lines } };
      return call(
        "PUT",
        "/sales/{sale}/cart",
        `/sales/${sale}/cart`,
        carried,
        answers.cartSchema,
        body,
      );
    },
    quote: (sale: string, carried: Carried, lines: readonly Line[]) =>
      call("POST", "/sales/{sale}/quotes", `/sales/${sale}/quotes`, carried, answers.quoteSchema, {
        body: { lines },
      }),
    placeOrder: (carried: Carried, key: string, body: OrderRequest) => {
      const more = { headers: { "idempotency-key": key }, body };
      return call("POST", "/orders", "/orders", carried, answers.acceptedSchema, more);
    },
    /** `statusUrl` is from the 202 of `placeOrder`; only its path and query are used. */
    orderAt: (statusUrl: string, carried: Carried) => {
      const url = new URL(statusUrl, "http://gate.invalid");
      const path = `${url.pathname}${url.search}`.replace(SHOPPERS, "");
      return call("GET", "/orders/{id}", path, carried, answers.orderSchema);
    },
    cohort: (sale: string, lane: string, k: number) => {
      const path = `/sales/${sale}/cohorts/${lane}/${k}`;
      return call("GET", "/sales/{sale}/cohorts/{lane}/{k}", path, {}, answers.manifestSchema);
    },
    fairness: (sale: string) => {
      const path = `/sales/${sale}/fairness`;
      return call("GET", "/sales/{sale}/fairness", path, {}, answers.fairnessSchema);
    },
  };
}

function merchantCalls(ask: Ask, headers: Record<string, string>) {
  const call = <T>(
    method: Call<T>["method"],
    route: string,
    path: string,
    schema: z.ZodType<T>,
    body?: unknown,
  ) => {
    const named = `${method} admin ${route}`;
    return ask({ method, route: named, path: `${MERCHANTS}${path}`, headers, body, schema });
  };
  return {
    putSale: (sale: string, document: unknown) => {
      return call("PUT", "/sales/{sale}", `/sales/${sale}`, nothingSchema, document);
    },
    sale: (sale: string) => {
      return call("GET", "/sales/{sale}", `/sales/${sale}`, answers.merchantSaleSchema);
    },
    act: (sale: string, action: "open" | "start" | "pause" | "resume" | "end") => {
      const path = `/sales/${sale}/actions`;
      return call("POST", "/sales/{sale}/actions", path, nothingSchema, { action });
    },
    audit: (sale: string) => {
      return call("GET", "/sales/{sale}/audit", `/sales/${sale}/audit`, answers.auditSchema);
    },
    ledgerPage: (sku: string, after: number) => {
      const path = `/skus/${encodeURIComponent(sku)}/ledger?after=${after}`;
      return call("GET", "/skus/{sku}/ledger", path, answers.ledgerPageSchema);
    },
    orderPage: (sale: string, after: string | null) => {
      const from = after === null ? "" : `&after=${encodeURIComponent(after)}`;
      const path = `/orders?sale=${sale}${from}`;
      return call("GET", "/orders", path, answers.orderPageSchema);
    },
    order: (id: string) => {
      return call("GET", "/orders/{id}", `/orders/${id}`, answers.orderWithHistorySchema);
    },
  };
}

/** True when the same request with the same key may succeed later. */
export function worthRepeating(answer: Answer<unknown>): boolean {
  return answer.kind === "unreachable" || answer.status >= 500 || answer.status === 429;
}
