/**
 * A guarded path whose sale requires a proof or binds admissions to devices: the check is shown at
 * the path itself, and an admission on another device is reported to the origin, or refused.
 */
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BROWSER, Client, makeGuardedSale, send } from "./support/guarded-shop.ts";
import { solved } from "../../simulation/crowd/proof-of-work.ts";
import { askChallenge } from "./support/proofs.ts";
import { startSluice, type Sluice } from "./support/sluice.ts";

let origin: Server;
let sluice: Sluice;
beforeAll(async () => {
  origin = createServer((request, response) => {
    const { "sluice-replay": replay, "sluice-admission": admission } = request.headers;
    response.end(`shop, replay ${String(replay)}, admission ${typeof admission}`);
  });
  await new Promise<void>((resolve) => {
    origin.listen(0, "127.0.0.1", resolve);
  });
  const address = origin.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const gate = { ORIGIN: `http://127.0.0.1:${address.port}` };
  sluice = await startSluice({ variables: { gate }, pipeline: false, onLog: () => {} });
});
afterAll(async () => {
  await sluice.stop();
  origin.close();
});

const at = (path: string) => sluice.host.gateUrl + path;

test("shows the check at the path itself, joins nobody, and lets in with a proof", async () => {
  const protection = { kind: "altcha", maxNumber: 4, cost: 1 };
  await makeGuardedSale(sluice, "proven", { protection });
  const shopper = new Client(sluice.host.gateUrl, BROWSER);
  const page = await shopper.get("/proven/shoes?size=42");
  expect([page.status, page.text.includes("altcha-widget")]).toEqual([403, true]);
  expect(page.text).toContain('name="to" value="/proven/shoes?size=42"');
  expect(page.headers.get("content-security-policy")).toContain("worker-src 'self'");
  expect(page.headers.getSetCookie()).toEqual([]);
  const app = { accept: "application/json" };
  const refused = await send(at("/api/proven/items"), app);
  const challengeUrl = "/_sluice/v1/sales/proven/challenge";
  const proof = { kind: "altcha", challengeUrl };
  expect(JSON.parse(refused.text)).toMatchObject({ code: "proof_required", proof });
  const payload = await solved(await askChallenge(sluice, "proven"));
  const inside = await send(at("/api/proven/items"), { ...app, "sluice-proof": payload });
  expect([inside.status, inside.text]).toEqual([200, "shop, replay undefined, admission string"]);
});

test("gives an app the Turnstile widget, and allows a page to load it", async () => {
  const protection = { kind: "turnstile", siteKey: "1x00000000000000000000AA" };
  await makeGuardedSale(sluice, "checked", { protection });
  const answer = await send(at("/api/checked/items"), { accept: "application/json" });
  expect(answer.text).toContain("cf-turnstile");
  const page = await send(at("/checked/shoes"), BROWSER);
  expect(page.headers.get("content-security-policy")).toContain(
    "script-src 'self' https://challenges.cloudflare.com",
  );
});

test.each([
  ["refuse", 403],
  ["report", 200],
])("an admission on another device, with the handling %s", async (handling, status) => {
  const sale = `copied-${handling}`;
  await makeGuardedSale(sluice, sale, { replay: { handling } });
  const laptop = new Client(sluice.host.gateUrl, { ...BROWSER, "user-agent": "laptop" });
  const entered = await laptop.get(`/${sale}/shoes`);
  expect([entered.status, entered.text.includes("replay undefined")]).toEqual([200, true]);
  expect([...laptop.cookies.keys()].toSorted()).toEqual([
    `__Host-sluice-admission-${sale}`,
    "__Host-sluice-device",
  ]);
  const cookie = [...laptop.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const phone = { ...BROWSER, cookie, "user-agent": "phone", "sluice-replay": "0" };
  const copied = await send(at(`/${sale}/shoes`), phone);
  expect(copied.status).toBe(status);
  expect(copied.text.includes("open on another device")).toBe(status === 403);
  expect(copied.text.includes("replay 1")).toBe(status === 200);
  const data = await send(at(`/api/${sale}/items`), { cookie, "user-agent": "phone" });
  expect([data.status, data.text.includes("admission_replayed")]).toEqual([status, status === 403]);
  expect((await laptop.get(`/${sale}/shoes`)).status).toBe(200);
});
