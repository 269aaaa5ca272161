/**
 * What a browser keeps of its way through a guarded address: the ticket that leads in again when
 * the admission is lost, and no cookies at all.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BROWSER, Client, fill, makeGuardedSale, send } from "./support/guarded-shop.ts";
import { startOrigin, type OriginServer } from "./support/origin-server.ts";
import { auditOf, startSluice, type Sluice, until } from "./support/sluice.ts";

const SHOP = "<h1>The shop</h1>";

let origin: OriginServer;
let sluice: Sluice;
let sales = 0;

beforeAll(async () => {
  origin = await startOrigin();
  const variables = { gate: { ORIGIN: origin.url } };
  sluice = await startSluice({ pipeline: false, variables });
});
afterAll(async () => {
  await sluice.stop();
  await origin.stop();
});

/** One is in, one is in line, and nobody else gets in. */
async function full(change: Readonly<Record<string, unknown>> = {}) {
  sales += 1;
  const id = `kept-${sales}`;
  const admission = { ratePerMinute: 1_000_000, maxActive: 1, ...change };
  await makeGuardedSale(sluice, id, { items: [], admission });
  for (let shopper = 0; shopper < 2; shopper += 1) await fill(sluice, id);
  return { id, path: `/${id}/shoes?size=42` };
}

function standing(sale: string, ticket: string) {
  const headers = { "sluice-ticket": ticket };
  return sluice.shopper("GET", `/sales/${sale}/status`, { headers });
}

describe("a ticket whose turn was taken up", () => {
  /** Somebody who waited and is in. */
  async function letIn(change: Readonly<Record<string, unknown>> = {}) {
    const { id, path } = await full(change);
    const client = new Client(sluice.host.gateUrl, BROWSER);
    await client.get(path);
    await sluice.merchant("PATCH", `/sales/${id}/admission`, { maxActive: 10 });
    const load = () => client.get(path);
    await until(load, ({ text }) => text === SHOP);
    const names = {
      ticket: `__Host-sluice-ticket-${id}`,
      admission: `__Host-sluice-admission-${id}`,
    };
    const ticket = client.cookies.get(names.ticket) ?? "";
    const admission = client.cookies.get(names.admission) ?? "";
    return { id, client, load, names, ticket, admission };
  }

  test("leads in again when the admission is lost: the same one, also long after the call", async () => {
    const { id, client, load, names, ticket, admission } = await letIn({ claimWindowSeconds: 5 });
    client.cookies.delete(names.admission);
    expect((await load()).text).toBe(SHOP);
    expect(client.cookies.get(names.admission)).toBe(admission);
    await until(
      () => standing(id, ticket),
      ({ body }) => body["state"] === "lapsed",
    );
    client.cookies.delete(names.admission);
    expect((await load()).text).toBe(SHOP);
    expect(client.cookies).toEqual(
      new Map([
        [names.ticket, ticket],
        [names.admission, admission],
      ]),
    );
    expect((await auditOf(sluice, id)).claimed).toBe(2);
  });

  test("is given up for a new place once the time in the shop is over, and once only", async () => {
    const { id, client, load, names, ticket, admission } = await letIn();
    await sluice.merchant("PATCH", `/sales/${id}/admission`, { maxActive: 1 });
    const headers = { "sluice-admission": admission };
    await sluice.shopper("DELETE", `/sales/${id}/admissions/current`, { headers });
    const { body } = await sluice.shopper("POST", `/sales/${id}/tickets`);
    await until(
      () => standing(id, String(body["ticket"])),
      ({ body: told }) => told["position"] !== null,
    );
    client.cookies.delete(names.admission);
    await until(load, () => client.cookies.get(names.ticket) !== ticket);
    const second = client.cookies.get(names.ticket);
    const reloaded = await load();
    expect(reloaded.text).toContain('data-state="queued"');
    expect(reloaded.headers.getSetCookie()).toEqual([]);
    expect([...client.cookies]).toEqual([[names.ticket, second]]);
  });
});

describe("a browser that was given a place", () => {
  test("is asked once whether it keeps it: it goes on if so, and is told what to do if not", async () => {
    const { id, path } = await full();
    const client = new Client(sluice.host.gateUrl, BROWSER);
    const page = await client.get(path);
    const check = `/_sluice/shop/${id}/kept?to=${encodeURIComponent(path)}`;
    expect(page.text).toContain(`data-check="${check}"`);
    expect(page.text).toContain(`; url=${check}"`);
    const kept = await client.get(check);
    expect(kept.status).toBe(303);
    expect(kept.headers.get("location")).toBe(path);
    expect((await client.get(path)).text).not.toContain("data-check");

    const forgetful = new Client(sluice.host.gateUrl, BROWSER);
    const told = await forgetful.get(check);
    expect(told.status).toBe(401);
    expect(told.text).toContain("Your browser does not store your place");
    expect(told.text).toContain(`name="to" value="${path}"`);
    expect(told.text).not.toContain("http-equiv");
    expect([...forgetful.cookies.keys()]).toEqual([`__Host-sluice-join-${id}`]);
  });

  test.each(["", "?to=", "?to=//elsewhere.example/", "?to=/%5Celsewhere.example", "?to=https:x"])(
    "is led to no other host: %s",
    async (query) => {
      const answer = await send(`${sluice.host.gateUrl}/_sluice/shop/kept/kept${query}`, BROWSER);
      expect(answer.status).toBe(422);
      expect(answer.headers.get("location")).toBeNull();
    },
  );
});
