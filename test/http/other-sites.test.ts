/**
 * Requests at guarded addresses that nobody asked for: of other sites, of speculation, and of what
 * is embedded. They take no place, no turn, no seat and no cookie. The browser's side of it is in
 * `test/browser/other-sites.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BROWSER, fill, makeGuardedSale, makeRoom } from "./support/guarded-shop.ts";
import { startOrigin, type OriginServer } from "./support/origin-server.ts";
import { auditOf, startSluice, type Sluice, until } from "./support/sluice.ts";
import {
  ARRIVAL,
  ask as askGate,
  EVIL,
  FOREIGN_FORM,
  UNASKED,
  URLENCODED,
  type Form,
  type Got,
  type Sent,
} from "./support/unasked.ts";

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

function newSale(): string {
  sales += 1;
  return `elsewhere-${sales}`;
}

/** Nobody waits, and seats are free. */
async function openSale(): Promise<string> {
  const sale = newSale();
  await makeGuardedSale(sluice, sale, { items: [] });
  return sale;
}

/** One is in, and one waits. */
async function fullSale(): Promise<string> {
  const sale = newSale();
  const admission = { ratePerMinute: 1_000_000, maxActive: 1, claimWindowSeconds: 60 };
  await makeGuardedSale(sluice, sale, { items: [], admission });
  for (let shopper = 0; shopper < 2; shopper += 1) await fill(sluice, sale);
  return sale;
}

async function seatsOf(sale: string) {
  const { tickets, claimed, active } = await auditOf(sluice, sale);
  return { tickets, claimed, active };
}

const pathOf = (sale: string): string => `/${sale}/shoes?size=42`;

const ask = (path: string, headers: Sent, form?: Form) => askGate(sluice, path, headers, form);

describe("what nobody asked for takes nothing:", () => {
  test.each(UNASKED)("%s", async (_, sent) => {
    const [free, full] = [await openSale(), await fullSale()];
    for (const sale of [free, full]) {
      for (let time = 0; time < 2; time += 1) {
        const answer = await ask(pathOf(sale), sent);
        expect([answer.status, answer.cookies, answer.vary]).toEqual([429, [], "*"]);
        expect(answer.text).toContain('"turn_required"');
      }
    }
    expect(await seatsOf(free)).toEqual({ tickets: 0, claimed: 0, active: 0 });
    const { claimed, active } = await seatsOf(full);
    expect([claimed, active]).toEqual([1, 1]);
  });

  test("a called turn waits for the shopper's own page", async () => {
    const sale = await fullSale();
    const joined = await ask(pathOf(sale), BROWSER);
    const [cookie = ""] = joined.cookies;
    await makeRoom(sluice, sale);
    const [, ticket = ""] = cookie.split("=");
    await until(
      () =>
        sluice.shopper("GET", `/sales/${sale}/status`, { headers: { "sluice-ticket": ticket } }),
      ({ body }) => body["state"] === "called",
    );
    for (const [, sent] of UNASKED) {
      const answer = await ask(pathOf(sale), { ...sent, cookie });
      expect([answer.status, answer.cookies]).toEqual([429, []]);
    }
    const claimed = async () => (await auditOf(sluice, sale)).claimed;
    const before = await claimed();
    expect((await ask(pathOf(sale), { ...BROWSER, cookie })).text).toBe(SHOP);
    await until(claimed, (count) => count === before + 1);
  });
});

describe("a page to which another site leads", () => {
  test("gets a seat only when a cookie has come back, and always the same one", async () => {
    const sale = await openSale();
    const first = await ask(pathOf(sale), ARRIVAL);
    const check = `/_sluice/shop/${sale}/kept?to=${encodeURIComponent(pathOf(sale))}&arrival=yes`;
    expect([first.status, first.location]).toEqual([303, check]);
    const [cookie = "", ...others] = first.cookies;
    expect([cookie, others]).toEqual([expect.stringContaining(`sluice-join-${sale}=direct-`), []]);
    for (let time = 0; time < 3; time += 1) await ask(pathOf(sale), ARRIVAL);
    const kept = await ask(check, { ...ARRIVAL, cookie });
    expect([kept.status, kept.location]).toEqual([303, pathOf(sale)]);
    expect(await seatsOf(sale)).toEqual({ tickets: 0, claimed: 0, active: 0 });
    const admissions = new Set<string>();
    for (let time = 0; time < 2; time += 1) {
      const inside = await ask(pathOf(sale), { ...ARRIVAL, cookie });
      expect(inside.text).toBe(SHOP);
      for (const set of inside.cookies) admissions.add(set);
    }
    expect([...admissions]).toEqual([expect.stringContaining(`sluice-admission-${sale}=`)]);
    await until(
      () => seatsOf(sale),
      ({ active }) => active === 1,
    );
  });

  test("explains itself to a browser that keeps no cookies", async () => {
    const sale = await openSale();
    const first = await ask(pathOf(sale), ARRIVAL);
    const page = await ask(first.location ?? "", ARRIVAL);
    expect(page.status).toBe(403);
    expect(page.text).toContain("Your browser does not store your place");
    expect(page.text).toContain(`name="to" value="${pathOf(sale)}"`);
  });

  test("with an address too long for the check is a link to it", async () => {
    const sale = await openSale();
    const page = await ask(`${pathOf(sale)}&q=${"x".repeat(3000)}`, ARRIVAL);
    expect(page.status).toBe(200);
    expect(page.text).toContain('href="">Go to the shop');
    expect(page.cookies).toHaveLength(1);
    expect(await seatsOf(sale)).toEqual({ tickets: 0, claimed: 0, active: 0 });
  });

  test("shows the line at once while others wait", async () => {
    const sale = await fullSale();
    // A gate may show the line a second later.
    const page = await until(
      () => ask(pathOf(sale), ARRIVAL),
      ({ status }) => status === 200,
    );
    expect([page.cookies, page.vary]).toEqual([[expect.stringContaining("ticket")], "*"]);
    expect(page.text).toContain("data-waiting");
  });
});

describe("Sluice's own pages", () => {
  const storefront = (sale: string): string => `/_sluice/shop/${sale}`;
  const EARLY = UNASKED.filter(([, sent]) =>
    Object.keys(sent).some((name) => /purpose|x-moz/.test(name)),
  );

  test("are not loaded in advance", async () => {
    const sale = await openSale();
    for (const [, sent] of EARLY) {
      for (const path of [storefront(sale), `${storefront(sale)}/wait`, "/_sluice/shop"]) {
        const answer = await ask(path, sent);
        expect([answer.status, answer.cookies]).toEqual([425, []]);
      }
    }
    expect(EARLY).toHaveLength(6);
  });

  test("give no cookie to what another site embeds", async () => {
    const sale = await openSale();
    const embedded = UNASKED.filter((row) => !EARLY.includes(row));
    for (const [, sent] of embedded) {
      expect((await ask(storefront(sale), sent)).cookies).toEqual([]);
    }
    expect((await ask(storefront(sale), BROWSER)).cookies).toHaveLength(1);
    expect((await ask(storefront(sale), ARRIVAL)).cookies).toHaveLength(1);
  });

  test("the API changes nothing for a page that nobody sees yet", async () => {
    const sale = await openSale();
    const path = `/_sluice/v1/sales/${sale}/tickets`;
    const body = { type: "application/json", body: "{}" };
    for (const purpose of ["prefetch;prerender", "prefetch"]) {
      const headers = { origin: sluice.host.gateUrl, "sec-fetch-site": "same-origin" };
      const answer = await ask(path, { ...headers, "sec-purpose": purpose }, body);
      expect([answer.status, answer.cookies]).toEqual([425, []]);
      expect(answer.text).toContain('"not_shown_yet"');
    }
    const foreign = await ask(path, { referer: `${EVIL}/` }, body);
    expect([foreign.status, foreign.cookies]).toEqual([403, []]);
    expect(await seatsOf(sale)).toEqual({ tickets: 0, claimed: 0, active: 0 });
  });
});

test("a navigation through a service worker is one", async () => {
  const worker = { ...BROWSER, "sec-fetch-dest": "empty", "sec-fetch-site": "same-origin" };
  const [free, full] = [await openSale(), await fullSale()];
  expect((await ask(pathOf(free), worker)).text).toBe(SHOP);
  expect((await ask(pathOf(full), worker)).text).toContain("data-waiting");
  const led = await ask(pathOf(await openSale()), { ...worker, referer: `${EVIL}/` });
  expect(led.status).toBe(303);
});

/** The fields of the page that sends a form once more, as a browser sends them. */
function formIn({ text }: Got): string {
  const fields = [...text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
  return fields.map(([, name, value]) => `${name}=${value}\r\n`).join("");
}

describe("a form that another site sends", () => {
  const own = (): Sent => {
    return { ...BROWSER, "sec-fetch-site": "same-origin", origin: sluice.host.gateUrl };
  };

  /** Sent once more by the page that answers it, with the browser's cookies. */
  async function resent(sale: string, cookie: string, form = URLENCODED, first = FOREIGN_FORM) {
    const page = await ask(pathOf(sale), first, form);
    expect([page.status, page.cookies]).toEqual([200, []]);
    expect(page.text).toContain("Continue to the shop");
    const again = { type: "text/plain", body: formIn(page) };
    const headers = { ...own(), referer: sluice.host.gateUrl + pathOf(sale), cookie };
    return ask(`${pathOf(sale)}&do=echo`, headers, again);
  }

  async function admitted(): Promise<{ sale: string; cookie: string }> {
    const sale = await openSale();
    const { cookies } = await ask(pathOf(sale), BROWSER);
    return { sale, cookie: cookies.join("; ") };
  }

  test("reaches the shop of an admitted shopper as it was sent", async () => {
    const { sale, cookie } = await admitted();
    const bytes = "a=1&b=%E4\u0000\r\n\u00fc";
    const multipart = {
      type: "multipart/form-data; boundary=x",
      body: `--x\r\n\r\n${bytes}\r\n--x--`,
    };
    for (const form of [URLENCODED, multipart, { type: "text/plain", body: "a=1\r\n" }]) {
      const first = { ...FOREIGN_FORM, referer: `${EVIL}/3ds`, cookie: "third=party" };
      const shop = `session=of-the-shop; third=party; ${cookie}`;
      const { status } = await resent(sale, shop, form, first);
      expect(status).toBe(200);
      const arrived = origin.arrived.at(-1);
      expect(arrived).toMatchObject({ method: "POST", size: Buffer.byteLength(form.body) });
      const headers = new Headers(arrived?.headers.map(([name, value]) => [name, value]));
      expect(headers.get("content-type")).toBe(form.type);
      expect([headers.get("origin"), headers.get("referer")]).toEqual([EVIL, `${EVIL}/3ds`]);
      expect(headers.get("sec-fetch-site")).toBe("cross-site");
      expect(headers.get("cookie")).toBe("third=party");
      expect(headers.get("sluice-admission")).toMatch(/^ey/);
    }
  });

  test("reaches it also while others wait, and after the sale has ended", async () => {
    const sale = newSale();
    const admission = { ratePerMinute: 1_000_000, maxActive: 1 };
    await makeGuardedSale(sluice, sale, { items: [], admission });
    const { cookies } = await ask(pathOf(sale), BROWSER);
    await fill(sluice, sale);
    expect((await resent(sale, cookies.join("; "))).status).toBe(200);
    const page = await ask(pathOf(sale), FOREIGN_FORM, URLENCODED);
    await sluice.merchant("POST", `/sales/${sale}/actions`, { action: "end" });
    await until(
      () => ask(pathOf(sale), {}),
      ({ status }) => status === 200,
    );
    const again = { type: "text/plain", body: formIn(page) };
    expect((await ask(pathOf(sale), own(), again)).text).toBe(SHOP);
    expect(origin.arrived.at(-1)).toMatchObject({ size: URLENCODED.body.length });
  });

  test("takes no place and no seat, and replaces none", async () => {
    const [free, full] = [await openSale(), await fullSale()];
    const waiting = (await ask(pathOf(full), BROWSER)).cookies.join("; ");
    const before = origin.arrived.length;
    for (const [sale, cookie] of [
      [free, ""],
      [full, ""],
      [full, waiting],
    ] as const) {
      const answer = await resent(sale, cookie);
      expect([answer.status, answer.cookies]).toEqual([429, []]);
      expect(answer.text).toContain("Your form was not sent");
      expect(answer.text).toContain(`href="${pathOf(sale)}&amp;do=echo">Go to the line`);
    }
    expect(origin.arrived.length).toBe(before);
    expect(await seatsOf(free)).toEqual({ tickets: 0, claimed: 0, active: 0 });
  });

  test("is not sent when it is larger than a page can keep", async () => {
    const sale = await openSale();
    const large = { ...URLENCODED, body: `a=${"x".repeat(64 * 1024)}` };
    const answer = await ask(pathOf(sale), FOREIGN_FORM, large);
    expect([answer.status, answer.cookies]).toEqual([429, []]);
    expect(answer.text).toContain("Your form was not sent");
  });

  test("is believed only of this host's own pages, and once", async () => {
    const { sale, cookie } = await admitted();
    const page = await ask(pathOf(sale), FOREIGN_FORM, URLENCODED);
    const forged = { type: "text/plain", body: formIn(page) };
    const foreign = await ask(pathOf(sale), { ...FOREIGN_FORM, cookie }, forged);
    expect(foreign.text).toBe(SHOP);
    expect(origin.arrived.at(-1)).toMatchObject({ size: forged.body.length });
    await resent(sale, cookie, forged);
    expect(origin.arrived.at(-1)).toMatchObject({ size: forged.body.length });
    for (const body of ["sluice-form=e30=\r\nbody=\r\n", "sluice-form=!\r\nbody=\r\n", "a=1\r\n"]) {
      await ask(pathOf(sale), { ...own(), cookie }, { type: "text/plain", body });
      expect(origin.arrived.at(-1)).toMatchObject({ size: body.length });
    }
  });
});
