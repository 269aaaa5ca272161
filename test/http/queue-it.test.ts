/**
 * A shop with Queue-it's connector behind the gate: which requests get in with a token, and which
 * the connector refuses.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QUEUE_DOMAIN, QUEUE_IT_SECRET } from "../node/support/queue-it-connector.ts";
import {
  BROWSER,
  Client,
  fill,
  FULL,
  makeGuardedSale,
  makeRoom,
  send,
} from "./support/guarded-shop.ts";
import { pathsOf } from "./support/problem-checks.ts";
import { startShop, type ShopServer } from "./support/shop-server.ts";
import { auditOf, saleDocument, startSluice, type Sluice, until } from "./support/sluice.ts";

let shop: ShopServer;
let sluice: Sluice;
let sales = 0;

beforeAll(async () => {
  shop = await startShop();
  sluice = await startSluice({
    variables: { gate: { ORIGIN: shop.url, QUEUE_IT_SECRET } },
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
  const id = `queue-${sales}`;
  await makeGuardedSale(sluice, id, change);
  return id;
}

function browser(): Client {
  return new Client(sluice.host.gateUrl, BROWSER);
}

/** Where a shopper who is let in is redirected to, after the check of cookies. */
async function addressWithToken(client: Client, sale: string): Promise<string> {
  let next = `/${sale}/shoes`;
  for (let step = 0; step < 4 && !next.includes("queueittoken="); step += 1) {
    next = (await client.get(next)).headers.get("location") ?? "";
  }
  return next;
}

describe("a shop with Queue-it's connector", () => {
  const queueIt = { eventId: "AirOne", customerId: "acme", tokenValiditySeconds: 60 };

  test("accepts shoppers whom the gate admits, with one token, for the whole session", async () => {
    const sale = await guardedSale({ ...FULL, queueIt });
    await fill(sluice, sale);
    const shopper = browser();
    const page = `/${sale}/shoes?size=42&colour=%7Ered`;
    const waiting = await shopper.follow(page);
    expect(waiting.leftTo).toBeNull();
    expect(waiting.text).not.toContain("Welcome to the drop");
    await makeRoom(sluice, sale);
    const entered = await until(
      () => shopper.follow(page),
      ({ text }) => text.includes("Welcome to the drop"),
    );
    const base = sluice.host.gateUrl + page;
    expect(entered.way[0]).toBe(base);
    expect(entered.way[1]).toMatch(
      /&queueittoken=e_airone~q_[0-9a-f-]{36}~ts_\d+~ce_false~cv_10~rt_queue~h_[0-9a-f]{64}$/,
    );
    expect(new URL(entered.way[2] ?? "").searchParams.get("queueittoken")).toBeNull();
    expect(entered.way).toHaveLength(3);
    const later = await shopper.follow(`/${sale}/shoes`);
    expect([later.way.length, later.status]).toEqual([1, 200]);
  });

  test("leads a client that keeps no cookies to a page that says so, and takes no seat", async () => {
    const sale = await guardedSale({ queueIt });
    const forgetful = browser();
    const keepNone = async (target: string, way: readonly string[] = []): Promise<string> => {
      forgetful.cookies.clear();
      const { headers, text } = await forgetful.get(target);
      const location = headers.get("location");
      expect(way.length).toBeLessThan(3);
      return location === null ? text : keepNone(location, [...way, location]);
    };
    for (let load = 0; load < 3; load += 1) {
      expect(await keepNone(`/${sale}/shoes?load=${load}`)).toContain("cookies");
    }
    expect(await auditOf(sluice, sale)).toMatchObject({ claimed: 0 });
    const { body } = await sluice.merchant("GET", `/sales/${sale}`);
    expect(body["active"]).toBe(0);
  });

  test("accepts shoppers at once while nobody waits, and those admitted by the API", async () => {
    const sale = await guardedSale({ queueIt });
    const atOnce = await browser().follow(`/${sale}/shoes`);
    // The check of cookies and back, the token, and the address without it.
    expect(atOnce.way).toHaveLength(5);
    expect(atOnce.text).toContain("Welcome to the drop");
    const joined = await sluice.shopper("POST", `/sales/${sale}/tickets`);
    const shopper = browser();
    shopper.cookies.set(`__Host-sluice-admission-${sale}`, String(joined.body["admission"]));
    const entered = await shopper.follow(`/${sale}/shoes`);
    expect(entered.way).toHaveLength(3);
    expect(entered.text).toContain("Welcome to the drop");
  });

  test("still works when the answer with its token was lost, or the URL is shared", async () => {
    const sale = await guardedSale({ queueIt });
    const shopper = browser();
    const shared = await addressWithToken(shopper, sale);
    // Only the admission arrived.
    const name = `__Host-sluice-admission-${sale}`;
    const halved = browser();
    halved.cookies.set(name, shopper.cookies.get(name) ?? "");
    expect((await halved.follow(`/${sale}/shoes`)).text).toContain("Welcome to the drop");
    const friend = await browser().follow(shared);
    expect(friend.text).toContain("Welcome to the drop");
    const renewed = friend.way.findLast((address) => address.includes("queueittoken=")) ?? "";
    expect(new URL(renewed).searchParams.getAll("queueittoken")).toHaveLength(1);
    expect(renewed).not.toBe(shared);
  });

  test("refuses changed, old and foreign tokens in requests that bypass the gate", async () => {
    const sale = await guardedSale({ queueIt });
    const sent = await addressWithToken(browser(), sale);
    const token = new URL(sent).searchParams.get("queueittoken") ?? "";
    const straight = async (text: string) => {
      const headers = { "x-forwarded-host": "shop.example" };
      const url = `${shop.url}/${sale}/shoes?queueittoken=${text}`;
      return (await send(url, headers)).headers.get("location");
    };
    expect(await straight(token)).toBe(`http://shop.example/${sale}/shoes`);
    const later = token.replace(/ts_\d+/, (ts) => `ts_${Number(ts.slice(3)) + 1}`);
    expect(await straight(later)).toContain(`https://${QUEUE_DOMAIN}/error/hash/`);
    expect(await straight(token.replace("e_airone", "e_airtwo"))).toContain("/error/hash/");
    const other = await guardedSale({ queueIt: { eventId: "airtwo" } });
    const foreign = await addressWithToken(browser(), other);
    const [, wrong = ""] = foreign.split("queueittoken=");
    expect(await straight(wrong)).toContain("/error/eventid/");
  });

  test("does not redirect scripts, form submissions and apps", async () => {
    const sale = await guardedSale({ queueIt });
    const { admission } = (await sluice.shopper("POST", `/sales/${sale}/tickets`)).body;
    const cookie = `__Host-sluice-admission-${sale}=${String(admission)}`;
    const before = shop.requests.length;
    const clients = [
      { accept: "*/*", cookie },
      { accept: "application/json", cookie },
      { ...BROWSER, "sluice-admission": String(admission) },
    ];
    for (const headers of clients) {
      const url = `${sluice.host.gateUrl}/${sale}/shoes`;
      expect((await send(url, headers)).headers.get("location")).toContain(QUEUE_DOMAIN);
    }
    expect(shop.requests.slice(before)).toEqual(clients.map(() => `GET /${sale}/shoes`));
  });

  test("is refused in a sale whose cookies would expire before the session", async () => {
    sales += 1;
    const id = `queue-${sales}`;
    const put = (cookieValidityMinutes: number) => {
      const rules = { ...queueIt, cookieValidityMinutes };
      return sluice.merchant("PUT", `/sales/${id}`, saleDocument(id, { queueIt: rules }));
    };
    expect(pathsOf(await put(9))).toEqual(["queueIt.cookieValidityMinutes"]);
    expect((await put(10)).status).toBe(201);
  });
});

test("the fingerprint of the secret is in no answer to a merchant or a shopper", async () => {
  const sale = await guardedSale({ queueIt: { eventId: "airone" } });
  const answers = await Promise.all([
    sluice.merchant("GET", `/sales/${sale}`),
    sluice.shopper("GET", `/sales/${sale}`),
  ]);
  const fingerprint = createHash("sha256").update(QUEUE_IT_SECRET).digest("hex");
  for (const secret of [QUEUE_IT_SECRET, fingerprint]) {
    expect(JSON.stringify(answers.map(({ body }) => body))).not.toContain(secret);
  }
});
