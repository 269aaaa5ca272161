/**
 * Deleting a sale after its end: with everything of it, in steps that can be interrupted anywhere,
 * and never so that its secret could decide another draw.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { deleteSale } from "../../src/merchant/sale-deletion.ts";
import { putSale } from "../../src/merchant/sales.ts";
import { findSale } from "../../src/sales/sale-directory.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { startClock, pass } from "./support/clock.ts";
import { handOverAll } from "./support/mail.ts";
import {
  intentOf,
  letIn,
  levelsOf,
  openSale,
  orderOf,
  roomOf,
  saleDocument,
  settle,
  stockOf,
} from "./support/shop.ts";

const GRACE_MS = 601_000;

beforeEach(() => {
  startClock();
  for (const method of ["warn", "error", "log"] as const) {
    vi.spyOn(console, method).mockImplementation(() => undefined);
  }
});
afterEach(() => vi.restoreAllMocks());

const context = () => ({ env, now: Date.now() });

async function end({ id }: Sale): Promise<void> {
  expect((await roomOf(id).act("end")).kind).toBe("done");
  pass(GRACE_MS);
  await runInDurableObject(roomOf(id), (room) => room.alarm());
}

async function buyOne(sale: Sale, sku: string): Promise<string> {
  await letIn(sale, "ann");
  const intent = intentOf(sale, "ann", { [sku]: 1 }, { email: "ann@deleted.example" });
  await orderOf(intent.id).place(intent);
  expect(await settle(intent.id)).toBe("confirmed");
  return intent.id;
}

/** The rows of an object, by table. */
function rowsOf(stub: DurableObjectStub): Promise<Record<string, number>> {
  return runInDurableObject(stub, (_: unknown, { storage }: DurableObjectState) => {
    const tables = storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")
      .toArray()
      .filter(({ name }) => !name.startsWith("_cf"));
    return Object.fromEntries(
      tables.map(({ name }) => {
        const counted = storage.sql.exec<{ n: number }>(`SELECT COUNT(*) AS n FROM ${name}`);
        return [name, counted.one().n];
      }),
    );
  });
}

const rowsLeft = async (stub: DurableObjectStub): Promise<string[]> => {
  return Object.entries(await rowsOf(stub)).flatMap(([name, count]) => (count > 0 ? [name] : []));
};

test("a sale is deleted after its end, whole, and its id is not used again", async () => {
  const sale = await openSale(saleDocument([{ sku: "GONE", stock: 3 }]));
  expect(await deleteSale(context(), sale.id)).toMatchObject({ kind: "not_ended", phase: "live" });
  const id = await buyOne(sale, "GONE");
  await end(sale);
  const { commitment } = await roomOf(sale.id)
    .fairness()
    .then((fairness) => (fairness.kind === "fairness" ? fairness : { commitment: "" }));
  expect(await deleteSale(context(), sale.id)).toEqual({ kind: "deleting", orders: 1 });
  expect(await findSale(env, sale.id, Date.now())).toBeNull();
  // Begun, and not done: nothing leads back into the sale.
  expect((await putSale(context(), sale, { proofSecrets: [] })).kind).toBe("sale_deleted");
  await handOverAll();
  const skus = [{ sku: "GONE", units: "deleted" }];
  expect(await deleteSale(context(), sale.id)).toEqual({ kind: "deleted", skus });
  expect(await deleteSale(context(), sale.id)).toEqual({ kind: "deleted", skus: [] });
  expect(await rowsLeft(roomOf(sale.id))).toEqual(["deletion"]);
  const kept = await runInDurableObject(roomOf(sale.id), (_: unknown, { storage }) => {
    return storage.sql.exec("SELECT commitment, done FROM deletion").one();
  });
  expect(kept).toEqual({ commitment, done: 1 });
  expect(await rowsLeft(stockOf("GONE"))).toEqual([]);
  const view = await orderOf(id).merchantView();
  expect(view).toMatchObject({ state: "confirmed", total: 12_900, buyer: { email: "" } });
  expect((await putSale(context(), sale, { proofSecrets: [] })).kind).toBe("sale_deleted");
});

test("orders in progress keep a sale from being deleted", async () => {
  const sale = await openSale(saleDocument([{ sku: "BUSY", stock: 3 }]));
  await letIn(sale, "ann");
  const intent = intentOf(sale, "ann", { BUSY: 1 });
  await orderOf(intent.id).place(intent);
  await end(sale);
  const outcome = await deleteSale(context(), sale.id);
  expect(outcome).toMatchObject({ kind: "orders_in_progress" });
  expect((await roomOf(sale.id).document())?.sale.id).toBe(sale.id);
});

test("units that another sale shares stay as they are, with what was sold of them", async () => {
  const sale = await openSale(saleDocument([{ sku: "SHARED", stock: 3 }]));
  const other = await openSale(saleDocument([{ sku: "SHARED", stock: 0 }]));
  await buyOne(sale, "SHARED");
  const before = await levelsOf("SHARED");
  await end(sale);
  await deleteSale(context(), sale.id);
  await handOverAll();
  const skus = [{ sku: "SHARED", units: "shared" }];
  expect(await deleteSale(context(), sale.id)).toEqual({ kind: "deleted", skus });
  expect(await levelsOf("SHARED")).toEqual(before);
  expect((await stockOf("SHARED").naming()).sales).toEqual([other.id]);
});

test("a deletion that is interrupted at any part is asked again and ends", async () => {
  const sale = await openSale(saleDocument([{ sku: "CUT", stock: 1 }]));
  await end(sale);
  const cuts = [
    ["CONFIG", "delete"],
    ["TICKET_BOOTH", "clear"],
    ["PASS_DESK", "clear"],
    ["TURN_REMINDERS", "clear"],
    ["DISCOUNT_CODES", "clear"],
    ["SKU_STOCK", "forgetSale"],
    ["WAITING_ROOM", "finishDeletion"],
  ] as const;
  for (const [part, method] of cuts) {
    const cut = { ...env, [part]: interrupted(env[part], method) };
    await expect(deleteSale({ env: cut, now: Date.now() }, sale.id)).rejects.toThrow("interrupted");
    expect((await putSale(context(), sale, { proofSecrets: [] })).kind).toBe("sale_deleted");
  }
  expect((await deleteSale(context(), sale.id)).kind).toBe("deleted");
  expect(await rowsLeft(roomOf(sale.id))).toEqual(["deletion"]);
  expect(await rowsLeft(stockOf("CUT"))).toEqual([]);
});

/** The binding, whose one method fails, on itself or on the objects that it gives. */
function interrupted<Binding extends object>(binding: Binding, method: string): Binding {
  return new Proxy(binding, {
    get(real, member): unknown {
      if (member === method) return () => Promise.reject(new Error("interrupted"));
      const value: unknown = Reflect.get(real, member);
      if (typeof value !== "function") return value;
      return (...given: unknown[]): unknown => {
        const answer: unknown = Reflect.apply(value, real, given);
        const isStub = member === "get" && answer !== null && typeof answer === "object";
        return isStub && !(answer instanceof Promise) ? interrupted(answer, method) : answer;
      };
    },
  });
}
