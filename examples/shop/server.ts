/**
 * The example shop's HTTP server: a body is read, its signature verified, and only then looked at.
 *
 * Guarantee: nothing reaches the desks that Sluice did not sign. Not for the world: it listens on
 * this machine only, without TLS, which a shop's own web server brings.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { OrderCore } from "./orders.ts";
import { PaymentDesk } from "./payments.ts";
import { type Fields, problem, type Reply } from "./replies.ts";
import { isSigned, type SignedRequest } from "./signature.ts";

const BODY_BYTES_MAX = 64 * 1024;

/** How the shop answers; replaced piece by piece, a shop that breaks the contract. */
export interface ShopParts {
  readonly isSigned: (secret: string, request: SignedRequest, now_ms: number) => boolean;
  readonly payments: PaymentDesk;
  readonly orders: OrderCore;
  readonly answer: (desk: PaymentDesk | OrderCore, key: string, request: Fields) => Promise<Reply>;
  /** How late the answer to `test_slow` comes. */
  readonly slow_ms: number;
}

export interface ExampleShop {
  /** For PAYMENT_BACKEND_URL and ORDER_BACKEND_URL. */
  readonly paymentsUrl: string;
  readonly ordersUrl: string;
  readonly payments: PaymentDesk;
  readonly orders: OrderCore;
  stop(): Promise<void>;
}

export interface ShopOptions {
  readonly secret: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly parts?: (honest: ShopParts) => ShopParts;
}

export async function startExampleShop(options: ShopOptions): Promise<ExampleShop> {
  let url = "";
  const honest: ShopParts = {
    isSigned,
    payments: new PaymentDesk((payment) => `${url}/confirm/${payment}`),
    orders: new OrderCore(),
    answer: async (desk, key, request) => desk.handle(key, request),
    slow_ms: 6000,
  };
  const parts = options.parts?.(honest) ?? honest;
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
    const back = parts.payments.confirm(confirmed);
    if (back === null) send(response, problem(404, "nothing_to_confirm"));
    else response.writeHead(303, { location: back }).end();
    return;
  }
  const desk = { "/payments": parts.payments, "/orders": parts.orders }[request.url ?? ""];
  if (request.method !== "POST" || desk === undefined) {
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
  const reply = await parts.answer(desk, id, fields);
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
    // The rest is read and dropped, so that the sender can read the answer.
    if (bytes <= BODY_BYTES_MAX) chunks.push(piece);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks);
}

/** Null for a body that is no object of version 1. */
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
