/**
 * A gate in front of a shop's own server: which requests pass, which wait, and what reaches the
 * shop.
 */
import { createHash } from "node:crypto";
import { get as httpGet } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { request } from "undici";
import { z } from "zod";
import { startOrigin, type OriginServer } from "./support/origin-server.ts";
import * as sluices from "./support/sluice.ts";

let origin: OriginServer;
let sluice: sluices.Sluice;

beforeAll(async () => {
  origin = await startOrigin();
  const gate = { ORIGIN: origin.url };
  sluice = await sluices.startSluice({ pipeline: false, variables: { gate } });
});
afterAll(async () => {
  await sluice.stop();
  await origin.stop();
});

const HTML = { accept: "text/html", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" };

let sales = 0;

/** A sale that guards a folder of its own, and the path of that folder. */
async function guard(change: Readonly<Record<string, unknown>> = {}) {
  sales += 1;
  const id = `guarded-${sales}`;
  const guards = [{ host: "*", path: `/${id}/*` }];
  await sluices.makeSale(sluice, id, { items: [], guards, ...change });
  return { id, path: `/${id}/shoes` };
}

/** A sale in which nobody gets in: its one seat is taken, and somebody waits. */
async function full(change: Readonly<Record<string, unknown>> = {}) {
  const admission = { ratePerMinute: 1_000_000, maxActive: 1 };
  const guarded = await guard({ admission, ...change });
  await sluice.shopper("POST", `/sales/${guarded.id}/tickets`);
  await sluice.shopper("POST", `/sales/${guarded.id}/tickets`);
  return guarded;
}

interface Got {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** Names and values of the cookies that were set; an empty value removes a cookie. */
  readonly cookies: ReadonlyMap<string, string>;
}

interface RequestParts {
  readonly method?: "GET" | "POST" | "HEAD" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Not with `fetch`, which sets `Sec-Fetch-Mode` itself. */
async function ask(path: string, parts: RequestParts = {}): Promise<Got> {
  const { statusCode, headers, body } = await request(sluice.host.gateUrl + path, {
    method: "GET",
    dispatcher: sluices.connections,
    ...parts,
  });
  const cookies = [headers["set-cookie"] ?? []].flat().map((line) => {
    const [pair = ""] = line.split(";");
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)] as const;
  });
  return { status: statusCode, headers, text: await body.text(), cookies: new Map(cookies) };
}

function carrying({ cookies }: Got): Record<string, string> {
  return { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") };
}

/** The Sluice headers of the last request that reached the shop. */
function oursAtOrigin(): Record<string, string> {
  const last = origin.arrived.at(-1);
  const ours = last?.headers.filter(([name]) => name.toLowerCase().startsWith("sluice-")) ?? [];
  return Object.fromEntries(ours.map(([name, value]) => [name.toLowerCase(), value]));
}

const object = z.record(z.string(), z.unknown());
const json = ({ text }: Got) => object.parse(JSON.parse(text));

describe("a navigation to a guarded page", () => {
  test("passes at once while nobody waits, with the admission for shop and browser", async () => {
    const { id, path } = await guard();
    const first = await ask(path, { headers: HTML });
    expect(first).toMatchObject({ status: 200, text: "<h1>The shop</h1>" });
    const admission = first.cookies.get(`__Host-sluice-admission-${id}`);
    expect(admission).toBeDefined();
    expect(oursAtOrigin()).toEqual({ "sluice-admission": admission });
    expect(first.headers["cache-control"]).toBe("private, no-store");

    const second = await ask(path, { headers: carrying(first) });
    expect(second).toMatchObject({ status: 200, text: "<h1>The shop</h1>" });
    expect(second.cookies.size).toBe(0);
    expect(oursAtOrigin()).toEqual({ "sluice-admission": admission });
  });

  test("joins the line, keeps the place, and passes when it is called", async () => {
    const { id, path } = await full();
    const before = origin.arrived.length;
    const first = await ask(`${path}?size=42`, { headers: HTML });
    expect(first.status).toBe(200);
    expect(first.text).toContain(`data-shop="${path}?size=42"`);
    expect(first.headers["cache-control"]).toBe("no-store");
    expect(first.headers["x-robots-tag"]).toBe("noarchive, nosnippet");
    expect(first.text).not.toContain("noindex");
    const ticket = carrying(first);
    const again = await ask(path, { headers: { ...HTML, ...ticket } });
    expect(again.text).toContain("data-waiting");
    expect(again.cookies.size).toBe(0);
    expect(origin.arrived.length).toBe(before);

    await sluice.merchant("PATCH", `/sales/${id}/admission`, { maxActive: 10 });
    const through = await sluices.until(
      () => ask(path, { headers: { ...HTML, ...ticket } }),
      ({ text }) => text === "<h1>The shop</h1>",
    );
    expect(through.cookies.get(`__Host-sluice-admission-${id}`)).toMatch(/^ey/);
    expect(through.cookies.has(`__Host-sluice-ticket-${id}`)).toBe(false);
  });

  test.each([202, 429])("is answered with the sale's status: %i", async (status) => {
    const { path } = await full({ waitingPage: { status } });
    expect((await ask(path, { headers: HTML })).status).toBe(status);
  });

  test("before the opening gets a countdown, and after the end passes unguarded", async () => {
    const early = await guard(sluices.NOT_OPEN);
    const page = await ask(early.path, { headers: HTML });
    expect(page.status).toBe(200);
    expect(page.text).toContain("Not open yet");
    expect(page.cookies.size).toBe(0);
    const { id, path } = await guard();
    await sluice.merchant("POST", `/sales/${id}/actions`, { action: "end" });
    const over = await sluices.until(
      () => ask(path),
      ({ status }) => status === 200,
    );
    expect(over.text).toBe("<h1>The shop</h1>");
  });

  test("can start on the sale's own page, which links to it and has no cart", async () => {
    const { id, path } = await guard();
    const own = `/_sluice/shop/${id}`;
    const link = `href="/${id}/">Go to the shop</a>`;
    expect((await ask(own)).text).toContain(link);
    const cookies = carrying(await ask(path, { headers: HTML }));
    const admitted = await ask(own, { headers: cookies });
    expect(admitted.text).toContain("You’re in");
    expect(admitted.text).toContain(link);
    const cart = await ask(`${own}/cart`, { headers: cookies });
    expect(cart).toMatchObject({ status: 303, headers: { location: own } });
  });

  test("in the pre-queue takes part in the draw", async () => {
    const { path } = await guard(sluices.PREQUEUE);
    const page = await ask(path, { headers: HTML });
    expect(page.text).toContain('data-state="prequeue"');
    expect(page.cookies.size).toBe(1);
  });
});

describe("a request that is not for a page", () => {
  test("gets instructions in JSON, and does not join", async () => {
    const { id, path } = await full();
    const answer = await ask(path, { method: "POST", body: "{}" });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
    const joinUrl = `/_sluice/v1/sales/${id}/tickets`;
    expect(json(answer)).toMatchObject({ code: "turn_required", sale: id, joinUrl });
    expect(answer.cookies.size).toBe(0);
  });

  test("but for exactly JSON joins, and passes when called", async () => {
    const { id, path } = await full();
    const headers = { accept: "application/json" };
    const joined = await ask(path, { headers });
    const { code, ticket } = json(joined);
    expect(code).toBe("turn_required");
    await sluice.merchant("PATCH", `/sales/${id}/admission`, { maxActive: 10 });
    const through = await sluices.until(
      () => ask(path, { headers: { "sluice-ticket": String(ticket) } }),
      ({ status }) => status === 200,
    );
    expect(through.text).toBe("<h1>The shop</h1>");
    expect(oursAtOrigin()["sluice-admission"]).toMatch(/^ey/);
  });

  test("from a form gets a page that it was not sent, with a link to continue", async () => {
    const { path } = await full();
    const headers = { ...HTML, referer: `${sluice.host.gateUrl}/form?step=2` };
    const page = await ask(path, { method: "POST", headers, body: "a=1" });
    expect(page.status).toBe(429);
    expect(page.text).toContain("Your form was not sent");
    expect(page.text).toContain('href="/form?step=2"');
    expect(page.text).not.toContain("http-equiv");
  });
});

describe("the shop cannot be deceived:", () => {
  test("Sluice headers of a client are not trusted, and never reach the shop", async () => {
    const { path } = await full();
    const forged = { "sluice-admission": "ey.forged.one", "sluice-anything": "x" };
    const before = origin.arrived.length;
    expect((await ask(path, { headers: forged })).status).toBe(429);
    expect(origin.arrived.length).toBe(before);
    await ask("/open", { headers: forged });
    expect(oursAtOrigin()).toEqual({});
  });

  test("an admission to another sale is refused", async () => {
    const [one, other] = [await guard(), await full()];
    const admitted = await ask(one.path, { headers: HTML });
    const admission = admitted.cookies.get(`__Host-sluice-admission-${one.id}`) ?? "";
    const headers = {
      "sluice-admission": admission,
      cookie: `__Host-sluice-admission-${other.id}=${admission}`,
    };
    expect((await ask(other.path, { headers })).status).toBe(429);
  });

  test("a valid cookie counts in spite of a bad header", async () => {
    const { path } = await guard();
    const cookies = carrying(await ask(path, { headers: HTML }));
    const headers = { ...cookies, "sluice-admission": "nonsense" };
    expect((await ask(path, { headers })).status).toBe(200);
    expect(oursAtOrigin()["sluice-admission"]).toMatch(/^ey/);
  });
});

describe("needs no turn:", () => {
  test("a health check, a listed address and a bypass token; the token never reaches the shop", async () => {
    const token = "a bypass token of the shop's own monitors";
    const sha256 = createHash("sha256").update(token).digest("hex");
    const { id, path } = await full({
      bypass: {
        healthChecks: [{ path: "/*/up", userAgent: "Probe/" }],
        addresses: ["192.0.2.0/24", "2001:db8::/32"],
        tokens: [{ id: "monitors", sha256 }],
      },
    });
    const status = async (to: string, headers: Record<string, string>): Promise<number> => {
      return (await ask(to, { headers })).status;
    };
    expect(await status(`/${id}/up`, { "user-agent": "Probe/1.0" })).toBe(200);
    expect(await status(`/${id}/up`, { "user-agent": "Mozilla" })).toBe(429);
    expect(await status(path, { "user-agent": "Probe/1.0" })).toBe(429);
    expect(await status(path, { "cf-connecting-ip": "192.0.2.77" })).toBe(200);
    expect(await status(path, { "cf-connecting-ip": "::ffff:192.0.2.77" })).toBe(200);
    expect(await status(path, { "cf-connecting-ip": "2001:db8:1::1" })).toBe(200);
    expect(await status(path, { "cf-connecting-ip": "192.0.3.77" })).toBe(429);
    expect(await status(path, { "x-forwarded-for": "192.0.2.77" })).toBe(429);
    expect(await status(path, { "sluice-bypass": token })).toBe(200);
    expect(oursAtOrigin()).toEqual({});
    expect(await status(path, { "sluice-bypass": `${token}!` })).toBe(429);
  });

  test("paths that the guard excepts, and paths that no guard covers", async () => {
    const guards = [
      { host: "*", path: "/part/*", except: ["/part/*.css"], exceptMethods: ["HEAD"] },
    ];
    await full({ guards });
    expect((await ask("/part/a.css")).status).toBe(200);
    expect((await ask("/part/a")).status).toBe(429);
    expect((await ask("/part/a", { method: "HEAD" })).status).toBe(200);
    expect((await ask("/apart/a")).status).toBe(200);
    expect((await ask("/part/a", { method: "OPTIONS" })).status).toBe(200);
  });
});

test("Sluice's own paths are never guarded", async () => {
  await full({ guards: [{ host: "only.example", path: "/*" }] });
  const health = await ask("/_sluice/health");
  expect(json(health)).toMatchObject({ ok: true });
  const script = await ask("/_sluice/assets/waiting.js");
  expect(script.status).toBe(200);
});

test("a path whose dot segments lead to the gate's own addresses never reaches the shop", async () => {
  const { hostname, port } = new URL(sluice.host.gateUrl);
  const statusOf = (path: string) => {
    return new Promise<number | undefined>((resolve, reject) => {
      httpGet({ hostname, port, path }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.statusCode));
      }).on("error", reject);
    });
  };
  const arrived = origin.arrived.length;
  for (const path of ["/x/../_sluice/health", "/x/%2e%2e/_sluice/health", "/./_sluice/shop"]) {
    expect([path, await statusOf(path)]).toEqual([path, 404]);
  }
  expect(origin.arrived.length).toBe(arrived);
});
