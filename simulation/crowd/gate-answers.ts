/**
 * Schemas of the gate's answers, for a client of its HTTP contract.
 *
 * They are written from the contract and not shared with the gate's code, so that a field renamed
 * in the gate makes an answer `unreadable` here. Fields that the simulation does not use are left
 * out, and extra fields are allowed.
 */
import { z } from "zod";

const count = z.int().min(0);
const hex = z.string().regex(/^[0-9a-f]*$/);

export const standingSchema = z.object({
  state: z.enum([
    "prequeue",
    "queued",
    "called",
    "admitted",
    "lapsed",
    "paused",
    "sold_out",
    "ended",
  ]),
  rank: count.nullable(),
  called: count,
  pollAfter_s: z.number().positive(),
});
export type Standing = z.output<typeof standingSchema>;

/** A ticket, or an admission at once when nobody waits. */
export const joinedSchema = z.union([
  z.object({ admission: z.string(), expiresAt: z.string(), status: standingSchema }),
  z.object({ ticket: z.string(), status: standingSchema }),
]);

export const admittedSchema = z.object({
  admission: z.string(),
  expiresAt: z.string(),
  status: standingSchema,
});

export const cartSchema = z.object({
  lines: z.array(z.object({ sku: z.string(), quantity: count, outcome: z.string() })),
  holdsUntil: z.string().nullable(),
});

export const orderSchema = z.object({
  id: z.string(),
  state: z.string(),
  final: z.boolean(),
  total: count,
  currency: z.string(),
  lines: z.array(z.object({ sku: z.string(), quantity: count, price: count })),
});

/** The answer to a placed order, with the URL of its status. */
export const quoteSchema = z.object({ amounts: z.object({ total: z.int() }) });

export const acceptedSchema = z.object({ order: orderSchema, statusUrl: z.string() });

export const publicSaleSchema = z.object({ id: z.string(), phase: z.string() });

const publishedKeySchema = z.object({ kid: z.string(), x: z.string() });
export type PublishedKey = z.output<typeof publishedKeySchema>;

/** The JWKS of the gate. */
export const keySetSchema = z.object({ keys: z.array(publishedKeySchema) });

const beaconSchema = z.object({
  chain: hex.length(64),
  id: z.string(),
  publicKey: hex.length(192),
  groupHash: hex.length(64),
  genesis_s: count,
  period_s: count,
  wait_s: count,
});
export type PublishedBeacon = z.output<typeof beaconSchema>;

export const fairnessSchema = z.object({
  commitment: hex.length(64),
  /** Null: the secret alone decides; absent from a gate before there was a beacon. */
  beacon: beaconSchema.nullish(),
  secret: hex.length(64).nullable(),
  /** From a gate that signs; absent from one before. */
  revealedAt: z.iso.datetime().nullish(),
  signature: z.string().nullish(),
  keys: z.array(publishedKeySchema).optional(),
});
export type Fairness = z.output<typeof fairnessSchema>;

export const manifestSchema = z.object({
  sale: z.string(),
  lane: z.string(),
  k: count,
  base: count,
  counts: z.array(count),
  seed: hex.length(64),
  closedAt: z.iso.datetime().optional(),
  draw: z
    .object({
      countedAt: z.iso.datetime(),
      countsSignature: z.string(),
      chain: hex,
      round: count,
      beacon: hex.length(96).nullable(),
    })
    .optional(),
  signature: z.string().optional(),
});
export type Manifest = z.output<typeof manifestSchema>;

/** The payload of a ticket's JWT. A client cannot check the signature. */
export const ticketClaimsSchema = z.object({
  aud: z.string(),
  sub: z.string(),
  jti: z.string(),
  lane: z.string(),
  cohort: count,
  shard: count,
  index: count,
});
export type TicketClaims = z.output<typeof ticketClaimsSchema>;

/** The merchant's sale document; only the fields that a crowd needs. */
export const merchantSaleSchema = z.object({
  sale: z.object({
    id: z.string(),
    startsAt: z.string(),
    items: z.array(z.object({ sku: z.string() })),
    admission: z.object({ claimWindowSeconds: count }),
  }),
  phase: z.string(),
});
export type MerchantSale = z.output<typeof merchantSaleSchema>["sale"];

const counters = {
  received: z.int(),
  available: z.int(),
  held: z.int(),
  ordered: z.int(),
  sold: z.int(),
  buffer: z.int(),
};

export const auditSchema = z.object({
  sale: z.string(),
  skus: z.array(z.object({ sku: z.string(), ...counters })),
  /** Null: the order book does not answer. */
  orders: z
    .record(z.string(), count)
    .nullable()
    .transform((orders) => orders ?? {}),
  tickets: count,
  called: count,
  claimed: count,
  lapsed: count,
  active: count,
  spent: count,
  left: count,
  expired: count,
  /** Absent from a gate of the release before. */
  kept: count.optional(),
});
export type Audit = z.output<typeof auditSchema>;

export const ledgerRowSchema = z.object({
  seq: count,
  kind: z.string(),
  quantity: z.int(),
  ...counters,
});
export type LedgerRow = z.output<typeof ledgerRowSchema>;
export const ledgerPageSchema = z.object({
  rows: z.array(ledgerRowSchema),
  next: count.nullable(),
});

/** The merchant's view of an order: the shopper's view, its refunds, and its history. */
export const orderWithHistorySchema = orderSchema.extend({
  /** Minor units that were given back, or are on their way. */
  refunded: count,
  refunds: z.array(
    z.object({
      state: z.string(),
      restock: z.array(z.object({ sku: z.string(), quantity: count })),
    }),
  ),
  /** Its states, its refunds and its dispute, oldest first. */
  history: z.array(z.object({ state: z.string(), at: z.iso.datetime() })),
});
export type OrderWithHistory = z.output<typeof orderWithHistorySchema>;

export const orderPageSchema = z.object({
  orders: z.array(z.object({ id: z.string() })),
  next: z.string().nullable(),
});

/** A problem document (RFC 9457) with Sluice's `code`. */
export const problemSchema = z.object({
  code: z.string(),
  title: z.string().optional(),
  detail: z.string().optional(),
});
export type Problem = z.output<typeof problemSchema>;
