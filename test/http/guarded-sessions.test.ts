/**
 * A browser's cookies at a guarded path: the ticket that lets in again when the admission is lost,
 * and browsers without cookies.
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

/** One shopper is inside, one waits, and nobody else gets in. */
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

describe("a ticket whose turn was claimed", () => {
  /** A shopper who waited and was let in. */
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

  test("gives the same admission again when that is lost, even long after the call", async () => {
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

  test("is replaced by one new place after the session has ended", async () => {
    const { id, client, load, names, ticket, admission } = await letIn();
    await sluice.merchant("PATCH", `/sales/${id}/admission`, { maxActive: 1 });
    const headers = { "sluice-admission": admission };
    await sluice.shopper("DELETE", `/sales/${id}/admissions/current`, { headers });
    const { body } = await sluice.shopper("POST", `/sales/${id}/tickets`);
    await until(
      () => standing(id, String(body["ticket"])),
      ({ body }) => body["position"] !== null,
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

describe("a browser that got a place", () => {
  test("is checked once for cookies: with them it continues, without them it gets instructions", async () => {
    const { id, path } = await full();
    const client = new Client(sluice.host.gateUrl, BROWSER);
    const page = await client.get(path);
    const check = `/_sluice/shop/${id}/kept?to=${encodeURIComponent(path)}`;
    expect(page.text).toContain(`data-check="${check}"`);
    expect(page.text).toContain(`; url=${check}"`);
    const stored = await client.get(check);
    expect(stored.status).toBe(303);
    expect(stored.headers.get("location")).toBe(path);
    expect((await client.get(path)).text).not.toContain("data-check");

    const forgetful = new Client(sluice.host.gateUrl, BROWSER);
    const refused = await forgetful.get(check);
    expect(refused.status).toBe(401);
    expect(refused.text).toContain("Your browser does not store your place");
    expect(refused.text).toContain(`name="to" value="${path}"`);
    expect(refused.text).not.toContain("http-equiv");
    expect([...forgetful.cookies.keys()]).toEqual([`__Host-sluice-join-${id}`]);
  });

  test.each(["", "?to=", "?to=//elsewhere.example/", "?to=/%5Celsewhere.example", "?to=https:x"])(
    "is not redirected to another host: %s",
    async (query) => {
      const answer = await send(`${sluice.host.gateUrl}/_sluice/shop/kept/kept${query}`, BROWSER);
      expect(answer.status).toBe(422);
      expect(answer.headers.get("location")).toBeNull();
    },
  );
});
