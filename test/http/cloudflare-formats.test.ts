/**
 * An app that uses Cloudflare's JSON format, and a page from Cloudflare's template, at a guarded
 * path.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { SALE_BODY_BYTES_MAX, TEMPLATE_BYTES_MAX } from "../../src/domain/limits.ts";
import { BROWSER, Client, fill, FULL, makeGuardedSale, makeRoom } from "./support/guarded-shop.ts";
import { expectProblem, pathsOf } from "./support/problem-checks.ts";
import { startShop, type ShopServer } from "./support/shop-server.ts";
import {
  NOT_OPEN,
  PREQUEUE,
  saleDocument,
  startSluice,
  type Sluice,
  until,
} from "./support/sluice.ts";

let shop: ShopServer;
let sluice: Sluice;
let sales = 0;

beforeAll(async () => {
  shop = await startShop();
  sluice = await startSluice({
    variables: { gate: { ORIGIN: shop.url } },
    pipeline: false,
    onLog: () => {},
  });
});
afterAll(async () => {
  await sluice.stop();
  await shop.stop();
});

async function guardedSale(change: Readonly<Record<string, unknown>> = {}): Promise<string> {
  sales += 1;
  const id = `formats-${sales}`;
  await makeGuardedSale(sluice, id, change);
  return id;
}

function browser(): Client {
  return new Client(sluice.host.gateUrl, BROWSER);
}

/** An app written for Cloudflare Waiting Room, which uses only that format. */
const cloudflares = z.object({
  cfWaitingRoom: z.object({
    inWaitingRoom: z.literal(true),
    waitTimeKnown: z.boolean(),
    waitTime: z.int(),
    waitTimeFormatted: z.string(),
    queueAll: z.boolean(),
    lastUpdated: z.iso.datetime(),
    refreshIntervalSeconds: z.int().positive(),
    queueingMethod: z.string(),
    isEventPrequeueing: z.boolean(),
    timeUntilEventStartFormatted: z.string(),
  }),
});

class App {
  readonly client = new Client(sluice.host.gateUrl, { accept: "application/json" });

  /** What the app shows: the room, or the shop's answer. */
  async ask(target: string) {
    const { status, headers, text } = await this.client.get(target);
    const body: unknown = JSON.parse(text);
    const waiting = cloudflares.safeParse(body);
    const room = waiting.success ? waiting.data.cfWaitingRoom : null;
    return { status, headers, body, room };
  }
}

describe("an app that uses Cloudflare's format", () => {
  test("waits, polls with its cookies, and gets the shop's own answer", async () => {
    const sale = await guardedSale(FULL);
    await fill(sluice, sale);
    const app = new App();
    const target = `/api/${sale}/stock?size=42`;
    const first = await app.ask(target);
    expect(first.status).toBe(429);
    expect(first.headers.get("content-type")).toBe("application/json");
    expect(first.headers.get("retry-after")).toBe(String(first.room?.refreshIntervalSeconds));
    expect(first.room).toMatchObject({ inWaitingRoom: true, isEventPrequeueing: false });
    const ticket = app.client.cookies.get(`__Host-sluice-ticket-${sale}`);
    expect(ticket).toBeDefined();
    const known = await until(
      () => app.ask(target),
      ({ room }) => room?.waitTimeKnown === true,
    );
    expect(known.room?.waitTimeFormatted).toMatch(/minute/);
    expect(app.client.cookies.get(`__Host-sluice-ticket-${sale}`)).toBe(ticket);
    await makeRoom(sluice, sale);
    const last = await until(
      () => app.ask(target),
      ({ room }) => room === null,
    );
    expect([last.status, last.body]).toEqual([200, { shoes: 5, admitted: true }]);
    expect(shop.requests.filter((line) => line.includes(sale))).toEqual([`GET ${target}`]);
    expect((await app.ask(`/api/${sale}/cart`)).body).toEqual({ shoes: 5, admitted: true });
  });

  test("joins again when its turn lapsed while it slept", async () => {
    const admission = { ...FULL.admission, method: "fifo", claimWindowSeconds: 5 };
    const sale = await guardedSale({ admission });
    await fill(sluice, sale);
    const app = new App();
    const target = `/api/${sale}/stock`;
    await until(
      () => app.ask(target),
      ({ room }) => room?.waitTimeKnown === true,
    );
    const ticket = app.client.cookies.get(`__Host-sluice-ticket-${sale}`) ?? "";
    // With others behind it, the line advances.
    for (let other = 0; other < 5; other += 1) await fill(sluice, sale);
    await sluice.merchant("PATCH", `/sales/${sale}/admission`, { maxActive: 2 });
    const headers = { "sluice-ticket": ticket };
    await until(
      () => sluice.shopper("GET", `/sales/${sale}/status`, { headers }),
      ({ body }) => body["state"] === "lapsed",
    );
    expect((await app.ask(target)).body).toMatchObject({ standing: { state: "queued" } });
    expect(app.client.cookies.get(`__Host-sluice-ticket-${sale}`)).not.toBe(ticket);
  });

  test("gets the shop's answer at once while nobody waits", async () => {
    const sale = await guardedSale();
    const { status, room } = await new App().ask(`/api/${sale}/stock`);
    expect([status, room]).toEqual([200, null]);
  });

  test("gets the time to the start in the pre-queue, and no forecast before the opening", async () => {
    const early = await guardedSale(PREQUEUE);
    const { room } = await new App().ask(`/api/${early}/stock`);
    expect(room).toMatchObject({ isEventPrequeueing: true, queueingMethod: "random" });
    expect(room?.timeUntilEventStartFormatted).toBe("30 minutes");
    const closed = await guardedSale(NOT_OPEN);
    const before = await new App().ask(`/api/${closed}/stock`);
    expect(before.room).toMatchObject({ waitTimeKnown: false, waitTimeFormatted: "unavailable" });
  });

  test.each([200, 202])(
    "gets status %i if the sale sets it, without a problem document",
    async (jsonStatus) => {
      const sale = await guardedSale({ ...FULL, waitingPage: { jsonStatus } });
      await fill(sluice, sale);
      const { status, body, room } = await new App().ask(`/api/${sale}/stock`);
      expect(status).toBe(jsonStatus);
      expect(room).not.toBeNull();
      expect(body).not.toHaveProperty("code");
      expect(body).not.toHaveProperty("type");
      expect(body).toMatchObject({ sale, standing: { state: "queued" } });
    },
  );

  test.each(["application/json, text/plain, */*", "*/*", "application/json;q=1"])(
    "needs the exact header: %s is answered like any script",
    async (accept) => {
      const sale = await guardedSale(FULL);
      await fill(sluice, sale);
      const { status, text } = await new Client(sluice.host.gateUrl, { accept }).get(
        `/api/${sale}/stock`,
      );
      expect(status).toBe(429);
      expect(text).not.toContain("cfWaitingRoom");
    },
  );
});

describe("a page template of the merchant", () => {
  const template = `<html><head><title>{{title}}</title><style>b{}</style></head><body onload="x()">
<p>{{#waitTimeKnown}}{{waitTimeFormatted}}{{/waitTimeKnown}}</p><p id="said">{{message}}</p>
<script>var t = {{waitTime}}; var m = "{{message}}";</script></body></html>`;
  const hostile = '\\"></p><script nonce=x>alert(1)</script>${alert(2)}\r\nSet-Cookie: a=b';

  test("is shown at the guarded path, reloads by itself, and escapes every value", async () => {
    const title = "</title><script>alert(1)</script>";
    const sale = await guardedSale({ ...FULL, title, waitingPage: { template, status: 202 } });
    await fill(sluice, sale);
    await sluice.merchant("PATCH", `/sales/${sale}/admission`, { message: hostile });
    const client = browser();
    const first = await client.get(`/${sale}/shoes`);
    const check = `/_sluice/shop/${sale}/kept?to=${encodeURIComponent(`/${sale}/shoes`)}`;
    expect(first.headers.get("refresh")).toMatch(/^\d+; url=/);
    expect(first.headers.get("refresh")?.endsWith(`; url=${check}`)).toBe(true);
    expect(first.text).toContain(`location.replace("${check}")`);
    const { status, headers, text } = await until(
      () => client.get(`/${sale}/shoes`),
      (answer) => answer.text.includes("alert"),
    );
    expect(status).toBe(202);
    expect(Number(headers.get("refresh"))).toBeGreaterThan(1);
    const policy = headers.get("content-security-policy") ?? "";
    const nonce = /'nonce-(\w{32})'/.exec(policy)?.[1];
    expect(text.match(/<(script|style)[^>]*>/g)).toEqual([
      `<script nonce=${nonce}>`,
      `<style nonce=${nonce}>`,
      `<script nonce=${nonce}>`,
    ]);
    expect(text).not.toContain("${");
    expect(text).not.toContain("\\");
    expect(headers.getSetCookie().join()).not.toContain("a=b");
    const again = await client.get(`/${sale}/shoes`);
    expect(again.headers.get("content-security-policy")).not.toBe(policy);
    expect(again.headers.get("cache-control")).toBe("no-store");
  });

  test("is refused with every fault and its line when the sale is saved, and the sale is not stored", async () => {
    sales += 1;
    const id = `bad-${sales}`;
    const bad = "<p>{{waitTme}}\n{{{title}}}\n{{> head}}";
    const sent = saleDocument(id, { waitingPage: { template: bad } });
    const refused = await sluice.merchant("PUT", `/sales/${id}`, sent);
    expectProblem(refused, 422, "invalid_request");
    expect(refused.body["errors"]).toEqual([
      {
        path: "waitingPage.template",
        message: "line 1: 'waitTme' is not a variable of a waiting page",
      },
      {
        path: "waitingPage.template",
        message: "line 2: {{{title}}} would not be escaped; write {{title}}",
      },
      {
        path: "waitingPage.template",
        message: "line 3: {{>head}} is a partial, which is not supported",
      },
    ]);
    expect((await sluice.merchant("GET", `/sales/${id}`)).status).toBe(404);
  });

  test("may have the maximum size and not one byte more", async () => {
    const put = (size: number) => {
      const template = `"${"é".repeat((size - 2) / 2)}"`;
      return sluice.merchant(
        "PUT",
        "/sales/size",
        saleDocument("size", { waitingPage: { template } }),
      );
    };
    expect((await put(TEMPLATE_BYTES_MAX)).status).toBe(201);
    const refused = await put(TEMPLATE_BYTES_MAX + 2);
    expect(pathsOf(refused)).toEqual(["waitingPage.template"]);
  });

  test("fits into a sale document even if every character is escaped, and no larger body is read", async () => {
    const template = '"\\'.repeat(TEMPLATE_BYTES_MAX / 2);
    const sent = saleDocument("escaped", { waitingPage: { template } });
    expect((await sluice.merchant("PUT", "/sales/escaped", sent)).status).toBe(201);
    const authorization = `Bearer ${sluice.host.adminToken}`;
    const headers = { authorization, "content-type": "application/json" };
    const pad = (bytes: number) => JSON.stringify({ x: "x".repeat(bytes - 8) });
    const put = (bytes: number) => {
      return sluice.ask("PUT", "/_sluice/admin/v1/sales/escaped", { headers, raw: pad(bytes) });
    };
    expectProblem(await put(SALE_BODY_BYTES_MAX), 422, "invalid_request");
    expectProblem(await put(SALE_BODY_BYTES_MAX + 1), 413, "body_too_large");
    const path = "/_sluice/admin/v1/sales/escaped/admission";
    const patched = await sluice.ask("PATCH", path, { headers, raw: pad(16 * 1024 + 1) });
    expectProblem(patched, 413, "body_too_large");
  });
});

test("a sale with Queue-it tokens is refused without a secret, and not stored", async () => {
  const sent = saleDocument("no-secret", { queueIt: { eventId: "airone" } });
  const refused = await sluice.merchant("PUT", "/sales/no-secret", sent);
  expectProblem(refused, 409, "queue_it_not_configured");
  expect(refused.body["detail"]).toContain("QUEUE_IT_SECRET");
  expect(pathsOf(refused)).toEqual(["queueIt"]);
  expect((await sluice.merchant("GET", "/sales/no-secret")).status).toBe(404);
});
