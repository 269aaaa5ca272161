/**
 * Requests and answers that pass through the gate to a shop's own server and back unchanged: those
 * that are not guarded, and those of an admitted shopper.
 */
import { Readable } from "node:stream";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request, WebSocket, type Dispatcher } from "undici";
import { z } from "zod";
import { findRuntimes } from "../../bench/processor-time.ts";
import {
  blocksOf,
  bytesAt,
  GZIPPED,
  startOrigin,
  type OriginServer,
} from "./support/origin-server.ts";
import * as sluices from "./support/sluice.ts";

let origin: OriginServer;
let sluice: sluices.Sluice;
/** The cookies of an admitted shopper. */
let cookie: string;

const GUARDED = "/drops/air";
const HTML = { accept: "text/html", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" };

beforeAll(async () => {
  origin = await startOrigin();
  const gate = { ORIGIN: origin.url };
  sluice = await sluices.startSluice({ pipeline: false, variables: { gate } });
  const guards = [{ host: "*", path: "/drops/*" }];
  await sluices.makeSale(sluice, "drops", { items: [], guards });
  const admitted = await ask(GUARDED, { headers: HTML });
  const [pair = ""] = [admitted.headers["set-cookie"] ?? []].flat()[0]?.split(";") ?? [];
  cookie = pair;
});
afterAll(async () => {
  await sluice.stop();
  await origin.stop();
});

type RequestParts = Partial<Omit<Dispatcher.RequestOptions, "path" | "origin">>;

function ask(target: string, parts: RequestParts = {}) {
  return request(sluice.host.gateUrl + target, {
    method: "GET",
    dispatcher: sluices.connections,
    ...parts,
  });
}

async function bytesOf(target: string, parts: RequestParts = {}) {
  const { statusCode, headers, body } = await ask(target, parts);
  return { status: statusCode, headers, bytes: Buffer.from(await body.arrayBuffer()) };
}

const arrivedSchema = z.object({
  method: z.string(),
  target: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  size: z.number(),
  sha256: z.string(),
});

async function echo(target: string, parts: RequestParts = {}) {
  const { bytes } = await bytesOf(`${target}${target.includes("?") ? "&" : "?"}do=echo`, parts);
  const arrived = arrivedSchema.parse(JSON.parse(bytes.toString()));
  const headers = new Map(arrived.headers.map(([name, value]) => [name.toLowerCase(), value]));
  return { ...arrived, headers };
}

/** The two ways: unguarded, and guarded with an admission. */
const WAYS: [way: string, path: string, carried: () => Record<string, string>][] = [
  ["unguarded", "/open/air", () => ({})],
  ["admitted", GUARDED, () => ({ cookie })],
];

describe.each(WAYS)("%s:", (way, path, carried) => {
  test("method, target, headers, the shop's cookies and body reach the shop unchanged", async () => {
    const body = bytesAt(0, 100_000);
    const sent = { "x-trace": "a, b", "user-agent": "Shopper/1.0", "content-type": "image/x-odd" };
    const cookies = [carried()["cookie"] ?? "", "cart=7", 'odd="a b"'].filter(Boolean).join("; ");
    const target = `${path}/a%20b;v=1/%C3%A9?x=%2F&y=1+2&&z`;
    const got = await echo(target, {
      method: "PUT",
      headers: { ...sent, cookie: cookies },
      body,
    });
    expect([got.method, got.target]).toEqual(["PUT", `${target}&do=echo`]);
    for (const [name, value] of Object.entries(sent)) expect(got.headers.get(name)).toBe(value);
    // The gate's own cookie stays at the gate.
    expect(got.headers.get("cookie")).toBe('cart=7; odd="a b"');
    expect(got.sha256).toBe(createHash("sha256").update(body).digest("hex"));
    const here = new URL(sluice.host.gateUrl).host;
    expect(got.headers.get("host")).toBe(new URL(origin.url).host);
    expect(got.headers.get("x-forwarded-host")).toBe(here);
    expect(got.headers.get("x-forwarded-proto")).toBe("http");
    expect(got.headers.has("sluice-admission")).toBe(way === "admitted");
  });

  test.each([
    "x-original-url",
    "X_Rewrite_URL",
    "x-http-method-override",
    "x-forwarded-prefix",
    "x-host",
  ])(
    "%s, by which a shop would take another path, method or host, does not reach it",
    async (name) => {
      const got = await echo(path, {
        headers: { ...carried(), [name]: "/elsewhere", "x-requested-with": "a" },
      });
      expect(got.headers.get("x-requested-with")).toBe("a");
      expect(got.headers.has(name.toLowerCase())).toBe(false);
    },
  );

  test("status, headers and body of the answer reach the shopper unchanged", async () => {
    const headers = carried();
    const moved = await bytesOf(`${path}?do=redirect`, { headers });
    expect([moved.status, moved.bytes.toString()]).toEqual([302, "moved"]);
    expect(moved.headers["location"]).toBe("https://elsewhere.example/pay?a=1#top");
    expect(moved.headers["set-cookie"]).toEqual(["cart=1; Path=/", "seen=yes; Path=/"]);
    const set = await bytesOf(`${path}?do=cookies`, { headers });
    const expires = "b=2; Expires=Wed, 21 Oct 2037 07:28:00 GMT";
    expect(set.headers["set-cookie"]).toEqual(["a=1", expires, "c=3"]);
    for (const code of [204, 304, 404, 503, 600, 999]) {
      const plain = await bytesOf(`${path}?do=status&code=${code}`, { headers });
      const { status, bytes } = plain;
      expect([status, bytes.length, plain.headers["etag"]]).toEqual([code, 0, '"v1"']);
    }
    const packed = await bytesOf(`${path}?do=gzip`, { headers });
    expect(packed.headers["content-encoding"]).toBe("gzip");
    expect(packed.bytes.equals(GZIPPED)).toBe(true);
  });

  test("range requests, and the length in answers to HEAD", async () => {
    const headers = { ...carried(), range: "bytes=70000-70099" };
    const part = await bytesOf(`${path}?do=bytes&size=100000`, { headers });
    expect([part.status, part.headers["content-range"]]).toEqual([206, "bytes 70000-70099/100000"]);
    expect(part.bytes.equals(bytesAt(70_000, 70_100))).toBe(true);
    const head = { method: "HEAD", headers: carried() } as const;
    const size = await bytesOf(`${path}?do=bytes&size=100000`, head);
    expect([size.status, size.headers["content-length"]]).toEqual([200, "100000"]);
  });

  test("an answer starts to arrive before it is complete", async () => {
    const { body } = await ask(`${path}?do=slow`, { headers: carried() });
    const parts: string[] = [];
    for await (const part of body) {
      parts.push(String(part));
      if (parts.length === 1) origin.release();
    }
    expect(parts[0]).toBe("first half, ");
    expect(parts.join("")).toBe("first half, second half");
  });

  test("a WebSocket", async () => {
    const address = sluice.host.gateUrl.replace("http", "ws") + path;
    const socket = new WebSocket(address, { headers: carried(), dispatcher: sluices.connections });
    const echoed = await new Promise((resolve, reject) => {
      socket.addEventListener("open", () => socket.send("is anybody there?"));
      socket.addEventListener("message", ({ data }) => resolve(data));
      socket.addEventListener("error", ({ error }) => reject(error));
    });
    socket.close();
    expect(echoed).toBe("is anybody there?");
  });
});

describe("the first answer to an admitted shopper", () => {
  const KEPT = ["public, max-age=3600", "public, s-maxage=3600, immutable", "max-age=60"];
  const cases: [line: string][] = [
    ...KEPT.map((value): [string] => [`Cache-Control:${value}`]),
    ["CDN-Cache-Control:max-age=3600"],
    ["Cloudflare-CDN-Cache-Control:max-age=3600"],
    ["Vercel-CDN-Cache-Control:max-age=3600"],
    ["X-LiteSpeed-Cache-Control:public,max-age=3600"],
    ["Surrogate-Control:max-age=3600"],
    ["Edge-Control:!no-store, max-age=3600"],
    ["X-Accel-Expires:3600"],
    ["Expires:Wed, 21 Oct 2037 07:28:00 GMT"],
    ["Pragma:public"],
  ];

  test.each(cases)("is kept by no cache, although the shop says %s", async (line) => {
    const query = `?do=headers&h=${encodeURIComponent(line)}&h=X-Kept:1`;
    const { headers } = await bytesOf(GUARDED + query, { headers: HTML });
    expect(String(headers["set-cookie"])).toContain("__Host-sluice-admission-drops=ey");
    expect(headers["cache-control"]).toBe("private, no-store");
    expect(headers["x-kept"]).toBe("1");
    const [name = ""] = line.toLowerCase().split(":");
    expect(headers[name]).toBe(name === "cache-control" ? "private, no-store" : undefined);
    const next = await bytesOf(GUARDED + query, { headers: { cookie } });
    expect(next.headers[name]).toBe(line.slice(name.length + 1));
  });

  test("is a 502 with the shop's body, where the shop's status is none that can be sent", async () => {
    const { status, headers } = await bytesOf(`${GUARDED}?do=status&code=700`, { headers: HTML });
    expect([status, headers["etag"]]).toEqual([502, '"v1"']);
    expect(String(headers["set-cookie"])).toContain("__Host-sluice-admission-drops=ey");
  });
});

const HUNDRED_MIB = 100 * 1024 * 1024;
/** The maximum growth of the runtime's memory while 100 MiB pass. */
const GROWTH_MAX_MIB = 48;

/** The memory of all the runtime's processes; 0 without /proc. */
function memory_MiB(): number {
  const sizes = findRuntimes().map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The maximum growth of the runtime's memory during the work, measured ten times a second. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = memory_MiB();
  let most = before;
  const timer = setInterval(() => (most = Math.max(most, memory_MiB())), 100);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(most, memory_MiB()) - before;
}

function hashOfAll(): string {
  const hash = createHash("sha256");
  for (const block of blocksOf(HUNDRED_MIB)) hash.update(block);
  return hash.digest("hex");
}

describe("100 MiB of an admitted shopper", () => {
  test("stream up and down unchanged, in constant memory", async () => {
    const expected = hashOfAll();
    // Once before measuring, because the runtime keeps the memory of its buffers.
    await bytesOf(`${GUARDED}?do=bytes&size=8000000`, { headers: { cookie } });
    const up_MiB = await growthDuring(async () => {
      const body = Readable.from(blocksOf(HUNDRED_MIB));
      const got = await echo(GUARDED, { method: "POST", headers: { cookie }, body });
      expect([got.size, got.sha256]).toEqual([HUNDRED_MIB, expected]);
    });
    const down_MiB = await growthDuring(async () => {
      const target = `${GUARDED}?do=bytes&size=${HUNDRED_MIB}`;
      const { body, headers } = await ask(target, { headers: { cookie } });
      const hash = createHash("sha256");
      for await (const block of body) hash.update(block);
      expect(headers["content-length"]).toBe(String(HUNDRED_MIB));
      expect(hash.digest("hex")).toBe(expected);
    });
    console.info(`100 MiB: ${up_MiB.toFixed(1)} MiB more up, ${down_MiB.toFixed(1)} MiB down`);
    expect(up_MiB).toBeLessThan(GROWTH_MAX_MIB);
    expect(down_MiB).toBeLessThan(GROWTH_MAX_MIB);
  });
});

/** Sends exact lines, which no client library would send. @returns the status */
function sendRaw(lines: readonly string[]): Promise<number> {
  const { hostname, port } = new URL(sluice.host.gateUrl);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
    socket.once("data", (part) => {
      resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(part.toString())?.[1] ?? 0));
      socket.destroy();
    });
    socket.once("end", () => resolve(0));
    socket.on("error", reject);
  });
}

describe("no spelling of a request gets past the guard:", () => {
  const HOST = "Host: shop.example";
  const refused: [what: string, lines: string[]][] = [
    ["an encoded letter", ["GET /drops/%61ir HTTP/1.1", HOST]],
    ["an encoded letter of the folder", ["GET /%64rops/air HTTP/1.1", HOST]],
    ["encoded twice", ["GET /%2564rops/air HTTP/1.1", HOST]],
    ["double slashes", ["GET //drops//air HTTP/1.1", HOST]],
    ["dot segments", ["GET /x/../drops/air HTTP/1.1", HOST]],
    ["encoded dot segments", ["GET /x/%2e%2E/drops/./air HTTP/1.1", HOST]],
    ["an encoded slash", ["GET /drops%2fair HTTP/1.1", HOST]],
    ["a parameter", ["GET /drops;v=1/air HTTP/1.1", HOST]],
    ["another case", ["GET /DROPS/Air HTTP/1.1", HOST]],
    ["another host", ["GET /drops/air HTTP/1.1", "Host: SHOP.example.:8080"]],
    ["a path by header", ["GET / HTTP/1.1", HOST, "X-Original-URL: /drops/air"]],
    ["an encoded slash before dots", ["GET /a%2fb/%2e%2e/drops/air HTTP/1.1", HOST]],
    [
      "a path in one of several headers",
      ["GET / HTTP/1.1", HOST, "X-Original-URL: /drops/air", "X-Original-URL: /open"],
    ],
    [
      "a method in one of several headers",
      ["OPTIONS /drops/air HTTP/1.1", HOST, "X-Method-Override: OPTIONS, GET"],
    ],
    ["a forged admission", ["GET /drops/air HTTP/1.1", HOST, "Sluice-Admission: e30.e30.x"]],
    ["in capitals", ["GET /drops/air HTTP/1.1", HOST, "SLUICE-ADMISSION: e30.e30.x"]],
  ];

  test.each(refused)("%s", async (_, lines) => {
    const before = origin.arrived.length;
    expect(await sendRaw(lines)).toBe(429);
    expect(origin.arrived.length).toBe(before);
  });

  test("but an unguarded path passes", async () => {
    expect(await sendRaw(["GET /dropsy/air HTTP/1.1", HOST])).toBe(200);
  });
});

describe("an origin's directive about an admission", () => {
  async function shopper() {
    const { headers } = await ask(GUARDED, { headers: HTML });
    const lines = [headers["set-cookie"] ?? []].flat();
    const [pair = ""] = lines[0]?.split(";") ?? [];
    return pair;
  }

  async function metrics() {
    const { body } = await sluice.merchant("GET", "/sales/drops");
    return z.object({ active: z.int(), left: z.int() }).parse(body);
  }

  test("to revoke ends it at once: the seat is free and a copy of the token is refused", async () => {
    const cookie = await shopper();
    const before = await metrics();
    const headers = { cookie: cookie };
    const answer = await bytesOf(`${GUARDED}?do=directives&revoke=1`, { headers });
    expect([answer.status, answer.bytes.toString()]).toEqual([200, "sent"]);
    expect(answer.headers["sluice-admission-revoke"]).toBeUndefined();
    expect([answer.headers["set-cookie"] ?? []].flat()[0]).toMatch(
      /^__Host-sluice-admission-drops=; Max-Age=0/,
    );
    const after = await metrics();
    expect(after).toEqual({ active: before.active - 1, left: before.left + 1 });
    const copy = await sluices.until(
      () => bytesOf(GUARDED, { headers }),
      ({ status }) => status === 429,
    );
    expect(copy.status).toBe(429);
  });

  test("to extend makes it last longer, with a new token in a new cookie", async () => {
    const cookie = await shopper();
    const parts = { headers: { cookie: cookie } };
    const answer = await bytesOf(`${GUARDED}?do=directives&extend=1800`, parts);
    expect(answer.headers["sluice-admission-extend"]).toBeUndefined();
    const [line = ""] = [answer.headers["set-cookie"] ?? []].flat();
    expect(Number(/Max-Age=(\d+)/.exec(line)?.[1] ?? 0)).toBeGreaterThan(1700);
    const [next = ""] = line.split(";");
    expect(next).not.toBe(cookie);
    const got = await echo(GUARDED, { headers: { cookie: next } });
    expect(`__Host-sluice-admission-drops=${got.headers.get("sluice-admission")}`).toBe(next);
    const again = await bytesOf(`${GUARDED}?do=directives&extend=1800`, {
      headers: { cookie: next },
    });
    expect(again.headers["set-cookie"]).toBeUndefined();
  });

  test.each(["0", "-5", "soon", "86401"])("to extend by %s changes nothing", async (extend) => {
    const parts = { headers: { cookie: await shopper() } };
    const answer = await bytesOf(`${GUARDED}?do=directives&extend=${extend}`, parts);
    expect([answer.status, answer.headers["set-cookie"]]).toEqual([200, undefined]);
  });

  test("on a request without an admission changes nothing", async () => {
    const before = await metrics();
    const answer = await bytesOf("/open?do=directives&revoke=1&extend=60");
    expect(answer.headers["set-cookie"]).toBeUndefined();
    expect(await metrics()).toEqual(before);
  });
});
