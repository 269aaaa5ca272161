/**
 * The benchmark's sales, and its shops: sales in which nobody waits, for admissions, holds and
 * orders. `line.ts` makes the lines.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { GateClient } from "../simulation/crowd/gate-client.ts";
import { FatalError, failed, askAgain } from "../simulation/crowd/ask-again.ts";

/** Of the one item of each sale, in cents. */
export const PRICE = 12_900;
export const DAY_MS = 24 * 60 * 60 * 1000;
const READY_WITHIN_MS = 30_000;
const READY_POLL_MS = 100;

export interface Shop {
  readonly sale: string;
  readonly sku: string;
}

export function documentOf(id: string, startsIn_ms: number, stock: number, admission: object) {
  const now = Date.now();
  const at = (offset_ms: number): string => new Date(now + offset_ms).toISOString();
  const item = { sku: `${id}-unit`, name: "A unit", price: PRICE, stock, limitPerBuyer: 1 };
  return {
    id,
    title: "A bench",
    currency: "EUR",
    opensAt: at(-60_000),
    startsAt: at(startsIn_ms),
    endsAt: at(DAY_MS),
    items: [item],
    admission,
    // Few enough that the lane has one booth, because joins are compared with calls of one object.
    expectedShoppers: 5000,
  };
}

type SaleDocument = { readonly id: string } & Readonly<Record<string, unknown>>;

export async function make(gate: GateClient, document: SaleDocument): Promise<void> {
  const made = await askAgain(() => gate.merchant.putSale(document.id, document));
  if (made.kind !== "answered") throw failed(`creating sale ${document.id}`, made);
}

export async function until(what: string, ready: () => Promise<boolean>): Promise<void> {
  const givenUpAt_ms = Date.now() + READY_WITHIN_MS;
  while (!(await ready())) {
    if (Date.now() > givenUpAt_ms) throw new FatalError(`${what}: not within half a minute`);
    await delay(READY_POLL_MS);
  }
}

/** Creates a sale in which nobody waits, with more units than the benchmark can order. */
export async function openShop(gate: GateClient, id: string): Promise<Shop> {
  const unlimited = {
    maxActive: 1_000_000,
    ratePerMinute: 1_000_000,
    sessionSeconds: 86_400,
    holdSeconds: 86_400,
  };
  const document = documentOf(id, -1000, 1_000_000, unlimited);
  await make(gate, document);
  await until("waiting for the first admission", async () => {
    const joined = await gate.shopper.join(id, {});
    return joined.kind === "answered" && "admission" in joined.body;
  });
  return { sale: id, sku: `${id}-unit` };
}
