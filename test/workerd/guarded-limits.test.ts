/**
 * Writes past their limit at a guarded address: whoever joins, takes up a turn or asks after one
 * that has passed is told to wait, nothing has changed, and each is counted once.
 */
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { openSale, roomOf, saleDocument } from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

let sales = 0;

async function ask(path: string, headers: Record<string, string>, success: boolean) {
  let counted = 0;
  const limit = async () => {
    counted += 1;
    return { success };
  };
  const from = { accept: "text/html", "cf-connecting-ip": "192.0.2.1", ...headers };
  const request = new Request(`https://shop.example${path}`, { headers: from });
  const change = { ORIGIN: "http://origin.test", WRITES_BY_ADDRESS: { limit } };
  const answer = await gate.fetch(request, { ...env, ...change }, createExecutionContext());
  const cookies = answer.headers.getSetCookie().map((line) => line.split(";")[0] ?? "");
  return { status: answer.status, cookies, counted };
}

const REFUSED = { status: 429, cookies: [], counted: 1 };
/** The sandbox stands for the shop, and knows no such path. */
const FROM_SHOP = 404;

test("joining, a turn that is called, and one that has passed are refused and counted once", async () => {
  sales += 1;
  const path = `/limited-${sales}/a`;
  const guards = [{ host: "*", path: `/limited-${sales}/*` }];
  const rules = { maxActive: 1, claimWindowSeconds: 5 };
  const sale = await openSale(saleDocument([], { guards }, rules));
  expect(await ask(path, {}, false)).toEqual(REFUSED);
  expect(await ask(path, {}, true)).toMatchObject({ status: FROM_SHOP, counted: 1 });
  const joined = await ask(path, {}, true);
  const cookie = joined.cookies.join("; ");
  expect(cookie).toContain("sluice-ticket");
  const ticket = cookie.slice(cookie.indexOf("=") + 1);
  const untilIn = (state: string): Promise<void> => {
    const attempt = async (): Promise<void> => {
      pass(1000);
      await runDurableObjectAlarm(roomOf(sale.id));
      const headers = { "Sluice-Ticket": ticket };
      const url = `https://shop.example/_sluice/v1/sales/${sale.id}/status`;
      const told = await gate.fetch(new Request(url, { headers }), env, createExecutionContext());
      expect(await told.json()).toMatchObject({ state });
    };
    return vi.waitFor(attempt, { timeout: 20_000, interval: 200 });
  };
  await roomOf(sale.id).change({ maxActive: 10 });
  await untilIn("called");
  expect(await ask(path, { cookie }, false)).toEqual(REFUSED);
  await untilIn("lapsed");
  expect(await ask(path, { cookie }, false)).toEqual(REFUSED);
  const passed = await ask(path, { cookie }, true);
  expect(passed.counted).toBe(1);
}, 40_000);
