/**
 * Sluice is stopped in the middle of a sale and started again on the same folder: places, holds and
 * admissions are unchanged, and orders in progress continue by themselves.
 *
 * The queues of the local host are in memory, so their messages are lost: the order's own alarm
 * completes it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { readSandboxLedger } from "../../simulation/crowd/sandbox-client.ts";
import { PROGRESS_WATCHDOG_MS } from "../../src/domain/limits.ts";
import {
  acceptedOrder,
  admit,
  auditOf,
  ledgerOf,
  makeSale,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-restart-"));
let sluice: Sluice;

beforeAll(async () => {
  sluice = await startSluice({ folder });
});
afterAll(async () => {
  await sluice.stop();
  rmSync(folder, { recursive: true, force: true });
});

function setCart(headers: Record<string, string>) {
  const body = { lines: [{ sku: "on-sale-shoe", quantity: 2 }] };
  return sluice.shopper("PUT", "/sales/on-sale/cart", { headers, body });
}

async function takePlace(): Promise<Record<string, string>> {
  return {
    "sluice-ticket": textOf(await sluice.shopper("POST", "/sales/queued/tickets"), "ticket"),
  };
}

test("places, holds, admissions and an order in progress survive a restart", async () => {
  await makeSale(sluice, "queued", PREQUEUE);
  await makeSale(sluice, "on-sale");
  const early = await takePlace();
  const holder = await admit(sluice, "on-sale");
  const held = await setCart(holder);
  const buyer = await admit(sluice, "on-sale");
  await sluice.sandbox("PUT", "/sandbox/faults", { rate: 1, kinds: ["hang"], hang_ms: 4000 });
  const placed = await placeOrder(sluice, buyer, "on-its-way", orderBody("on-sale"));
  expect(placed.status).toBe(202);
  const [auditBefore, rowsBefore] = [
    await auditOf(sluice, "on-sale"),
    await ledgerOf(sluice, "on-sale-shoe"),
  ];
  expect(auditBefore.skus).toMatchObject([{ held: 2, ordered: 1, sold: 0 }, {}]);

  await sluice.stop();
  sluice = await startSluice({ folder });
  await sluice.sandbox("DELETE", "/sandbox/faults");

  const { orders: _before, ...metrics } = auditBefore;
  expect(await auditOf(sluice, "on-sale")).toMatchObject(metrics);
  expect(await ledgerOf(sluice, "on-sale-shoe")).toEqual(rowsBefore);
  const again = await setCart(holder);
  expect(again.body).toMatchObject({
    holdsUntil: held.body["holdsUntil"],
    lines: [{ outcome: "already_held", quantity: 2 }],
  });
  const repeated = await placeOrder(sluice, buyer, "on-its-way", orderBody("on-sale"));
  expect(acceptedOrder(repeated)).toEqual(acceptedOrder(placed));

  const standing = () => sluice.shopper("GET", "/sales/queued/status", { headers: early });
  expect((await standing()).body).toMatchObject({ state: "prequeue", cohort: 0 });
  const late = await takePlace();
  const [first, second] = [early, late].map((headers) => claimsOf(headers["sluice-ticket"] ?? ""));
  expect(second?.index).toBeGreaterThan(first?.index ?? 0);
  await sluice.merchant("POST", "/sales/queued/actions", { action: "start" });
  for (const headers of [early, late]) {
    const claim = () => sluice.shopper("POST", "/sales/queued/admissions", { headers });
    await until(claim, ({ status }) => status === 201);
  }

  const { id, path } = acceptedOrder(placed);
  const done = await until(
    () => sluice.ask("GET", path),
    ({ body }) => body["final"] === true,
    PROGRESS_WATCHDOG_MS + 20_000,
  );
  expect(done.body).toMatchObject({ id, state: "confirmed" });
  await until(
    () => auditOf(sluice, "on-sale"),
    ({ skus, spent }) => skus[0]?.sold === 1 && skus[0].held === 2 && spent === 1,
  );
  const { body: paid } = await sluice.sandbox("GET", "/sandbox/ledger");
  expect(paid).toMatchObject({ summary: { ordersPaidTwice: [] } });
  const ledger = await readSandboxLedger(sluice.host.sandboxUrl);
  const captured = ledger.kind === "read" ? ledger.payments.filter((row) => row.captured > 0) : [];
  expect(captured).toMatchObject([{ order: id, captured: 12_900, refunded: 0 }]);
}, 120_000);
