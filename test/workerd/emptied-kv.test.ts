/**
 * KV without what was published, because the namespace was emptied, deleted or another one is
 * bound: guarded addresses stay guarded, sales stay found, and what is missing is written again.
 */
import { createExecutionContext, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import gate from "../../src/gate.ts";
import { readGuards } from "../../src/sales/guard-index.ts";
import { findSale } from "../../src/sales/sale-directory.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import { openSale, roomOf, saleDocument } from "./support/shop.ts";

/** Whatever is fetched from outside is answered by the sandbox, which knows no such path. */
const FROM_ORIGIN = 404;

let errors: MockInstance<typeof console.error>;

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  errors = vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  mishaps.brokenSaleList = false;
});

/** Another isolate has the same KV and no memory of it. */
function otherIsolate(): KVNamespace {
  return new Proxy(env.CONFIG, {
    get: (kv, name) => {
      const value: unknown = Reflect.get(kv, name);
      return typeof value === "function" ? value.bind(kv) : value;
    },
  });
}

async function ask(
  path: string,
  CONFIG: KVNamespace,
  change: object = {},
  init: RequestInit = {},
): Promise<Response> {
  const request = new Request(`https://shop.example${path}`, init);
  const withEnv = { ...env, CONFIG, ORIGIN: "http://origin.test", ...change };
  return gate.fetch(request, withEnv, createExecutionContext());
}

async function emptyKv(): Promise<void> {
  const { keys } = await env.CONFIG.list();
  await Promise.all(keys.map(({ name }) => env.CONFIG.delete(name)));
}

async function keysIn(): Promise<string[]> {
  return (await env.CONFIG.list()).keys.map(({ name }) => name);
}

function saleList() {
  return env.SALE_LIST.get(env.SALE_LIST.idFromName("sales"));
}

let sales = 0;

/** A sale that guards its own path, with its only seat taken. */
async function guarding() {
  sales += 1;
  const path = `/emptied-${sales}`;
  const guards = [{ host: "*", path: `${path}/*` }];
  const item = { sku: `EMPTIED-${sales}`, stock: 5 };
  const sale = await openSale(saleDocument([item], { guards }, { maxActive: 1 }));
  await roomOf(sale.id).admitNow("now_first", "first", "general");
  return { sale, path: `${path}/a` };
}

/** The list has the objects that it calls counted. */
function counted() {
  const calls: string[] = [];
  const SALE_LIST = new Proxy(env.SALE_LIST, {
    get: (namespace, name) => {
      const value: unknown = Reflect.get(namespace, name);
      if (name !== "get") return typeof value === "function" ? value.bind(namespace) : value;
      return (id: DurableObjectId) => {
        calls.push("asked");
        return namespace.get(id);
      };
    },
  });
  return { calls, SALE_LIST };
}

describe("a new isolate whose KV is empty", () => {
  test("asks who is in line, because the list of sales says what is guarded", async () => {
    const { path } = await guarding();
    await emptyKv();
    expect((await ask(path, otherIsolate())).status).toBe(429);
    expect((await ask("/open/a", otherIsolate())).status).toBe(FROM_ORIGIN);
  });

  test.each([
    ["closed", 503],
    ["open", FROM_ORIGIN],
  ] as const)("does as GUARDS_UNKNOWN=%s says while the list is silent", async (rule, status) => {
    const { path } = await guarding();
    await emptyKv();
    mishaps.brokenSaleList = true;
    const answer = await ask(path, otherIsolate(), { GUARDS_UNKNOWN: rule });
    expect(answer.status).toBe(status);
    expect(answer.headers.has("Retry-After")).toBe(status === 503);
    expect(errors.mock.calls.join("\n")).toContain("guards_unknown");
  });

  test("finds a live sale, whose shoppers join, fill a cart and see it in the list", async () => {
    const { sale } = await guarding();
    await emptyKv();
    const isolate = otherIsolate();
    const own = `/_sluice/v1/sales/${sale.id}`;
    expect((await ask(own, isolate)).status).toBe(200);
    expect((await ask(`${own}/tickets`, isolate, {}, { method: "POST" })).status).toBe(201);
    expect(await (await ask("/_sluice/shop", otherIsolate())).text()).toContain(sale.id);
    expect((await ask("/_sluice/v1/sales/no-such-sale", isolate)).status).toBe(404);
  });

  test("answers 503 and not 404 for a sale while the list is silent", async () => {
    const { sale } = await guarding();
    await emptyKv();
    mishaps.brokenSaleList = true;
    const answer = await ask(`/_sluice/v1/sales/${sale.id}`, otherIsolate());
    expect([answer.status, answer.headers.has("Retry-After")]).toEqual([503, true]);
  });

  test("asks the list once for a crowd, and for sales that do not exist not again", async () => {
    const { sale } = await guarding();
    await emptyKv();
    const CONFIG = otherIsolate();
    const { calls, SALE_LIST } = counted();
    const source = { CONFIG, SALE_LIST };
    const now = Date.now();
    const crowd = Array.from({ length: 50 }, () => findSale(source, sale.id, now));
    const found = await Promise.all(crowd);
    expect(found.every((published) => published?.sale.id === sale.id)).toBe(true);
    // Its ids, and the document.
    expect(calls).toHaveLength(2);
    for (let nth = 0; nth < 20; nth += 1) await findSale(source, `made-up-${nth}`, now);
    expect(calls).toHaveLength(2);
    const guards = Array.from({ length: 50 }, () => readGuards(source, now, () => undefined));
    expect((await Promise.all(guards)).every((table) => table !== null)).toBe(true);
    expect(calls).toHaveLength(3);
  });
});

test("an isolate that knows the guards keeps them when KV is emptied and the list is silent", async () => {
  const { path } = await guarding();
  const isolate = otherIsolate();
  expect((await ask(path, isolate)).status).toBe(429);
  await emptyKv();
  mishaps.brokenSaleList = true;
  for (let look = 0; look < 3; look += 1) {
    pass(3 * 60_000);
    const work: Promise<unknown>[] = [];
    await readGuards({ ...env, CONFIG: isolate }, Date.now(), (refresh) => work.push(refresh));
    await Promise.all(work);
  }
  expect((await ask(path, isolate)).status).not.toBe(FROM_ORIGIN);
});

test("one lost key of several is missed, because the list of guards names it", async () => {
  const [lost, kept] = [await guarding(), await guarding()];
  await runDurableObjectAlarm(saleList());
  await env.CONFIG.delete(`guard:${lost.sale.id}`);
  expect((await ask(lost.path, otherIsolate())).status).toBe(429);
  expect((await ask(kept.path, otherIsolate())).status).toBe(429);
});

describe("what was lost from KV", () => {
  test("is written again by the list, a minute after an isolate lacked it", async () => {
    const { sale, path } = await guarding();
    await runDurableObjectAlarm(saleList());
    await emptyKv();
    pass(3 * 60_000);
    await ask(path, otherIsolate());
    await runDurableObjectAlarm(saleList());
    const keys = await keysIn();
    expect(keys).toEqual(expect.arrayContaining([`sale:${sale.id}`, `guard:${sale.id}`, "guards"]));
    mishaps.brokenSaleList = true;
    expect((await ask(path, otherIsolate())).status).toBe(429);
  });

  test("is written again though nobody asks, while a sale goes on", async () => {
    const { sale } = await guarding();
    await runDurableObjectAlarm(saleList());
    await emptyKv();
    pass(5 * 60_000);
    await runDurableObjectAlarm(saleList());
    expect(await keysIn()).toContain(`guard:${sale.id}`);
  });

  test("is written again at an operator's command, from the documents of the rooms", async () => {
    const { sale } = await guarding();
    await emptyKv();
    const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}` };
    const path = "/_sluice/admin/v1/republish";
    const answer = await ask(path, env.CONFIG, {}, { method: "POST", headers });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ next: null });
    expect(await keysIn()).toEqual(
      expect.arrayContaining([`sale:${sale.id}`, `guard:${sale.id}`, "guards"]),
    );
  });

  test("is no sale that was deleted, also where KV shows it a minute longer", async () => {
    const { sale } = await guarding();
    await saleList().withdraw(sale.id);
    await runDurableObjectAlarm(saleList());
    await env.CONFIG.delete(`sale:${sale.id}`);
    await runDurableObjectAlarm(saleList());
    expect(await saleList().ids()).not.toContain(sale.id);
    expect(await keysIn()).not.toContain(`sale:${sale.id}`);
    // The room of a sale that is being deleted gives it to the list no more.
    await runDurableObjectAlarm(roomOf(sale.id));
    expect(await saleList().ids()).not.toContain(sale.id);
  });
});

describe("a list that was lost, or is new in this release", () => {
  const forgotten = async () => {
    const { sale, path } = await guarding();
    await runInDurableObject(saleList(), (_, { storage }) => {
      storage.sql.exec("DELETE FROM sales WHERE id = ?", sale.id);
    });
    expect(await saleList().ids()).not.toContain(sale.id);
    return { sale, path };
  };

  test("takes over what only KV knows, from the rooms", async () => {
    const { sale, path } = await forgotten();
    expect((await ask(path, otherIsolate())).status).toBe(429);
    await runDurableObjectAlarm(saleList());
    expect(await saleList().ids()).toContain(sale.id);
  });

  test("is given its sales by their rooms, though KV is empty too", async () => {
    const { sale } = await forgotten();
    await emptyKv();
    await roomOf(sale.id).act("pause");
    await runDurableObjectAlarm(roomOf(sale.id));
    expect(await saleList().ids()).toContain(sale.id);
    await runDurableObjectAlarm(saleList());
    expect(await keysIn()).toContain(`guard:${sale.id}`);
  });
});

test("a deployment that never had a sale is open, because the list says that there is none", async () => {
  await emptyKv();
  const ids = await saleList().ids();
  for (const id of ids) await saleList().withdraw(id);
  expect((await ask("/anything", otherIsolate())).status).toBe(FROM_ORIGIN);
  await runDurableObjectAlarm(saleList());
  expect(await env.CONFIG.get("guards", "json")).toEqual({ v: 1, sales: {} });
  mishaps.brokenSaleList = true;
  expect((await ask("/anything", otherIsolate())).status).toBe(FROM_ORIGIN);
});
