/**
 * Sales that end after 2038, where KV's expirations stop, after 2262, where the platform's alarms
 * stop, or never.
 */
import { createExecutionContext, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import gate from "../../src/gate.ts";
import { SingleAlarm } from "../../durable-objects/single-alarm.ts";
import { NO_END } from "../../src/domain/sale/schedule.ts";
import { publishSale } from "../../src/sales/sale-directory.ts";
import { pass, startClock } from "./support/clock.ts";
import { instant, roomOf, saleDocument } from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const withEnv = { ...env, ORIGIN: "http://origin.test" };
  const request = new Request(`https://shop.example${path}`, init);
  return gate.fetch(request, withEnv, createExecutionContext());
}

function put(sale: object, id: string): Promise<Response> {
  return ask(`/_sluice/admin/v1/sales/${id}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${env.ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(sale),
  });
}

const NEVER = new Date(NO_END).toISOString();

test.each([
  ["2038-01-19T03:14:08Z"],
  ["2106-02-07T06:28:16Z"],
  ["2999-12-31T00:00:00Z"],
  [NO_END],
  [undefined],
])("a sale that ends %s is accepted, guards its addresses, and shows no false end", async (end) => {
  const id = `far-${end?.slice(0, 4) ?? "never"}`;
  const guards = [{ host: "*", path: `/${id}/*` }];
  const { endsAt: _, ...document } = saleDocument([], { id, guards }, { maxActive: 1 });
  const sale = { ...document, ...(end === undefined ? {} : { endsAt: end }) };
  expect((await put(sale, id)).status).toBe(201);
  expect(await env.CONFIG.get(`guard:${id}`)).not.toBeNull();
  pass(1000);
  await ask(`/${id}/a`, { headers: { accept: "text/html" } });
  expect((await ask(`/${id}/a`)).status).toBe(429);
  await runDurableObjectAlarm(roomOf(id));
  await runInDurableObject(roomOf(id), async (_room, { storage }) => {
    expect(await storage.getAlarm()).toBeGreaterThan(Date.now() - 1000);
  });
  const shown = await (await ask(`/_sluice/v1/sales/${id}`)).json();
  const ends = new Date(end ?? NO_END).toISOString();
  expect(shown).toMatchObject({ phase: "live", endsAt: ends });
  const page = await (await ask(`/_sluice/shop/${id}`)).text();
  expect(page.includes("It ends")).toBe(ends < NEVER);
  const list = await (await ask("/_sluice/shop")).text();
  expect(list).not.toContain("9999-12");
  const headers = { accept: "application/json" };
  const app = await (await ask(`/${id}/a`, { headers })).json();
  const cfWaitingRoom = { isEventActive: ends < NEVER, inWaitingRoom: true };
  expect(app).toMatchObject({ cfWaitingRoom });
});

test("a sale whose guards cannot be published is not public either", async () => {
  const guards = [{ host: "*", path: "/unpublished/*" }];
  const sale = saleDocument([], { id: "unpublished", guards });
  const writes = vi.spyOn(env.CONFIG, "put").mockImplementation(async (name) => {
    if (name.startsWith("guard:")) throw new Error("KV is out of reach");
  });
  const published = { v: 1, revision: 1, sale } as const;
  await expect(publishSale(env, published, Date.now())).rejects.toThrow("out of reach");
  expect(writes.mock.calls.map(([name]) => name)).toEqual(["guard:unpublished"]);
});

test("an alarm that is further ahead than the platform counts comes early, and again", async () => {
  const alarms: number[] = [];
  const storage = {
    getAlarm: async () => null,
    setAlarm: async (at_ms: number) => void alarms.push(at_ms),
    deleteAlarm: async () => undefined,
  };
  const alarm = new SingleAlarm(storage);
  const now = Date.parse(instant(Date.now()));
  await alarm.arm([Date.parse(NO_END)], now);
  await alarm.arm([Date.parse(NO_END), null], now + 1000);
  expect(alarms).toHaveLength(1);
  alarm.fired();
  await alarm.arm([Date.parse(NO_END)], alarms[0] ?? 0);
  const year_ms = 365 * 24 * 60 * 60 * 1000;
  expect(alarms).toEqual([now + year_ms, now + 2 * year_ms]);
});
