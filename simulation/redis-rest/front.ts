/**
 * A front for a local redis-server that speaks the part of Upstash's REST protocol that
 * `@upstash/redis` uses: one command, a pipeline, a transaction; scripts; replies in base64 on
 * request.
 *
 * Guarantee: the client reads exactly Redis's replies. On demand the front fails as a network does:
 * it loses a request, loses the reply after the effect, never answers, or answers without JSON.
 * Source of the protocol: https://upstash.com/docs/redis/features/restapi and the client's code.
 * Not for production: no TLS, no limits, one connection.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { Redis } from "ioredis";
import { z } from "zod";
import { LOOPBACK, reservePort } from "../host/ports.ts";
import { encodeReply, type RestReply } from "./replies.ts";

/**
 * `lose_request`: the connection breaks before Redis gets the commands; `lose_answer`: it breaks
 * after Redis has run them. In the others Redis has run them too, and there is no answer
 * (`silence`), one that is not JSON (`nonsense`), or a 500 (`server_error`).
 */
export const MISHAPS = [
  "lose_request",
  "lose_answer",
  "silence",
  "nonsense",
  "server_error",
] as const;
export type Mishap = (typeof MISHAPS)[number];

type Argument = string | number;
type Command = readonly [name: string, ...args: Argument[]];

export interface RestFront {
  /** Has no slash at the end. */
  readonly url: string;
  readonly token: string;
  /** Chooses the mishap of a request; null: none. Tests replace it. */
  mishapFor: (commands: readonly Command[]) => Mishap | null;
  stop(): Promise<void>;
}

const argument = z.union([z.string(), z.number(), z.boolean().transform(String)]);
const commandSchema = z.tuple([z.string()], argument);
const commandsSchema = z.array(commandSchema).min(1);

export interface FrontOptions {
  readonly redisPort: number;
  readonly token: string;
  /** 0: any free port. */
  readonly port?: number;
}

export async function startRestFront(options: FrontOptions): Promise<RestFront> {
  const port = await reservePort(options.port ?? 0, "--redis-port");
  const redis = new Redis({ host: LOOPBACK, port: options.redisPort, maxRetriesPerRequest: 0 });
  redis.on("error", () => undefined);
  const server = createServer((request, response) => {
    serve(redis, front, request, response).catch((error: unknown) => {
      if (!response.headersSent) sendJson(response, 500, { error: String(error) });
    });
  });
  const front: RestFront = {
    url: `http://${LOOPBACK}:${port}`,
    token: options.token,
    mishapFor: () => null,
    stop: async () => {
      redis.disconnect();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(port, LOOPBACK, resolve));
  return front;
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function serve(
  redis: Redis,
  front: RestFront,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(request.url ?? "/", front.url);
  const body = await text(request);
  if (request.headers.authorization !== `Bearer ${front.token}`) {
    return sendJson(response, 401, { error: "Unauthorized" });
  }
  const commands = readCommands(pathname, body);
  if (request.method !== "POST" || commands === null) {
    return sendJson(response, 400, { error: "ERR failed to parse request" });
  }
  const mishap = front.mishapFor(commands);
  if (mishap === "lose_request") return void response.destroy();
  const base64 = request.headers["upstash-encoding"] === "base64";
  const answer = await run(redis, pathname, commands, base64);
  switch (mishap) {
    case "lose_answer":
      return void response.destroy();
    case "silence":
      return undefined;
    case "nonsense":
      return void response.end("<html>");
    case "server_error":
      return sendJson(response, 500, { error: "ERR internal" });
    case null:
      return sendJson(response, answer.status, answer.body);
  }
}

function readCommands(pathname: string, body: string): readonly Command[] | null {
  try {
    const json: unknown = JSON.parse(body);
    if (pathname === "/") return [commandSchema.parse(json)];
    if (pathname === "/pipeline" || pathname === "/multi-exec") return commandsSchema.parse(json);
    return null;
  } catch {
    return null;
  }
}

interface Answer {
  readonly status: number;
  readonly body: RestReply | readonly RestReply[];
}

async function run(
  redis: Redis,
  pathname: string,
  commands: readonly Command[],
  base64: boolean,
): Promise<Answer> {
  const replyTo = (error: Error | null, result: unknown): RestReply => {
    return error === null ? { result: encodeReply(result, base64) } : { error: error.message };
  };
  try {
    if (pathname === "/multi-exec") {
      const transaction = redis.multi();
      for (const command of commands) transaction.callBuffer(...command);
      const results = (await transaction.exec()) ?? [];
      return { status: 200, body: results.map(([error, result]) => replyTo(error, result)) };
    }
    if (pathname === "/pipeline") {
      const pipeline = redis.pipeline();
      for (const command of commands) pipeline.callBuffer(...command);
      const results = (await pipeline.exec()) ?? [];
      return { status: 200, body: results.map(([error, result]) => replyTo(error, result)) };
    }
    const [command] = commands;
    if (command === undefined) return { status: 400, body: { error: "ERR empty command" } };
    return { status: 200, body: replyTo(null, await redis.callBuffer(...command)) };
  } catch (error) {
    // Redis refused a command, discarded a transaction, or is gone.
    const message = error instanceof Error ? error.message : "ERR unknown";
    return { status: 400, body: { error: message } };
  }
}
