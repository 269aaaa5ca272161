/**
 * A merchant with webhook endpoints on a network that a test makes up: a resolver and servers,
 * reached by the orders Worker's `fetch`; and its queue, whose messages wait for the test.
 *
 * Guarantee: what was posted is kept as it came; what was sent into the queue comes out once.
 */
import { env } from "cloudflare:workers";
import { Webhook } from "standardwebhooks";
import { vi } from "vitest";
import { z } from "zod";
import { createEndpoint } from "../../../src/merchant/webhooks.ts";
import { listDeliveries, type KeptDelivery } from "../../../src/webhooks/deliveries.ts";
import { pass } from "./clock.ts";
import { handOver, type Handled } from "./mail.ts";

export interface Posted {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly redirect: string;
  /** Ends the try when its time is over. */
  readonly signal: AbortSignal | null;
}

interface Waiting {
  readonly body: unknown;
  readonly delay_s: number;
}

const RESOLVER = "https://dns.test/dns-query";

export class WebhookShop {
  readonly posted: Posted[] = [];
  readonly waiting: Waiting[] = [];
  /** What the servers of the shop answer; a throw is a lost connection. */
  answer: (posted: Posted) => Response | Promise<Response> = () => new Response("thanks");
  /** What every name leads to. */
  address = "93.184.215.14";
  /** The queue takes nothing. */
  queueFails = false;
  readonly #change: Readonly<Record<string, string>>;

  constructor(change: Readonly<Record<string, string>> = {}) {
    this.#change = change;
    vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => this.#fetch(input, init));
  }

  get env(): typeof env {
    const WEBHOOKS_QUEUE = new Proxy(env.WEBHOOKS_QUEUE, {
      get: (real, member): unknown => {
        if (member === "send") return this.#send;
        return member === "sendBatch" ? this.#sendBatch : Reflect.get(real, member);
      },
    });
    return { ...env, DNS_OVER_HTTPS_URL: RESOLVER, WEBHOOKS_QUEUE, ...this.#change };
  }

  readonly #send = async (body: unknown, { delaySeconds = 0 }: QueueSendOptions = {}) => {
    if (this.queueFails) throw new Error("the queue takes nothing, as planned");
    this.waiting.push({ body, delay_s: delaySeconds });
  };

  readonly #sendBatch = async (messages: Iterable<MessageSendRequest>) => {
    for (const { body } of messages) await this.#send(body);
  };

  async #fetch(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    const { body, redirect = "", signal = null } = init;
    const url = input instanceof Request ? input.url : String(input);
    if (url.startsWith(RESOLVER)) {
      const isA = new URL(url).searchParams.get("type") === "A";
      const Answer = isA ? [{ name: "x", type: 1, TTL: 1, data: this.address }] : [];
      return Response.json({ Status: 0, Answer });
    }
    const headers = Object.fromEntries(new Headers(init.headers));
    const posted = { url, headers, body: typeof body === "string" ? body : "", redirect, signal };
    this.posted.push(posted);
    return this.answer(posted);
  }

  get context() {
    return { env: this.env, now: Date.now() };
  }

  async endpoint(change: { readonly types?: readonly string[]; readonly url?: string } = {}) {
    const asked = { url: "https://shop.example/hooks", types: ["*"], enabled: true, ...change };
    const created = await createEndpoint(this.context, { ...asked, description: "" });
    if (created.kind !== "created") throw new Error(`the endpoint was ${created.kind}`);
    return { id: created.endpoint.id, secret: created.secret };
  }

  /** Events come to the orders Worker, as the outboxes send them. */
  async tell(...events: readonly unknown[]): Promise<Handled> {
    return handOver("sluice-events", events, { withEnv: this.env });
  }

  /** Lets the longest of the delays pass and hands over all that waits. */
  async deliver(): Promise<Handled> {
    const messages = this.waiting.splice(0);
    pass(Math.max(0, ...messages.map(({ delay_s }) => delay_s)) * 1000);
    const bodies = messages.map(({ body }) => body);
    return handOver("sluice-webhooks", bodies, { withEnv: this.env });
  }

  async deliveries(endpoint: string): Promise<KeptDelivery[]> {
    return listDeliveries(env.ORDER_BOOK, { endpoint, after: 0, limit: 100 });
  }

  /** Of an endpoint that has one. */
  async delivery(endpoint: string): Promise<KeptDelivery> {
    const [delivery, ...more] = await this.deliveries(endpoint);
    if (delivery === undefined || more.length > 0) throw new Error("not one delivery");
    return delivery;
  }
}

let events = 0;

/** An event of an order of its own. */
export function orderEvent(state = "confirmed") {
  events += 1;
  const order = `ord_${events}`;
  return {
    v: 1,
    id: `${order}:1`,
    type: `order.${state}`,
    order,
    sale: "air-one",
    version: 1,
    at_ms: Date.now(),
    placedAt_ms: Date.now(),
    state,
    final: true,
    lines: [{ sku: "AIR-42", name: "Air One, 42", quantity: 1, price: 12_900 }],
    total: 12_900,
    currency: "EUR",
    email: "ann@shoppers.example",
    reason: null,
  };
}

const payload = z.strictObject({
  type: z.string(),
  timestamp: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
});

export function payloadIn({ body }: Posted): z.infer<typeof payload> {
  return payload.parse(JSON.parse(body));
}

/** Whether the receivers' own library believes it. */
export function verified({ body, headers }: Posted, secret: string): boolean {
  try {
    new Webhook(secret).verify(body, { ...headers });
    return true;
  } catch {
    return false;
  }
}

/** No endpoint and no delivery is left of the test before. */
export async function forgetWebhooks(): Promise<void> {
  await env.ORDER_BOOK.batch([
    env.ORDER_BOOK.prepare("DELETE FROM webhook_endpoints"),
    env.ORDER_BOOK.prepare("DELETE FROM webhook_deliveries"),
  ]);
}

export const fails = () => new Response("no", { status: 500 });
