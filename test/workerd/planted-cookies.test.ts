/**
 * Cookies of the gate that a neighbouring host or an http page has planted beside the shopper's
 * own, and what of the gate's cookies reaches the shop.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { COOKIE_VALUES_MAX, OWN_COOKIES_LENGTH_MAX } from "../../src/domain/limits.ts";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { openSale, saleDocument } from "./support/shop.ts";

let arrived: Request[] = [];

beforeEach(() => {
  startClock();
  arrived = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    arrived.push(new Request(input, init));
    return new Response("the shop");
  });
});
afterEach(() => vi.restoreAllMocks());

async function ask(path: string, headers: Record<string, string>, init: RequestInit = {}) {
  const request = new Request(`https://shop.example${path}`, { ...init, headers });
  const change = { ORIGIN: "http://origin.test" };
  return gate.fetch(request, { ...env, ...change }, createExecutionContext());
}

let sales = 0;

/** Two shoppers who are inside, of a sale that lets in nobody else. */
async function full() {
  sales += 1;
  const path = `/planted-${sales}/a`;
  const guards = [{ host: "*", path: `/planted-${sales}/*` }];
  const items = [{ sku: `PLANTED-${sales}`, stock: 10 }];
  const sale = await openSale(saleDocument(items, { guards }, { maxActive: 2 }));
  const enter = async (): Promise<string> => {
    const entered = await ask(path, { accept: "text/html" });
    expect(await entered.text()).toBe("the shop");
    return entered.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  };
  const [own, planted] = [await enter(), await enter()];
  const name = `__Host-sluice-admission-${sale.id}`;
  expect(own).toContain(name);
  return { sale, path, own, planted, name };
}

async function isIn(path: string, cookie: string): Promise<boolean> {
  const before = arrived.length;
  const answer = await ask(path, { cookie });
  expect([200, 429]).toContain(answer.status);
  return arrived.length > before;
}

/** By the API, where the orders are: the admission's own id in the answer. */
async function apiAdmits(sale: string, cookie: string): Promise<boolean> {
  const answer = await ask(`/_sluice/v1/sales/${sale}/status`, { cookie });
  const { state } = z.object({ state: z.string().default("") }).parse(await answer.json());
  return state === "admitted";
}

test("an admission in the value of another cookie admits nobody", async () => {
  const { sale, path, own } = await full();
  for (const planted of [`theme=dark ${own}`, `theme=dark,${own}`, `theme=dark, ${own}`]) {
    expect(await isIn(path, planted)).toBe(false);
    expect(await apiAdmits(sale.id, planted)).toBe(false);
  }
  expect(await isIn(path, `theme=dark; ${own}`)).toBe(true);
  expect(await apiAdmits(sale.id, `theme=dark; ${own}`)).toBe(true);
});

test("rubbish before or after the own cookie does not throw its owner out", async () => {
  const { sale, path, own, name } = await full();
  const forged = `${own.slice(0, -6)}AAAAAA`;
  const rubbish = Array.from({ length: 3 * COOKIE_VALUES_MAX }, (_, at) => `${name}=${at}`);
  const headers = [
    `${name}=rubbish; ${own}`,
    `${name}=; ${own}`,
    `${forged}; ${own}`,
    `${own}; ${forged}`,
    `${own}; ${own}`,
    `${rubbish.join("; ")}; ${own}`,
  ];
  for (const cookie of headers) {
    expect(await isIn(path, cookie)).toBe(true);
    expect(await apiAdmits(sale.id, cookie)).toBe(true);
  }
});

test("of two admissions that the gate signed neither counts, in any order", async () => {
  const { sale, path, own, planted } = await full();
  for (const cookie of [`${own}; ${planted}`, `${planted}; ${own}`]) {
    expect(await isIn(path, cookie)).toBe(false);
    expect(await apiAdmits(sale.id, cookie)).toBe(false);
  }
});

test("a body and the other cookies survive the choice", async () => {
  const { path, own, name } = await full();
  const headers = { cookie: `a=1; ${name}=rubbish;b="2 ; c=3"; nameless; ${own}` };
  await ask(path, headers, { method: "POST", body: "a body" });
  const request = arrived.at(-1);
  expect(await request?.text()).toBe("a body");
  expect(request?.headers.get("Cookie")).toBe('a=1; b="2; c=3"; nameless');
});

test("the shop is sent no cookie of the gate, whatever the path", async () => {
  const { path, own } = await full();
  const kept = `cart=7; theme=dark __Host-sluice-x=1`;
  for (const target of [path, "/open"]) {
    await ask(target, { cookie: `${own}; __Host-sluice-device=d;${kept}; __Host-sluice-join-x=1` });
    expect(arrived.at(-1)?.headers.get("Cookie")).toBe(kept);
    await ask(target, { cookie: own });
    expect(arrived.at(-1)?.headers.has("Cookie")).toBe(false);
  }
});

test("the shop is sent no header in the gate's name, however a server would fold it", async () => {
  await ask("/open", {
    "Sluice-Admission": "forged",
    Sluice_Admission: "forged",
    "SLUICE.Admission": "forged",
    Sluice_Replay: "0",
    X_Forwarded_Host: "evil.example",
    "X.Forwarded.Proto": "gopher",
    "X-Sluice": "kept",
  });
  const names = [...(arrived.at(-1)?.headers.keys() ?? [])];
  expect(names.filter((name) => /sluice|forwarded/.test(name))).toEqual([
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-sluice",
  ]);
  expect(arrived.at(-1)?.headers.get("x-forwarded-host")).toBe("shop.example");
});

/** What a browser that sends these cookies keeps and drops with this answer. */
function afterAnswer(answer: Response) {
  const lines = answer.headers.getSetCookie();
  const nameOf = (line: string): string => line.split("=")[0] ?? "";
  const [dropped, given] = [true, false].map((ends) => {
    return lines.filter((line) => line.includes("Max-Age=0") === ends).map(nameOf);
  });
  return { dropped, given };
}

test("cookies of a sale whose end is final are ended with the next cookie that is given", async () => {
  const page = { accept: "text/html", "sec-fetch-site": "none" };
  const { sale: gone, path: gonePath, own } = await full();
  const waiting = (await ask(gonePath, page)).headers.getSetCookie()[0]?.split(";")[0] ?? "";
  expect(waiting).toContain(`__Host-sluice-ticket-${gone.id}`);
  const cookie = `theme=dark; ${waiting}; ${own}`;
  const visit = async () => {
    const { path, sale } = await full();
    const answer = await ask(path, { ...page, cookie });
    expect(afterAnswer(answer).given).toEqual([`__Host-sluice-ticket-${sale.id}`]);
    return afterAnswer(answer).dropped;
  };
  expect(await visit()).toEqual([]);
  const room = env.WAITING_ROOM.get(env.WAITING_ROOM.idFromName(gone.id));
  expect(await room.act("end")).toMatchObject({ kind: "done" });
  pass(5 * 60_000);
  // Its end can still be undone.
  expect(await visit()).toEqual([]);
  pass(6 * 60_000);
  expect(await visit()).toEqual([`__Host-sluice-ticket-${gone.id}`]);
  pass(25 * 60 * 60_000);
  expect((await visit())?.toSorted()).toEqual([
    `__Host-sluice-admission-${gone.id}`,
    `__Host-sluice-ticket-${gone.id}`,
  ]);
  const { path } = await full();
  const without = await ask(path, { accept: "*/*", cookie });
  expect(without.headers.getSetCookie()).toEqual([]);
});

test("a browser of twelve sales that are on sends no more than the bound", async () => {
  const jar = new Map<string, string>();
  const header = () => [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
  const paths: string[] = [];
  for (let sale = 0; sale < 12; sale += 1) {
    const { path } = await full();
    paths.push(path);
    const answer = await ask(path, { accept: "text/html", cookie: header() });
    for (const line of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = line.slice(0, line.indexOf(";")).split(/=(.*)/s);
      if (line.includes("Max-Age=0")) jar.delete(name);
      else jar.set(name, value);
    }
    pass(1000);
    expect(header().length).toBeLessThanOrEqual(OWN_COOKIES_LENGTH_MAX);
  }
  const places = [...jar.keys()].filter((name) => name.includes("ticket"));
  expect(places.length).toBeGreaterThan(5);
  const last = await ask(paths.at(-1) ?? "", { accept: "text/html", cookie: header() });
  expect(afterAnswer(last).given).toEqual([]);
});
