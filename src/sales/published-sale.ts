/**
 * A published sale: its document and the revision of it, as KV stores it under `sale:<id>` and,
 * for a sale that guards addresses or lists origins, under `guard:<id>`.
 */
import { z } from "zod";
import { saleSchema, type Sale } from "../domain/sale/sale.ts";

export interface PublishedSale {
  readonly sale: Sale;
  readonly revision: number;
}

/** Stored documents are read with today's schema: see `saleSchema` before changing a field. */
export const publishedSchema = z.object({ v: z.literal(1), revision: z.int(), sale: saleSchema });

/** The text that KV stores. */
export function publishedText({ sale, revision }: PublishedSale): string {
  return JSON.stringify({ v: 1, revision, sale });
}
