/**
 * While nobody waits, one request lets a shopper in, by the API and by the pages, and the waiting
 * page is never shown.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditOf, makeSale, type Sluice, startSluice } from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

test("by the API one request gives an admission and no ticket", async () => {
  const sale = "no-crowd";
  await makeSale(sluice, sale);
  for (let shopper = 1; shopper <= 5; shopper += 1) {
    const joined = await sluice.shopper("POST", `/sales/${sale}/tickets`);
    expect(joined.status).toBe(201);
    expect(Object.keys(joined.body).toSorted()).toEqual(["admission", "expiresAt", "status"]);
    expect(joined.body["status"]).toMatchObject({ state: "admitted" });
    expect(await auditOf(sluice, sale)).toMatchObject({ tickets: 0, claimed: shopper });
  }
});

test("by the pages one click leads into the shop", async () => {
  const sale = "no-crowd-here";
  await makeSale(sluice, sale);
  const shop = `${sluice.host.gateUrl}/_sluice/shop/${sale}`;
  expect(await (await fetch(shop)).text()).toMatch(/<button type="submit">\s*Go in/);
  const pressed = await fetch(`${shop}/join`, {
    method: "POST",
    body: new URLSearchParams(),
    redirect: "manual",
  });
  expect([pressed.status, pressed.headers.get("location")]).toEqual([303, `/_sluice/shop/${sale}`]);
  const cookies = pressed.headers.getSetCookie().map((cookie) => cookie.split(";")[0] ?? "");
  expect(cookies.map((cookie) => cookie.split("=")[0])).toEqual([
    `__Host-sluice-admission-${sale}`,
  ]);
  const inside = await fetch(shop, { headers: { cookie: cookies.join("; ") } });
  expect([inside.status, (await inside.text()).includes("Add to cart")]).toEqual([200, true]);
  expect(await auditOf(sluice, sale)).toMatchObject({ tickets: 0, claimed: 1, active: 1 });
});
