/**
 * The sale of a drill: the one given by `--sale`, or a new one.
 *
 * A new sale ends after a day at the latest, has one SKU of its own, and has few seats, so that
 * most shoppers must wait.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Fairness, MerchantSale } from "../crowd/gate-answers.ts";
import type { GateClient } from "../crowd/gate-client.ts";
import { failed, askAgain } from "../crowd/ask-again.ts";
import type { DrillOptions } from "./options.ts";

export interface DrillSale {
  readonly id: string;
  readonly skus: readonly string[];
  readonly startsAt_ms: number;
  readonly prequeue_ms: number;
  readonly claimWindow_s: number;
  /** The drill created the sale and may end it. */
  readonly own: boolean;
  readonly fairness: Fairness;
}

/** The drill ends the sale itself, and reads the secret for its verdict. */
const REVEAL_AFTER_S = 1;
const ADMISSION = {
  method: "lottery",
  ratePerMinute: 6000,
  maxActive: 60,
  sessionSeconds: 30,
  claimWindowSeconds: 12,
  holdSeconds: 12,
  overcall: 4,
  ordersPerAdmission: 1,
} as const;
const PRICE = 12_900;
const DURATION_MS = 24 * 60 * 60 * 1000;
const LEAD_MS = 4000;
const PUBLISHED_WITHIN_MS = 90_000;
const PUBLISHED_POLL_MS = 500;

/** Long enough for the whole crowd of a pre-queue to join at 150 shoppers a second. */
function prequeueFor(options: DrillOptions): number {
  return options.arrive === "pre-queue" ? LEAD_MS + (options.shoppers / 150) * 1000 : LEAD_MS;
}

export async function prepareSale(
  gate: GateClient,
  options: DrillOptions,
  now: () => number,
  print: (line: string) => void,
): Promise<DrillSale> {
  const id = options.sale ?? `drill-${now().toString(36)}`;
  const found = await askAgain(() => gate.merchant.sale(id));
  if (found.kind === "answered") {
    print(`Sale ${id} exists: it is used unchanged, --stock does not apply, and it keeps running.`);
    return existing(gate, found.body.sale, now);
  }
  if (found.code !== "sale_not_found") throw failed(`reading sale ${id}`, found);
  const prequeue_ms = prequeueFor(options);
  const opensAt_ms = now();
  const sku = `${id}-unit`;
  const document = {
    id,
    title: `Drill of ${options.shoppers} shoppers`,
    currency: "EUR",
    opensAt: new Date(opensAt_ms).toISOString(),
    startsAt: new Date(opensAt_ms + prequeue_ms).toISOString(),
    endsAt: new Date(opensAt_ms + DURATION_MS).toISOString(),
    items: [{ sku, name: "A unit", price: PRICE, stock: options.stock, limitPerBuyer: 1 }],
    admission: ADMISSION,
    expectedShoppers: options.shoppers,
    fairness: { revealAfterSeconds: REVEAL_AFTER_S },
  };
  const made = await askAgain(() => gate.merchant.putSale(id, document));
  if (made.kind !== "answered") throw failed(`creating sale ${id}`, made);
  return {
    id,
    skus: [sku],
    startsAt_ms: opensAt_ms + prequeue_ms,
    prequeue_ms,
    claimWindow_s: ADMISSION.claimWindowSeconds,
    own: true,
    fairness: await published(gate, id, now),
  };
}

async function existing(
  gate: GateClient,
  sale: MerchantSale,
  now: () => number,
): Promise<DrillSale> {
  const startsAt_ms = Math.max(Date.parse(sale.startsAt), now() + LEAD_MS);
  return {
    id: sale.id,
    skus: sale.items.map((item) => item.sku),
    startsAt_ms,
    prequeue_ms: startsAt_ms - now(),
    claimWindow_s: sale.admission.claimWindowSeconds,
    own: false,
    fairness: await published(gate, sale.id, now),
  };
}

/** Waits until the gate finds the sale. Deployed, KV may show a new sale only after a minute. */
async function published(gate: GateClient, id: string, now: () => number): Promise<Fairness> {
  const until = now() + PUBLISHED_WITHIN_MS;
  for (;;) {
    const answer = await askAgain(() => gate.shopper.fairness(id));
    if (answer.kind === "answered") return answer.body;
    if (answer.code !== "sale_not_found" || now() > until) {
      throw failed(`reading the commitment of sale ${id}`, answer);
    }
    await delay(PUBLISHED_POLL_MS);
  }
}
