/**
 * The restore drill of docs/backup.md: a sale in the middle is backed up, everything of it is lost,
 * and it goes on from the backup: places, carts and orders are where they were, orders in progress
 * end once, and nobody is charged twice.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSandboxLedger } from "../../simulation/crowd/sandbox-client.ts";
import { checkBackup, restoreSale } from "../../tools/backup/restore-sale.ts";
import { writeBackup } from "../../tools/backup/write-backup.ts";
import { expectProblem } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  auditOf,
  finalOrder,
  ledgerOf,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";

const folder = mkdtempSync(join(tmpdir(), "sluice-backup-"));
const file = join(folder, "drill.ndjson");
let sluice: Sluice;

beforeAll(async () => {
  sluice = await startSluice({ folder });
});
afterAll(async () => {
  await sluice.stop();
  rmSync(folder, { recursive: true, force: true });
});

const gate = () => ({ url: sluice.host.gateUrl, token: sluice.host.adminToken });
const backUp = () => writeBackup({ ...gate(), sale: "drill", file }, () => undefined);
const restore = (from = file, dryRun = false) => {
  return restoreSale({ ...gate(), file: from, dryRun }, () => undefined);
};
const fairness = async () => (await sluice.shopper("GET", "/sales/drill/fairness")).body;

function setCart(headers: Record<string, string>) {
  const body = { lines: [{ sku: "drill-shoe", quantity: 2 }] };
  return sluice.shopper("PUT", "/sales/drill/cart", { headers, body });
}

/** Everything but the payment provider, which is nobody's to lose, and the secrets. */
async function loseEverything(): Promise<void> {
  await sluice.stop();
  const state = join(folder, "state");
  const objects = readdirSync(join(state, "do")).filter((name) => name.startsWith("sluice-gate-"));
  expect(objects).toContain("sluice-gate-WaitingRoom");
  const lost = ["kv", "d1", "cache", ...objects.map((name) => join("do", name))];
  for (const part of lost) rmSync(join(state, part), { recursive: true, force: true });
  sluice = await startSluice({ folder });
}

/** One shopper has bought, one has a cart, one has an order in progress, one waits. */
async function openDrill() {
  const admission = { ratePerMinute: 1_000_000, maxActive: 2, overcall: 1000 };
  await makeSale(sluice, "drill", { admission, fairness: { revealAfterSeconds: 0 } });
  const code = { code: "FRIENDS-10", kind: "percent", value: 10 };
  await sluice.merchant("POST", "/sales/drill/discount-codes", code);
  const ofAnn = orderBody("drill", { buyer: { email: "ann@shoppers.example" } });
  const bought = await placeOrder(sluice, await admit(sluice, "drill"), "before", ofAnn);
  expect((await finalOrder(sluice, bought)).body).toMatchObject({ state: "confirmed" });
  const holder = await admit(sluice, "drill");
  const { holdsUntil } = (await setCart(holder)).body;
  const buyer = await admit(sluice, "drill");
  await sluice.sandbox("PUT", "/sandbox/faults", { rate: 1, kinds: ["hang"], hang_ms: 4000 });
  const body = orderBody("drill", { buyer: { email: "bob@shoppers.example" } });
  const place = () => placeOrder(sluice, buyer, "on-its-way", body);
  const placed = await place();
  expect(placed.status).toBe(202);
  const waiting = await sluice.shopper("POST", "/sales/drill/tickets");
  const ticket = { "sluice-ticket": textOf(waiting, "ticket") };
  return { bought, holder, holdsUntil, place, placed, ticket };
}

async function restoreTwice(): Promise<void> {
  expectProblem(await sluice.merchant("GET", "/sales/drill"), 404, "sale_not_found");
  await restore(file, true);
  expectProblem(await sluice.merchant("GET", "/sales/drill"), 404, "sale_not_found");
  expect((await restore()).already).toBe(0);
  const { objects } = (await checkBackup(file)).end;
  expect(objects).toMatchObject({ room: 1, order: 2, stock: 2, discounts: 1 });
  const total = Object.values(objects).reduce((sum, count) => sum + count, 0);
  expect((await restore()).already).toBe(total);
}

/** The units agree with the rebuilt book, and the provider has one payment an order. */
async function expectSold(orders: readonly string[]): Promise<void> {
  expect((await sluice.merchant("POST", "/sales/drill/book-rebuilds", {})).status).toBe(200);
  await until(
    () => auditOf(sluice, "drill"),
    ({ skus }) => skus[0]?.sold === orders.length && skus[0].held === 2,
  );
  const { body } = await sluice.merchant("GET", "/sales/drill/audit");
  expect(body["skus"]).toMatchObject([{ agrees: true }, { agrees: true }]);
  const paid = await readSandboxLedger(sluice.host.sandboxUrl);
  const captured = paid.kind === "read" ? paid.payments.filter((row) => row.captured > 0) : [];
  expect(captured).toHaveLength(orders.length);
  expect(new Set(captured.map(({ order }) => order))).toEqual(new Set(orders));
}

async function expectNoEarlierStates(): Promise<void> {
  const object = { kind: "stock", name: "drill-shoe" };
  const asked = { object, at: new Date().toISOString() };
  const turned = await sluice.merchant("POST", "/sales/drill/turn-back", asked);
  expectProblem(turned, 501, "turn_back_unsupported");
}

test("a sale that is lost in the middle goes on from its backup", async () => {
  const { bought, holder, holdsUntil, place, placed, ticket } = await openDrill();
  const [audit, ledger] = [await auditOf(sluice, "drill"), await ledgerOf(sluice, "drill-shoe")];
  const { commitment } = await fairness();
  await backUp();
  expect(statSync(file).mode & 0o077).toBe(0);
  await expect(restore()).rejects.toThrow("restore_occupied");

  await loseEverything();
  await sluice.sandbox("DELETE", "/sandbox/faults");
  await restoreTwice();

  // The order book is another database.
  const { orders: _, tickets: __, ...metrics } = audit;
  expect(await auditOf(sluice, "drill")).toMatchObject(metrics);
  expect(await ledgerOf(sluice, "drill-shoe")).toEqual(ledger);
  expect(await fairness()).toMatchObject({ commitment, secret: null });
  expect((await setCart(holder)).body).toMatchObject({ holdsUntil });
  const code = { code: "friends-10" };
  const found = await sluice.merchant("POST", "/sales/drill/discount-codes/find", code);
  expect(found.status).toBe(200);
  expect((await finalOrder(sluice, bought)).body).toMatchObject({ state: "confirmed" });
  expect(acceptedOrder(await place())).toEqual(acceptedOrder(placed));
  const { id } = acceptedOrder(placed);
  await sluice.merchant("POST", `/orders/${id}/actions`, { action: "retry" });
  expect((await finalOrder(sluice, placed)).body).toMatchObject({ id, state: "confirmed" });
  await until(
    () => sluice.shopper("POST", "/sales/drill/admissions", { headers: ticket }),
    ({ status }) => status === 201,
  );
  await expectSold([acceptedOrder(bought).id, id]);
  await expectNoEarlierStates();

  await sluice.merchant("POST", "/sales/drill/actions", { action: "end" });
  const revealed = await until(fairness, ({ secret }) => secret !== null);
  expect(revealed["commitment"]).toBe(commitment);
  expect(readFileSync(file, "utf8")).not.toContain(String(revealed["secret"]));
}, 120_000);

test("a file that was changed or cut is refused before anything is sent", async () => {
  const lines = readFileSync(file, "utf8").trimEnd().split("\n");
  const bad = join(folder, "bad.ndjson");
  const renumbered = lines.map((line) => line.replace('"part":0', '"part":1'));
  const changes: [string, string[]][] = [
    ["was changed or is incomplete", renumbered],
    ["it is incomplete", lines.slice(0, -1)],
    ["was changed or is incomplete", lines.toSpliced(3, 1)],
  ];
  for (const [why, changed] of changes) {
    writeFileSync(bad, changed.join("\n"));
    await expect(checkBackup(bad)).rejects.toThrow(why);
  }
});
