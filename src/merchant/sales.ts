/**
 * A merchant's sales: create, change, act, read the metrics.
 *
 * Guarantee: first the room stores the document, then the stock is received, then KV publishes the
 * document. Each step is idempotent, so repeating an interrupted request completes it.
 */
import type { RoomAction } from "../domain/room/merchant-changes.ts";
import type { Confirmed, Consequence } from "../domain/sale/consequences.ts";
import { unsafeAddresses } from "../domain/sale/checkout-addresses.ts";
import type { Protection } from "../domain/sale/protection.ts";
import { unpayable } from "../domain/checkout/payable.ts";
import type { AdmissionChange, RevisionRefused, Sale } from "../domain/sale/sale.ts";
import type { StockCounters } from "../domain/stock/stock-ledger.ts";
import { roomOf, saleListOf, stockOf } from "../platform/objects.ts";
import { readTurnstileSettings } from "../proofs/turnstile.ts";
import { listAllSales, publishSale } from "../sales/sale-directory.ts";
import { queueItSecretOf } from "../tokens/queue-it.ts";
import type { Keys } from "../tokens/secrets.ts";

/** The arguments of every merchant's use case. Only requests with the admin token get here. */
export interface MerchantContext {
  readonly env: GateEnv;
  readonly now: number;
  /** For the hashes by which buyers are found. Absent: only by addresses. */
  readonly buyerKeys?: readonly string[];
}

type Metrics = Extract<
  Awaited<ReturnType<ReturnType<typeof roomOf>["metrics"]>>,
  { kind: "metrics" }
>;

export type PutSaleOutcome =
  | { readonly kind: "created" | "revised" | "unchanged"; readonly metrics: Metrics }
  | { readonly kind: "refused"; readonly refusals: readonly RevisionRefused[] }
  /** Nothing is saved: what the document does to shoppers has to be confirmed. */
  | {
      readonly kind: "unconfirmed";
      readonly consequences: readonly Consequence[];
      readonly revision: number;
    }
  /** Nothing is saved: it was confirmed for another revision than that of now. */
  | { readonly kind: "outdated"; readonly revision: number }
  /** Nothing is saved: the end of the sale is final, because its secret was revealed. */
  | { readonly kind: "secret_revealed"; readonly refusals: readonly RevisionRefused[] }
  /** Nothing is saved: a sale with this id was deleted. */
  | { readonly kind: "sale_deleted"; readonly at_ms: number }
  /** Nothing is saved: the deployment lacks this setting of the sale's protection. */
  | { readonly kind: "protection_not_configured"; readonly lacking: string }
  /** The document is saved; the buffers of these items stay as they are. */
  | { readonly kind: "not_available"; readonly items: readonly BufferRefused[] }
  /** The sale signs Queue-it tokens, but QUEUE_IT_SECRET is not set. */
  | { readonly kind: "queue_it_not_configured" }
  | { readonly kind: "sale_not_found" };

export interface BufferRefused {
  readonly index: number;
  readonly sku: string;
  readonly counters: StockCounters;
}

/** The keys that check a sale's protection. */
type ProtectionKeys = Pick<Keys, "proofSecrets">;

export async function putSale(
  context: MerchantContext,
  sale: Sale,
  keys: ProtectionKeys,
  confirmed: Confirmed = { kinds: [], revision: null },
): Promise<PutSaleOutcome> {
  const { env, now } = context;
  if (sale.queueIt !== undefined && queueItSecretOf(env) === null) {
    return { kind: "queue_it_not_configured" };
  }
  const lacking = settingLacking(context.env, keys, sale.protection);
  if (lacking !== null) return { kind: "protection_not_configured", lacking };
  const refusals = [...unpayable(sale), ...unsafeAddresses(sale)];
  if (refusals.length > 0) return { kind: "refused", refusals };
  const shared = await openedBefore(context, sale);
  if (shared.length > 0) return { kind: "refused", refusals: shared };
  const room = roomOf(env, sale.id);
  const configured = await room.configure(sale, confirmed);
  if (configured.kind === "refused") return configured;
  if (configured.kind === "unconfirmed" || configured.kind === "outdated") return configured;
  if (configured.kind === "deleted") return { kind: "sale_deleted", at_ms: configured.at_ms };
  if (configured.kind === "revealed") {
    return { kind: "secret_revealed", refusals: configured.refusals };
  }
  const refused = await Promise.all(
    sale.items.map((item) => stockItem(context, sale, configured.revision, item)),
  );
  await publishSale(env, { sale, revision: configured.revision }, now);
  const metrics = await room.metrics();
  if (metrics.kind === "no_sale") return { kind: "sale_not_found" };
  const items = sale.items.flatMap(({ sku }, index) => {
    const counters = refused[index] ?? null;
    return counters === null ? [] : [{ index, sku, counters }];
  });
  if (items.length > 0) return { kind: "not_available", items };
  return { kind: configured.kind, metrics };
}

/**
 * The missing or unusable setting of the sale's protection, or null. Checked when the sale is
 * saved, because otherwise no shopper could join it.
 */
export function settingLacking(
  env: GateEnv,
  { proofSecrets }: ProtectionKeys,
  protection: Protection,
): string | null {
  switch (protection.kind) {
    case "none":
      return null;
    case "altcha":
      return proofSecrets.length > 0 ? null : "PROOF_KEYS";
    case "turnstile": {
      const settings = readTurnstileSettings(env);
      return settings.kind === "ready" ? null : settings.what;
    }
  }
}

/**
 * The items whose units cannot come with this sale, because the SKU was opened before: by another
 * sale, or by movements. A sale that names the SKU already keeps its document.
 */
async function openedBefore(
  { env }: MerchantContext,
  { id, items }: Sale,
): Promise<RevisionRefused[]> {
  const found = await Promise.all(
    items.map(async ({ sku, stock }, index): Promise<RevisionRefused | null> => {
      if (stock === 0) return null;
      const { sales, hadUnits } = await stockOf(env, sku).naming();
      if (sales.includes(id) || (sales.length === 0 && !hadUnits)) return null;
      return { path: ["items", index, "stock"], message: openedText(sku, sales) };
    }),
  );
  return found.filter((refused) => refused !== null);
}

function openedText(sku: string, sales: readonly string[]): string {
  const by = sales.length > 0 ? ` with ${sales.join(", ")}` : "";
  return (
    `must be 0: this sale shares the units of ${sku}${by}; ` +
    `receive more with POST /skus/${sku}/movements`
  );
}

/**
 * Receives the opening stock once, and sets the buffer with each revision of the document.
 * Returns the counters when the buffer needs more units than are available, else null.
 */
async function stockItem(
  { env }: MerchantContext,
  sale: Sale,
  revision: number,
  item: Sale["items"][number],
): Promise<StockCounters | null> {
  const { sku } = item;
  const stock = stockOf(env, sku);
  const reason = `opening stock of ${sale.id}`;
  await stock.open({ sale: sale.id, sku, quantity: item.stock, reason });
  let refused: StockCounters | null = null;
  // A document that brings no units keeps none back either: movements do.
  if (item.stock > 0 && (item.buffer > 0 || revision > 1)) {
    const id = `buffer:${sale.id}:${sku}:${revision}`;
    const reason = `buffer of ${sale.id}`;
    const moved = await stock.move({ id, kind: "buffer", quantity: item.buffer, reason });
    if (moved.kind === "not_available") refused = moved.counters;
  }
  const level = await stock.levels(sku);
  await roomOf(env, sale.id).reportLevel(level);
  return refused;
}

export type MetricsOutcome = Metrics | { readonly kind: "sale_not_found" };

export async function readSale(context: MerchantContext, id: string): Promise<MetricsOutcome> {
  const metrics = await roomOf(context.env, id).metrics();
  return metrics.kind === "no_sale" ? { kind: "sale_not_found" } : metrics;
}

export function readSales({ env }: MerchantContext): Promise<string[]> {
  return listAllSales(env);
}

/** Writes the next page of all sales to KV again. */
export async function republishSales(
  { env }: MerchantContext,
  after: string | null,
): Promise<{ readonly written: number; readonly next: string | null }> {
  return saleListOf(env).republish(after);
}

export type ActOutcome =
  | { readonly kind: "done"; readonly metrics: Metrics }
  /** The sale has ended. `reopensUntil_ms`: until then the end can be undone. */
  | { readonly kind: "not_possible"; readonly phase: string; readonly reopensUntil_ms: number }
  | { readonly kind: "secret_revealed"; readonly at_ms: number }
  | { readonly kind: "sale_not_found" };

export async function actOnSale(
  context: MerchantContext,
  id: string,
  action: RoomAction,
): Promise<ActOutcome> {
  const room = roomOf(context.env, id);
  const outcome = await room.act(action);
  if (outcome.kind === "no_sale") return { kind: "sale_not_found" };
  if (outcome.kind === "not_possible") return outcome;
  if (outcome.kind === "revealed") return { kind: "secret_revealed", at_ms: outcome.at_ms };
  const metrics = await readSale(context, id);
  return metrics.kind === "metrics" ? { kind: "done", metrics } : metrics;
}

export async function changeSaleAdmission(
  context: MerchantContext,
  id: string,
  change: AdmissionChange,
): Promise<MetricsOutcome> {
  const outcome = await roomOf(context.env, id).change(change);
  if (outcome.kind === "no_sale") return { kind: "sale_not_found" };
  return readSale(context, id);
}
