/**
 * Backups of real objects: a large one in several parts, one that is written to meanwhile, restores
 * that are interrupted, refused or late.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { backUpSale } from "../../src/merchant/backup.ts";
import { keptObject } from "../../src/merchant/sale-objects.ts";
import { restoreLines, turnObjectBack, wakeObjects } from "../../src/merchant/restore.ts";
import {
  headerOf,
  lineOf,
  readLine,
  type BackupPart,
  type NamedObject,
} from "../../src/domain/backup/backup-lines.ts";
import type { BackupPlace } from "../../src/domain/backup/backup-place.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOverAll, takeSentWhen } from "./support/mail.ts";
import {
  intentOf,
  letIn,
  openSale,
  orderOf,
  roomOf,
  saleDocument,
  settle,
  stockOf,
} from "./support/shop.ts";

beforeEach(() => {
  startClock();
  for (const method of ["warn", "error", "log"] as const) {
    vi.spyOn(console, method).mockImplementation(() => undefined);
  }
});
afterEach(() => vi.restoreAllMocks());

const DAY_MS = 86_400_000;
const context = () => ({ env, now: Date.now() });

async function backUp(sale: Sale): Promise<string[]> {
  const lines: string[] = [];
  for (let next: BackupPlace | null = null, isFirst = true; isFirst || next !== null;) {
    isFirst = false;
    const page = await backUpSale(context(), sale.id, next);
    if (page.kind !== "page") throw new Error(page.kind);
    lines.push(...page.lines);
    next = page.next;
  }
  return lines;
}

/** One object of a backup, with the header: reading a whole sale starts a hundred objects. */
async function backUpOne(sale: Sale, object: NamedObject): Promise<string[]> {
  const startedAt = new Date().toISOString();
  const facts = { id: crypto.randomUUID(), sale: sale.id, startedAt, paused: false };
  const header = lineOf("", JSON.stringify(headerOf(facts)));
  const { parts } = await keptObject(env, object).backUp(object.name, null, 1_000_000);
  const tables: unknown = JSON.parse(parts[0] ?? "[]");
  const content = JSON.stringify({ object, part: 0, last: parts.length === 1, tables });
  return [header.line, lineOf(header.chain, content).line];
}

function partsOf(lines: readonly string[]): BackupPart[] {
  return lines.flatMap((line) => {
    const read = readLine(line, null);
    return read.kind === "part" ? [read.part] : [];
  });
}

const restore = (sale: Sale, lines: readonly string[]) => {
  return restoreLines(context(), sale.id, lines.join("\n"), false);
};

async function lose(stub: DurableObjectStub): Promise<void> {
  await runInDurableObject(stub, async (_: unknown, ctx: DurableObjectState) => {
    await ctx.storage.deleteAll();
    ctx.abort("lost by the test");
  }).catch(() => undefined);
}

/** Rows as a long sale leaves them: about 500 KiB. */
function fill(sku: string): Promise<void> {
  return runInDurableObject(stockOf(sku), (_: unknown, { storage }: DurableObjectState) => {
    for (let n = 0; n < 4000; n += 1) {
      const key = [`cart-${n}`.padEnd(60, "x"), `adm-${n}`];
      storage.sql.exec(
        "INSERT INTO reservations VALUES ('other', ?, ?, 'released', 1, 0, NULL)",
        ...key,
      );
    }
  });
}

test("a large object comes back whole, also when its restore is interrupted", async () => {
  const sale = await openSale(saleDocument([{ sku: "LARGE", stock: 7 }]));
  await fill("LARGE");
  await letIn(sale, "ann");
  const intent = intentOf(sale, "ann", { LARGE: 1 });
  await orderOf(intent.id).place(intent);
  const before = await stockOf("LARGE").levels("LARGE");
  const lines = await backUp(sale);
  const orders = partsOf(lines).filter(({ object }) => object.kind === "order");
  expect(orders).toMatchObject([{ object: { name: intent.id }, last: true }]);
  const ofStock = lines.filter((line) => line.includes('"kind":"stock"'));
  expect(ofStock.length).toBeGreaterThan(1);
  const [header = "", first = "", second = ""] = [lines[0], ...ofStock];
  const object = { kind: "stock", name: "LARGE" };
  expect(await restore(sale, [header, first])).toEqual({ kind: "occupied", object });
  await lose(stockOf("LARGE"));
  const early = await restore(sale, [header, second]);
  expect(early).toEqual({ kind: "out_of_order", object, part: 0 });
  expect(await restore(sale, [header, first])).toEqual({ kind: "restored", objects: [] });
  expect(
    await wakeObjects(context(), sale.id, idOf(header), [{ kind: "stock", name: "LARGE" }]),
  ).toEqual({ kind: "not_restored", object });
  const rest = await restore(sale, [header, ...ofStock]);
  expect(rest).toEqual({ kind: "restored", objects: [{ ...object, outcome: "restored" }] });
  expect(await stockOf("LARGE").levels("LARGE")).toEqual(before);
  expect(partsOf(await backUp(sale)).filter((part) => part.object.kind === "stock")).toEqual(
    partsOf(lines).filter((part) => part.object.kind === "stock"),
  );
});

function idOf(header: string): string {
  const read = readLine(header, "");
  return read.kind === "header" ? read.header.id : "";
}

test("an object that was written to between two reads has another stamp", async () => {
  await openSale(saleDocument([{ sku: "BUSY-BACKUP", stock: 7 }]));
  await fill("BUSY-BACKUP");
  const stock = stockOf("BUSY-BACKUP");
  const first = await stock.backUp("BUSY-BACKUP", null, 1000);
  const again = await stock.backUp("BUSY-BACKUP", first.next, 1000);
  expect([first.next === null, again.stamp]).toEqual([false, first.stamp]);
  await stock.move({ id: "more", kind: "receive", quantity: 1, reason: "found" });
  expect((await stock.backUp("BUSY-BACKUP", again.next, 1000)).stamp).not.toBe(first.stamp);
});

test("the secret of a draw is sealed, and opens in its own room alone", async () => {
  const sale = await openSale(saleDocument([{ sku: "SEALED", stock: 1 }]));
  const secret = await runInDurableObject(roomOf(sale.id), (_: unknown, { storage }) => {
    const query = "SELECT value ->> '$.secret' AS secret FROM room WHERE name = 'foundation'";
    return storage.sql.exec<{ secret: string }>(query).one().secret;
  });
  const lines = await backUpOne(sale, { kind: "room", name: sale.id });
  expect(secret).toMatch(/^[0-9a-f]{64}$/);
  expect(lines.join("\n")).not.toContain(secret);
  const [part] = partsOf(lines);
  if (part === undefined) throw new Error("no part of the room");
  const { tables } = part;
  const asked = { backup: "b", name: "another", part: 0, last: true, tables, dryRun: false };
  expect(await roomOf("another").restore(asked)).toMatchObject({ kind: "unreadable" });
  expect(await roomOf("another").document()).toBeNull();
});

test("an order in progress is cancelled when the provider may have forgotten its keys", async () => {
  const sale = await openSale(saleDocument([{ sku: "STALE", stock: 2 }]));
  await letIn(sale, "ann");
  const intent = intentOf(sale, "ann", { STALE: 1 });
  await orderOf(intent.id).place(intent);
  await takeSentWhen("sluice-orders", 1);
  const object = { kind: "order", name: intent.id } as const;
  const lines = await backUpOne(sale, object);
  await lose(orderOf(intent.id));
  const objects = [{ ...object, outcome: "restored" }];
  expect(await restore(sale, lines)).toEqual({ kind: "restored", objects });
  expect((await orderOf(intent.id).view())?.order.state).toBe("accepted");
  pass(DAY_MS);
  const id = idOf(lines[0] ?? "");
  const woken = await wakeObjects(context(), sale.id, id, [object]);
  expect(woken).toEqual({ kind: "woken", erased: 0 });
  await runDurableObjectAlarm(orderOf(intent.id));
  expect((await orderOf(intent.id).view())?.order.state).toBe("cancelled");
  expect(await stockOf("STALE").levels("STALE")).toMatchObject({ available: 2, ordered: 0 });
});

test("an order whose buyer was erased since the backup is erased again", async () => {
  const sale = await openSale(saleDocument([{ sku: "ERASED-AGAIN", stock: 2 }]));
  await letIn(sale, "eve");
  const intent = intentOf(sale, "eve", { "ERASED-AGAIN": 1 }, { email: "eve@erased.example" });
  await orderOf(intent.id).place(intent);
  expect(await settle(intent.id)).toBe("confirmed");
  const object = { kind: "order", name: intent.id } as const;
  const lines = await backUpOne(sale, object);
  await orderOf(intent.id).erase();
  await handOverAll();
  await lose(orderOf(intent.id));
  expect((await restore(sale, lines)).kind).toBe("restored");
  expect((await orderOf(intent.id).view())?.email).toBe("eve@erased.example");
  const woken = await wakeObjects(context(), sale.id, idOf(lines[0] ?? ""), [object]);
  expect(woken).toEqual({ kind: "woken", erased: 1 });
  expect((await orderOf(intent.id).view())?.email).toBe("");
});

test("lines of another sale, of no backup and of later formats are refused", async () => {
  const sale = await openSale(saleDocument([{ sku: "REFUSED", stock: 1 }]));
  const lines = await backUpOne(sale, { kind: "stock", name: "REFUSED" });
  const other = await restoreLines(context(), "another", lines.join("\n"), false);
  expect(other).toEqual({ kind: "unreadable", line: 1, why: `is a backup of sale ${sale.id}` });
  expect(await restore(sale, ["{}"])).toMatchObject({ kind: "unreadable", line: 1 });
  expect(await restore(sale, lines.slice(0, 1).concat("no line"))).toMatchObject({ line: 2 });
});

test("the local runtime has no earlier states of an object, and says so", async () => {
  const sale = await openSale(saleDocument([{ sku: "TURNED", stock: 1 }]));
  const object = { kind: "room", name: sale.id } as const;
  const turned = await turnObjectBack(context(), object, Date.now() - 60_000, false);
  expect(turned).toEqual({ kind: "not_supported" });
});
