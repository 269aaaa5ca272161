/**
 * A room that answers nobody: whoever waits keeps seeing the last that was heard, and is told so;
 * tickets are still given; and when it is back, everything goes on where it was.
 */
import { createExecutionContext, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { mishaps } from "./support/mishaps.ts";
import { instant, openSale, roomOf, saleDocument } from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
  mishaps.brokenRooms.clear();
});

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(`https://shop.example/_sluice${path}`, init);
  return gate.fetch(request, env, createExecutionContext());
}

const joined = z.object({ ticket: z.string() });
const told = z.object({ state: z.string(), rank: z.int().nullable(), stale: z.boolean() });

let skus = 0;

/** A sale with somebody in line whose rank is known, and whose room then falls silent. */
async function silenced() {
  skus += 1;
  const rules = { maxActive: 1, ratePerMinute: 1 };
  const startsAt = instant(Date.now() + 3_600_000);
  const item = { sku: `SILENT-${skus}`, stock: 5 };
  const sale = await openSale(saleDocument([item], { startsAt, admission: rules }));
  const join = async () => {
    const answer = await ask(`/v1/sales/${sale.id}/tickets`, { method: "POST" });
    return joined.parse(await answer.json()).ticket;
  };
  const tickets = [await join(), await join(), await join()];
  await roomOf(sale.id).act("start");
  pass(1000);
  await runDurableObjectAlarm(roomOf(sale.id));
  const statusOf = async (ticket: string) => {
    const headers = { "Sluice-Ticket": ticket };
    return told.parse(await (await ask(`/v1/sales/${sale.id}/status`, { headers })).json());
  };
  /** The location's cache keeps a snapshot for a second of the platform's own time. */
  const untilTold = async (ticket: string, isGood: (status: z.infer<typeof told>) => boolean) => {
    return vi.waitFor(
      async () => {
        pass(1000);
        const status = await statusOf(ticket);
        expect(isGood(status)).toBe(true);
        return status;
      },
      { timeout: 10_000, interval: 100 },
    );
  };
  const standings = await Promise.all(
    tickets.map((ticket) => untilTold(ticket, ({ rank }) => rank !== null)),
  );
  const last = tickets[standings.findIndex(({ rank }) => rank === 2)] ?? "";
  expect(await statusOf(last)).toMatchObject({ state: "queued", stale: false });
  mishaps.brokenRooms.add(sale.id);
  return { sale, last, untilTold };
}

test("the last that was heard is shown for five minutes and said to be old; then a retry is", async () => {
  const { sale, last, untilTold } = await silenced();
  const kept = await untilTold(last, ({ stale }) => stale);
  expect(kept).toMatchObject({ state: "queued", rank: 2 });
  const headers = { "Sluice-Ticket": last };
  const page = await (await ask(`/shop/${sale.id}/wait`, { headers })).text();
  expect(page).toContain(
    "Your place is safe. This page shows the last known state, because the shop is not responding.",
  );
  expect(await (await ask(`/shop/${sale.id}`)).text()).toContain("Your place is safe");
  pass(300_000);
  const late = await ask(`/v1/sales/${sale.id}/status`, { headers });
  expect([late.status, late.headers.has("Retry-After")]).toEqual([503, true]);
  const later = await ask(`/shop/${sale.id}/wait`, { headers });
  expect(later.status).toBe(503);
  expect(await later.text()).toContain("Your place is safe");
  mishaps.brokenRooms.clear();
  expect(await untilTold(last, ({ stale }) => !stale)).toMatchObject({ rank: 2 });
});

test("who comes meanwhile gets a ticket, and a claim is told to come again", async () => {
  const { sale, last, untilTold } = await silenced();
  await untilTold(last, ({ stale }) => stale);
  const answer = await ask(`/v1/sales/${sale.id}/tickets`, { method: "POST" });
  expect(answer.status).toBe(201);
  joined.parse(await answer.json());
  const headers = { "Sluice-Ticket": last };
  const claim = await ask(`/v1/sales/${sale.id}/admissions`, { method: "POST", headers });
  expect([claim.status, claim.headers.has("Retry-After")]).toEqual([503, true]);
});
