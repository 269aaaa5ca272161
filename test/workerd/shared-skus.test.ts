/**
 * Sales that name one SKU, on the real platform: whose units there are (P1).
 */
import { evictDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { startClock } from "./support/clock.ts";
import { stockOf } from "./support/shop.ts";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});

describe("sales that name one SKU", () => {
  let skus = 0;

  /** A SKU that the sale `sale` has named with so many units. */
  async function newSku(quantity: number): Promise<string> {
    skus += 1;
    const sku = `SHARED-${skus}`;
    expect((await naming("sale", sku, quantity)).kind).toBe("opened");
    return sku;
  }

  const naming = (sale: string, sku: string, quantity: number) => {
    return stockOf(sku).open({ sale, sku, quantity, reason: `opening stock of ${sale}` });
  };

  test("share the units that the first of them brought, whatever the order and however often", async () => {
    const sku = await newSku(5);
    expect(await naming("second", sku, 7)).toEqual({ kind: "opened_before", sales: ["sale"] });
    expect((await naming("sale", sku, 5)).kind).toBe("already_opened");
    await evictDurableObject(stockOf(sku));
    expect((await naming("second", sku, 7)).kind).toBe("opened_before");
    expect((await stockOf(sku).levels(sku)).received).toBe(5);
    expect((await stockOf(sku).naming()).sales).toEqual(["sale", "second"]);
  });

  test("that named it without units are first, too", async () => {
    const sku = await newSku(0);
    expect((await naming("second", sku, 7)).kind).toBe("opened_before");
    expect((await stockOf(sku).levels(sku)).received).toBe(0);
  });

  test("bring nothing when the units came by a movement", async () => {
    const sku = await newSku(0);
    const moved = { id: "m-1", kind: "receive", quantity: 4, reason: "a delivery" } as const;
    expect((await stockOf(sku).move(moved)).kind).toBe("moved");
    expect((await naming("sale", sku, 7)).kind).toBe("opened_before");
    expect((await stockOf(sku).levels(sku)).received).toBe(4);
  });

  test("all at once: one of them brings its units", async () => {
    const sku = "SHARED-at-once";
    const sales = Array.from({ length: 10 }, (_, index) => `sale-${index}`);
    const outcomes = await Promise.all(sales.map((sale) => naming(sale, sku, 3)));
    const kinds = outcomes.map(({ kind }) => kind).toSorted();
    expect(kinds).toEqual(["opened", ...Array.from({ length: 9 }, () => "opened_before")]);
    expect((await stockOf(sku).levels(sku)).received).toBe(3);
  });
});
