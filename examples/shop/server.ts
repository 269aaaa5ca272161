/**
 * The example shop's HTTP server: reads the body, verifies its signature, and only then parses it.
 *
 * Guarantee: only requests that Sluice signed reach payments and orders. Not for the open internet:
 * it listens on the loopback interface, without TLS, which a shop's own web server provides.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { OrderCore } from "./orders.ts";
import { PaymentCore } from "./payments.ts";
import { type Fields, problem, type Reply } from "./replies.ts";
import { isSigned, type SignedRequest } from "./signature.ts";

const BODY_BYTES_MAX = 64 * 1024;

/** The parts of the shop. Tests replace some of them to make a shop that breaks the contract. */
export interface ShopParts {
  readonly isSigned: (secret: string, request: SignedRequest, now_ms: number) => boolean;
  readonly payments: PaymentCore;
  readonly orders: OrderCore;
  readonly answer: (core: PaymentCore | OrderCore, key: string, request: Fields) => Promise<Reply>;
  /** The delay of the answer to `test_slow`. */
  readonly slow_ms: number;
}

export interface ExampleShop {
  /** For PAYMENT_BACKEND_URL and ORDER_BACKEND_URL. */
  readonly paymentsUrl: string;
  readonly ordersUrl: string;
  readonly payments: PaymentCore;
  readonly orders: OrderCore;
  stop(): Promise<void>;
}

export interface ShopOptions {
  readonly secret: string;
  /** 0: any free port. */
  readonly port: number;
  readonly parts?: (correct: ShopParts) => ShopParts;
}

export async function startExampleShop(options: ShopOptions): Promise<ExampleShop> {
  let url = "";
  const correct: ShopParts = {
    isSigned,
    payments: new PaymentCore((payment) => `${url}/confirm/${payment}`),
    orders: new OrderCore(),
    answer: async (core, key, request) => core.handle(key, request),
    slow_ms: 6000,
  };
  const parts = options.parts?.(correct) ?? correct;
  const server = createServer((request, response) => {
    serve(parts, options.secret, request, response).catch(() => {
      if (response.headersSent) response.destroy();
      else send(response, problem(500, "internal"));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${portOf(server)}`;
  return {
    paymentsUrl: `${url}/payments`,
    ordersUrl: `${url}/orders`,
    payments: parts.payments,
    orders: parts.orders,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the shop has no port");
  return address.port;
}

async function serve(
  parts: ShopParts,
  secret: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const confirmed = /^\/confirm\/(\w[\w-]*)$/.exec(request.url ?? "")?.[1];
  if (confirmed !== undefined) {
    const returnUrl = parts.payments.confirm(confirmed);
    if (returnUrl === null) send(response, problem(404, "nothing_to_confirm"));
    else response.writeHead(303, { location: returnUrl }).end();
    return;
  }
  const core = { "/payments": parts.payments, "/orders": parts.orders }[request.url ?? ""];
  if (request.method !== "POST" || core === undefined) {
    return send(response, problem(404, "not_found"));
  }
  const body = await bodyOf(request);
  if (body === null) return send(response, problem(413, "too_large"));
  const id = headerOf(request, "webhook-id");
  const timestamp = headerOf(request, "webhook-timestamp");
  const signature = headerOf(request, "webhook-signature");
  const isGenuine = parts.isSigned(secret, { id, timestamp, signature, body }, Date.now());
  if (!isGenuine || id === undefined) return send(response, problem(401, "signature_invalid"));
  const fields = fieldsOf(body);
  if (fields === null) return send(response, problem(400, "invalid_json"));
  const reply = await parts.answer(core, id, fields);
  if (fields["method"] === "test_slow") await delay(parts.slow_ms);
  send(response, reply);
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece = Uint8Array.from(chunk);
    bytes += piece.length;
    // The rest is read and discarded, so that the sender can read the answer.
    if (bytes <= BODY_BYTES_MAX) chunks.push(piece);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks);
}

/** Null when the body is not a JSON object of version 1. */
function fieldsOf(body: Uint8Array): Fields | null {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const fields: Fields = { ...value };
  return fields["v"] === 1 ? fields : null;
}

function send(response: ServerResponse, { status, body }: Reply): void {
  const type = status < 400 ? "application/json" : "application/problem+json";
  response.writeHead(status, { "content-type": type }).end(JSON.stringify(body));
}
