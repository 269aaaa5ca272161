/**
 * A shop's server that receives webhooks, and a DNS resolver with scripted names.
 *
 * Guarantee: requests are kept unchanged, by path; a path without a script answers 204. Signatures
 * are verified with the library that a shop would use.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Webhook } from "standardwebhooks";
import { z } from "zod";

export interface Received {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

export type Script = (response: ServerResponse, received: Received) => void;

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  return `http://127.0.0.1:${port}`;
}

function stop(server: Server): void {
  server.closeAllConnections();
  server.close();
}

const headersSchema = z.record(z.string(), z.string());

function receive(request: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    request.on("end", () => {
      const headers = headersSchema.parse(request.headers);
      resolve({ path: request.url ?? "", headers, body: Buffer.concat(chunks).toString() });
    });
  });
}

export class Receiver {
  readonly received: Received[] = [];
  readonly #scripts = new Map<string, Script[]>();
  readonly #server: Server;
  url = "";

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<Receiver> {
    const receiver = new Receiver();
    receiver.url = await listen(receiver.#server);
    return receiver;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const received = await receive(request);
    this.received.push(received);
    const script = this.#scripts.get(received.path)?.shift();
    if (script === undefined) response.writeHead(204).end();
    else script(response, received);
  }

  /** Sets the answers to the next requests to this path, in order. */
  script(path: string, ...answers: readonly Script[]): void {
    this.#scripts.set(path, [...answers]);
  }

  at(path: string): Received[] {
    return this.received.filter((each) => each.path === path);
  }

  stop(): void {
    stop(this.#server);
  }
}

export function respondWith(status: number, headers: Record<string, string> = {}): Script {
  return (response) => response.writeHead(status, headers).end("not read");
}

/** Keeps the connection open and never answers. */
export const hangs: Script = () => undefined;

const payloadSchema = z.strictObject({
  type: z.string(),
  timestamp: z.iso.datetime(),
  data: z.record(z.string(), z.unknown()),
});
export type Payload = z.infer<typeof payloadSchema>;

/** The payload; throws when the library rejects the signature. */
export function verify({ body, headers }: Received, secret: string): Payload {
  return payloadSchema.parse(new Webhook(secret).verify(body, headers));
}

/** Answers DNS queries in JSON; a name that is not in `names` does not exist. */
export async function startResolver(names: Readonly<Record<string, readonly string[]>>) {
  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "", "http://resolver").searchParams;
    const name = query.get("name") ?? "";
    if (name.startsWith("broken.")) return void response.writeHead(500).end();
    const addresses = names[name];
    const type = query.get("type") === "AAAA" ? 28 : 1;
    const Answer = (addresses ?? [])
      .filter((address) => address.includes(":") === (type === 28))
      .map((data) => ({ name, type, TTL: 60, data }));
    response.writeHead(200, { "content-type": "application/dns-json" });
    response.end(JSON.stringify({ Status: addresses === undefined ? 3 : 0, Answer }));
  });
  const url = await listen(server);
  return { url: `${url}/dns-query`, stop: () => stop(server) };
}
