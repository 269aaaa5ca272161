/**
 * A published sale: its document and the revision of it, as KV stores it under `sale:<id>` and,
 * for a sale that guards addresses or lists origins, under `guard:<id>`.
 */
import { z } from "zod";
import { GUARDS_KEPT_S } from "../domain/limits.ts";
import { checkoutOf } from "../domain/sale/checkout-rules.ts";
import { guardListSchema } from "../domain/sale/mirror.ts";
import { saleSchema, type Sale } from "../domain/sale/sale.ts";
import { storedReader } from "../encoding/stored-reader.ts";

export interface PublishedSale {
  readonly sale: Sale;
  readonly revision: number;
}

/** With the fields of newer releases, which KV and the isolates keep. */
export const publishedReader = storedReader(
  z.object({ v: z.literal(1), revision: z.int(), sale: saleSchema }),
);

/** Which sales have guards, as KV stores it under `guards`. */
export const guardListReader = storedReader(guardListSchema);

/** The text that KV stores. */
export function publishedText(published: PublishedSale): string {
  return JSON.stringify({ v: 1, ...published });
}

/** Null: the text cannot be read. */
export function readPublished(text: string): PublishedSale | null {
  try {
    return publishedReader.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Until when requests that name no sale depend on this one; null: they never do. */
export function guardsUntil_ms(sale: Sale): number | null {
  const isIndexed = sale.guards.length > 0 || checkoutOf(sale).origins.length > 0;
  return isIndexed ? (Math.ceil(Date.parse(sale.endsAt) / 1000) + GUARDS_KEPT_S) * 1000 : null;
}
