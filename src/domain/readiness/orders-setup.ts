/**
 * What the orders Worker tells of its settings: it writes them to KV (`setup:orders`) with its
 * cron, because the gate cannot see another Worker's variables and secrets.
 *
 * Guarantee: kinds and names only, no value of a secret. What another release wrote reads as
 * "unknown", or not at all.
 */
import { z } from "zod";
import { storedReader } from "../../encoding/stored-reader.ts";

/** How Stripe answered when it was asked for something that every key of a shop may read. */
const keyAnswer = z
  .enum(["accepted", "refused", "not_permitted", "no_answer"])
  .catch("no_answer")
  .default("no_answer");
export type KeyAnswer = z.output<typeof keyAnswer>;

export const ordersSetupSchema = storedReader(
  z.object({
    v: z.literal(1),
    at_ms: z.int(),
    version: z.string(),
    /** What keeps orders from being paid and booked at all; each names its settings. */
    problems: z.array(z.string()),
    payment: z.object({
      backend: z.string(),
      key: z.enum(["test", "live", "missing", "publishable", "unknown"]).catch("unknown"),
      /** Whether calls go to Stripe's own address. */
      isStripesOwn: z.boolean(),
      /** To a list of refunds, and to one of disputes. */
      refunds: keyAnswer,
      disputes: keyAnswer,
    }),
    mail: z.object({
      backend: z.string(),
      problem: z.string().nullable(),
      /** Whether MAIL_LINK_ORIGIN is set; null in reports of earlier releases. */
      hasLinkOrigin: z.boolean().nullable().default(null),
    }),
  }),
);
export type OrdersSetup = z.output<typeof ordersSetupSchema>;

/** The cron runs every five minutes; Cloudflare may take a while until a new one runs. */
export const ORDERS_SETUP_FRESH_MS = 15 * 60_000;
