/**
 * A shop's own server for the tests of the gate: a real HTTP server in Node that records what
 * reaches it, and sends every kind of answer that a proxy could change.
 *
 * The query selects the answer, so that every path, guarded or not, can give every answer:
 *   do=echo       what arrived, as JSON: method, target, headers in order, size and hash of body
 *   do=bytes      `size` bytes that depend only on their position; supports Range
 *   do=redirect   302 to another host; do=cookies: three Set-Cookie
 *   do=status     `code`, without a body; do=gzip: a compressed text; do=slow: see `release()`
 *   do=page       `markup` as a page; do=script: `text` as a script, for service workers
 *   do=directives `Sluice-Admission-…` headers from `revoke` and `extend`
 *   do=headers    each `h`, written as `Name:value`
 * A WebSocket gets an echo of each message.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { z } from "zod";

export interface Arrived {
  readonly method: string;
  readonly target: string;
  /** Name and value, exactly as sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly size: number;
  readonly sha256: string;
}

export interface OriginServer {
  readonly url: string;
  /** The requests that arrived, oldest first. */
  readonly arrived: readonly Arrived[];
  /** Makes the answers of `do=slow` send their second half. */
  release(): void;
  stop(): Promise<void>;
}

const BLOCK = 64 * 1024;

/** Bytes `from` to `to` of an endless sequence in which each byte depends on its position. */
export function bytesAt(from: number, to: number): Buffer {
  const bytes = Buffer.allocUnsafe(to - from);
  for (let at = from; at < to; at += 1) bytes[at - from] = (at ^ (at >>> 8) ^ (at >>> 16)) & 0xff;
  return bytes;
}

export function* blocksOf(size: number): Generator<Buffer> {
  for (let from = 0; from < size; from += BLOCK) yield bytesAt(from, Math.min(from + BLOCK, size));
}

export const GZIPPED = gzipSync("a text that a proxy must not unpack ".repeat(100));

function pairsOf(raw: readonly string[]): (readonly [string, string])[] {
  const pairs: (readonly [string, string])[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) pairs.push([raw[at] ?? "", raw[at + 1] ?? ""]);
  return pairs;
}

async function read(request: IncomingMessage): Promise<Arrived> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const block of request) {
    hash.update(block);
    size += block.length;
  }
  const { method = "", url = "", rawHeaders } = request;
  return { method, target: url, headers: pairsOf(rawHeaders), size, sha256: hash.digest("hex") };
}

async function sendBytes(
  request: IncomingMessage,
  response: ServerResponse,
  size: number,
): Promise<void> {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  response.setHeader("Accept-Ranges", "bytes");
  if (range !== null) {
    const [from, to] = [Number(range[1]), Number(range[2]) + 1];
    response.writeHead(206, { "Content-Range": `bytes ${from}-${to - 1}/${size}` });
    response.end(bytesAt(from, to));
    return;
  }
  response.writeHead(200, { "Content-Length": size, "Content-Type": "application/octet-stream" });
  for (const block of blocksOf(request.method === "HEAD" ? 0 : size)) {
    if (response.write(block)) continue;
    await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
}

function sendDirectives(query: URLSearchParams, response: ServerResponse): void {
  const [revoke, extend] = [query.get("revoke"), query.get("extend")];
  if (revoke !== null) response.setHeader("Sluice-Admission-Revoke", revoke);
  if (extend !== null) response.setHeader("Sluice-Admission-Extend", extend);
  response.end("sent");
}

function sendPlain(what: string | null, query: URLSearchParams, response: ServerResponse): void {
  switch (what) {
    case "redirect":
      response.setHeader("Set-Cookie", ["cart=1; Path=/", "seen=yes; Path=/"]);
      response.writeHead(302, { Location: "https://elsewhere.example/pay?a=1#top" }).end("moved");
      return;
    case "cookies":
      response.setHeader("Set-Cookie", [
        "a=1",
        "b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT",
        "c=3",
      ]);
      response.end("cookies");
      return;
    case "status":
      response.writeHead(Number(query.get("code")), { ETag: '"v1"' }).end();
      return;
    case "gzip":
      response.writeHead(200, { "Content-Encoding": "gzip", "Content-Type": "text/plain" });
      response.end(GZIPPED);
      return;
    case "headers":
      for (const line of query.getAll("h")) {
        response.appendHeader(line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1));
      }
      response.end("headers");
      return;
    case "page":
      response.writeHead(200, { "Content-Type": "text/html" }).end(query.get("markup"));
      return;
    case "script":
      response.writeHead(200, { "Content-Type": "text/javascript" }).end(query.get("text"));
      return;
    case "directives":
      sendDirectives(query, response);
      return;
    default:
      response.writeHead(200, { "Content-Type": "text/html", "X-Shop": "1" });
      response.end("<h1>The shop</h1>");
  }
}

export async function startOrigin(): Promise<OriginServer> {
  const arrived: Arrived[] = [];
  const waiting: (() => void)[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const query = new URL(request.url ?? "/", "http://origin.test").searchParams;
    const what = query.get("do");
    const received = await read(request);
    arrived.push(received);
    if (what === "echo")
      response.setHeader("Content-Type", "application/json").end(JSON.stringify(received));
    else if (what === "bytes") await sendBytes(request, response, Number(query.get("size")));
    else if (what === "slow") {
      response.write("first half, ");
      waiting.push(() => response.end("second half"));
    } else sendPlain(what, query, response);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  server.on("upgrade", (request, socket: Socket) => {
    arrived.push({
      method: "UPGRADE",
      target: request.url ?? "",
      headers: pairsOf(request.rawHeaders),
      size: 0,
      sha256: "",
    });
    echoFrames(request, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    arrived,
    release: () => waiting.splice(0).forEach((end) => end()),
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The part of RFC 6455 that short messages need: echoes each one without its mask. */
function echoFrames(request: IncomingMessage, socket: Socket): void {
  const key = request.headers["sec-websocket-key"] ?? "";
  const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  const accept = createHash("sha1")
    .update(key + guid)
    .digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\nX-Shop: socket\r\n\r\n`,
  );
  socket.on("error", () => socket.destroy());
  socket.on("data", (frame: Buffer) => {
    const length = (frame[1] ?? 0) & 0x7f;
    const mask = frame.subarray(2, 6);
    const text = frame.subarray(6, 6 + length).map((byte, at) => byte ^ (mask[at % 4] ?? 0));
    socket.write(Buffer.concat([Buffer.from([frame[0] ?? 0, length]), text]));
  });
}
