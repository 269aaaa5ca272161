/**
 * The rows of the benchmark; each is a source of requests.
 *
 * The rows of a shop depend on each other like a shopper's steps: joining gives admissions, holds
 * use admissions, orders use holds. What a slice needs and does not have is prepared before it,
 * outside the measured time.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { PLACING_RETRY_MS } from "../src/domain/limits.ts";
import { signAgain } from "./baseline-token.ts";
import type { BenchRequest } from "./load.ts";
import type { Line } from "./line.ts";
import { PRICE, type Shop } from "./sales.ts";

export type Side = "gate" | "baseline";

export interface Target {
  readonly name: string;
  readonly side: Side;
  readonly expectedStatus: number;
  /** Its baselines: the rows with the minimum work for the same kind of request. */
  readonly against: readonly string[];
  /** Prepares this number of requests; each preparation is sent before the next is generated. */
  readonly prepare?: (count: number) => Iterable<Preparation>;
  readonly next: () => BenchRequest | null;
  /** Requests that clean up after a slice, so that it leaves no work for later ones. */
  readonly tidy?: () => readonly BenchRequest[];
  /** How long background work continues after a slice; nothing is measured during that time. */
  readonly rest_ms?: number;
}

/** Requests sent before a slice, not measured; to the gate, unless `side` is given. */
export interface Preparation {
  readonly side?: Side;
  readonly requests: readonly BenchRequest[];
  readonly expectedStatus: number;
}

const JSON_HEADERS = { "content-type": "application/json" };
const SHOPPERS = "/_sluice/v1";

const admittedSchema = z.object({ admission: z.string() });
const acceptedSchema = z.object({ order: z.object({ id: z.string() }) });

/** Names of the rows that are baselines of others. */
export const ROUTE = "bare Hono route";
export const SIGNED = "Hono route, one HMAC";
export const CALL = "bare object call";
export const ROW = "one durable row";
export const ROW_AGAIN = "one durable row, again";
export const NEW_ROW = "one row, new object";

export const BASELINE_TARGETS = {
  route: baseline(ROUTE, "GET", () => "/route"),
  call: baseline(CALL, "POST", () => "/call"),
  row: baseline(ROW, "POST", () => "/row"),
  rowAgain: baseline(ROW_AGAIN, "POST", () => "/row"),
  newRow: baseline(NEW_ROW, "POST", () => `/row/${randomUUID()}`),
};

/** Sent to the baseline Worker, so that only the SkuStock is measured. */
const AT_THE_STOCK = { side: "baseline", expectedStatus: 200, against: [ROW] } as const;

function baseline(name: string, method: "GET" | "POST", path: () => string): Target {
  const next = (): BenchRequest => ({ method, path: path(), headers: {}, body: null });
  return { name, side: "baseline", expectedStatus: 200, against: [], next };
}

/** Polls in a line: with tickets that the isolate has cached, and with others. */
export async function pollTargets({ sale, places, tickets, uncachedTickets }: Line) {
  const resigned = await Promise.all(tickets.map(signAgain));
  const signed: Target = {
    name: SIGNED,
    side: "baseline",
    expectedStatus: 200,
    against: [],
    next: takeTurns(resigned, (ticket) => get("/signed", ticket)),
  };
  const poll = (ticket: string): BenchRequest => {
    return get(`${SHOPPERS}/sales/${sale}/status`, ticket);
  };
  const status = (name: string, polling: readonly string[]): Target => ({
    name: `${name}, line of ${places.toLocaleString("en")}`,
    side: "gate",
    expectedStatus: 200,
    against: [SIGNED],
    next: takeTurns(polling, poll),
  });
  return { signed, again: status("poll", tickets), first: status("first poll", uncachedTickets) };
}

export function joinTarget({ sale }: Line): Target {
  const next = (): BenchRequest => joinRequest(sale);
  return { name: "join", side: "gate", expectedStatus: 201, against: [CALL], next };
}

function get(path: string, ticket: string): BenchRequest {
  return { method: "GET", path, headers: { "sluice-ticket": ticket }, body: null };
}

function takeTurns<Value>(
  values: readonly Value[],
  requestOf: (value: Value) => BenchRequest,
): () => BenchRequest | null {
  let turn = 0;
  return () => {
    const value = values[turn % values.length];
    turn += 1;
    return value === undefined ? null : requestOf(value);
  };
}

function joinRequest(sale: string, onAnswer?: (text: string) => void): BenchRequest {
  const path = `${SHOPPERS}/sales/${sale}/tickets`;
  const request = { method: "POST", path, headers: JSON_HEADERS, body: "{}" } as const;
  return onAnswer === undefined ? request : { ...request, onAnswer };
}

/** The rows of one SkuStock; they share the shoppers who hold a unit. */
export class StockTargets {
  readonly #path: string;
  readonly #holding: string[] = [];

  constructor({ sale, sku }: Shop) {
    this.#path = `/stock/${sale}/${sku}`;
  }

  get hold(): Target {
    const next = (): BenchRequest => this.#hold();
    return { ...AT_THE_STOCK, name: "hold, at the stock", next };
  }

  get order(): Target {
    return {
      ...AT_THE_STOCK,
      name: "order, at the stock",
      prepare: (count) => {
        const missing = Math.max(count - this.#holding.length, 0);
        const requests = Array.from({ length: missing }, () => this.#hold());
        return [{ side: "baseline", requests, expectedStatus: 200 }];
      },
      next: () => {
        const buyer = this.#holding.pop();
        if (buyer === undefined) return null;
        return { method: "POST", path: `${this.#path}/order/${buyer}`, headers: {}, body: null };
      },
    };
  }

  #hold(): BenchRequest {
    const buyer = randomUUID();
    return {
      method: "POST",
      path: `${this.#path}/hold/${buyer}`,
      headers: {},
      body: null,
      onAnswer: () => this.#holding.push(buyer),
    };
  }
}

/** The rows of one round's shop; they share its admissions, holds and orders. */
export class ShopTargets {
  readonly #shop: Shop;
  readonly #adminToken: string;
  readonly #admitted: string[] = [];
  readonly #holding: string[] = [];
  readonly #ordered: string[] = [];
  #cards = 0;

  constructor(shop: Shop, adminToken: string) {
    this.#shop = shop;
    this.#adminToken = adminToken;
  }

  get letIn(): Target {
    const next = (): BenchRequest => this.#join();
    return { name: "let in at once", side: "gate", expectedStatus: 201, against: [ROW], next };
  }

  get hold(): Target {
    return {
      name: "hold",
      side: "gate",
      expectedStatus: 200,
      against: [ROW],
      prepare: (count) => [this.#admitUpTo(count)],
      next: () => this.#hold(),
    };
  }

  get order(): Target {
    return {
      name: "order",
      side: "gate",
      expectedStatus: 202,
      against: [NEW_ROW, ROW_AGAIN],
      prepare: (count) => this.#holdUpTo(count),
      next: () => this.#order(),
      tidy: () => this.#cancelOrders(),
      // After this time each order's only alarm has run, which finds the order placed.
      rest_ms: PLACING_RETRY_MS + 500,
    };
  }

  #join(): BenchRequest {
    return joinRequest(this.#shop.sale, (text) => {
      this.#admitted.push(admittedSchema.parse(JSON.parse(text)).admission);
    });
  }

  #admitUpTo(count: number): Preparation {
    const missing = Math.max(count - this.#admitted.length, 0);
    const requests = Array.from({ length: missing }, () => this.#join());
    return { requests, expectedStatus: 201 };
  }

  #hold(): BenchRequest | null {
    const admission = this.#admitted.pop();
    if (admission === undefined) return null;
    const { sale, sku } = this.#shop;
    return {
      method: "PUT",
      path: `${SHOPPERS}/sales/${sale}/cart`,
      headers: { ...JSON_HEADERS, "sluice-admission": admission },
      body: JSON.stringify({ lines: [{ sku, quantity: 1 }] }),
      onAnswer: () => this.#holding.push(admission),
    };
  }

  *#holdUpTo(count: number): Generator<Preparation> {
    const missing = Math.max(count - this.#holding.length, 0);
    yield this.#admitUpTo(missing);
    const requests = Array.from({ length: missing }, () => this.#hold());
    yield { requests: requests.filter((request) => request !== null), expectedStatus: 200 };
  }

  #order(): BenchRequest | null {
    const admission = this.#holding.pop();
    if (admission === undefined) return null;
    const { sale, sku } = this.#shop;
    // A buyer and a card of its own, because a sale counts both.
    const buyer = { email: `shopper-${randomUUID()}@example.com` };
    this.#cards += 1;
    const method = `pm_sandbox_visa_${this.#cards}`;
    const lines = [{ sku, quantity: 1 }];
    return {
      method: "POST",
      path: `${SHOPPERS}/orders`,
      headers: {
        ...JSON_HEADERS,
        "sluice-admission": admission,
        "idempotency-key": randomUUID(),
      },
      body: JSON.stringify({ sale, lines, expectedTotal: PRICE, buyer, payment: { method } }),
      onAnswer: (text) => this.#ordered.push(acceptedSchema.parse(JSON.parse(text)).order.id),
    };
  }

  /** Without an orders Worker, the alarms of orders would queue them again during later slices. */
  #cancelOrders(): BenchRequest[] {
    return this.#ordered.splice(0).map((id) => ({
      method: "POST",
      path: `/_sluice/admin/v1/orders/${id}/actions`,
      headers: { ...JSON_HEADERS, authorization: `Bearer ${this.#adminToken}` },
      body: JSON.stringify({ action: "cancel" }),
    }));
  }
}
