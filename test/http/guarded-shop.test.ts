/**
 * A gate in front of a shop's own server: who is let through, who waits where, and what the shop
 * gets to see.
 */
import { createHash } from "node:crypto";
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

/** A sale that guards a folder of its own, and where it is. */
async function guard(change: Readonly<Record<string, unknown>> = {}) {
  sales += 1;
  const id = `guarded-${sales}`;
  const guards = [{ host: "*", path: `/${id}/*` }];
  await sluices.makeSale(sluice, id, { items: [], guards, ...change });
  return { id, path: `/${id}/shoes` };
}

/** Nobody gets in: one seat, taken, and somebody in line. */
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
  /** Name and value of what was set; empty values were taken away. */
  readonly cookies: ReadonlyMap<string, string>;
}

interface Asked {
  readonly method?: "GET" | "POST" | "HEAD" | "OPTIONS";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Not by `fetch`, which sets `Sec-Fetch-Mode` itself. */
async function ask(path: string, asked: Asked = {}): Promise<Got> {
  const { statusCode, headers, body } = await request(sluice.host.gateUrl + path, {
    method: "GET",
    dispatcher: sluices.connections,
    ...asked,
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

/** What of ours the shop was sent with its last request. */
function oursAtOrigin(): Record<string, string> {
  const last = origin.arrived.at(-1);
  const ours = last?.headers.filter(([name]) => name.toLowerCase().startsWith("sluice-")) ?? [];
  return Object.fromEntries(ours.map(([name, value]) => [name.toLowerCase(), value]));
}

const object = z.record(z.string(), z.unknown());
const json = ({ text }: Got) => object.parse(JSON.parse(text));

describe("a navigation to a guarded page", () => {
  test("goes on at once while nobody waits, with the admission for shop and browser", async () => {
    const { id, path } = await guard();
    const first = await ask(path, { headers: HTML });
    expect(first).toMatchObject({ status: 200, text: "<h1>The shop</h1>" });
    const admission = first.cookies.get(`__Host-sluice-admission-${id}`);
    expect(admission).toBeDefined();
    expect(oursAtOrigin()).toEqual({ "sluice-admission": admission });
    expect(first.headers["cache-control"]).toBe("private");

    const second = await ask(path, { headers: carrying(first) });
    expect(second).toMatchObject({ status: 200, text: "<h1>The shop</h1>" });
    expect(second.cookies.size).toBe(0);
    expect(oursAtOrigin()).toEqual({ "sluice-admission": admission });
  });

  test("joins the line for whoever comes, keeps the place, and goes on when it is called", async () => {
    const { id, path } = await full();
    const before = origin.arrived.length;
    const first = await ask(`${path}?size=42`, { headers: HTML });
    expect(first.status).toBe(200);
    expect(first.text).toContain(`data-shop="${path}?size=42"`);
    expect(first.headers["cache-control"]).toBe("no-store");
    expect(first.headers["x-robots-tag"]).toBe("noindex");
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

  test.each([202, 429])("is answered with the status the sale says: %i", async (status) => {
    const { path } = await full({ waitingPage: { status } });
    expect((await ask(path, { headers: HTML })).status).toBe(status);
  });

  test("before the opening counts down, and after the end goes on unguarded", async () => {
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

  test("has beside it the sale's own page, which leads to it and has no cart", async () => {
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

describe("whoever shows no page", () => {
  test("is told in JSON what to do, and is not joined", async () => {
    const { id, path } = await full();
    const told = await ask(path, { method: "POST", body: "{}" });
    expect(told.status).toBe(429);
    expect(Number(told.headers["retry-after"])).toBeGreaterThan(0);
    const joinUrl = `/_sluice/v1/sales/${id}/tickets`;
    expect(json(told)).toMatchObject({ code: "turn_required", sale: id, joinUrl });
    expect(told.cookies.size).toBe(0);
  });

  test("and asks for exactly JSON is joined, and goes on when called", async () => {
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

  test("a form is told that it was not sent, and by which way to go on", async () => {
    const { path } = await full();
    const headers = { ...HTML, referer: `${sluice.host.gateUrl}/form?step=2` };
    const page = await ask(path, { method: "POST", headers, body: "a=1" });
    expect(page.status).toBe(429);
    expect(page.text).toContain("Your form was not sent");
    expect(page.text).toContain('href="/form?step=2"');
    expect(page.text).not.toContain("http-equiv");
  });
});

describe("the shop cannot be fooled:", () => {
  test("what a client sends in our name is not believed, and never reaches the shop", async () => {
    const { path } = await full();
    const forged = { "sluice-admission": "ey.forged.one", "sluice-anything": "x" };
    const before = origin.arrived.length;
    expect((await ask(path, { headers: forged })).status).toBe(429);
    expect(origin.arrived.length).toBe(before);
    await ask("/open", { headers: forged });
    expect(oursAtOrigin()).toEqual({});
  });

  test("an admission of another sale is none here", async () => {
    const [one, other] = [await guard(), await full()];
    const let_in = await ask(one.path, { headers: HTML });
    const admission = let_in.cookies.get(`__Host-sluice-admission-${one.id}`) ?? "";
    const headers = {
      "sluice-admission": admission,
      cookie: `__Host-sluice-admission-${other.id}=${admission}`,
    };
    expect((await ask(other.path, { headers })).status).toBe(429);
  });

  test("a bad header does not spoil a good cookie", async () => {
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

  test("what the guard excepts, and what no guard covers", async () => {
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

test("Sluice's own addresses are served by Sluice, whatever is guarded", async () => {
  await full({ guards: [{ host: "only.example", path: "/*" }] });
  const health = await ask("/_sluice/health");
  expect(json(health)).toMatchObject({ ok: true });
  const script = await ask("/_sluice/assets/waiting.js");
  expect(script.status).toBe(200);
});
