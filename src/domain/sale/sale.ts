/**
 * The sale document: a merchant's settings for one sale, and values that follow from them alone.
 *
 * Guarantee: a document that parses is consistent: times are in order, durations fit each other,
 * and each SKU and lane is listed once. It is the only source of prices.
 */
import { z } from "zod";

import {
  BOOTHS_PER_LANE_MAX,
  DECLINES_PER_ADMISSION_DEFAULT,
  DECLINES_PER_ADMISSION_MAX,
  GUARDS_PER_SALE_MAX,
  IDENTIFIER_LENGTH_MAX,
  ITEMS_PER_SALE_MAX,
  JOINS_PER_BOOTH_PER_SECOND,
  LANES_PER_SALE_MAX,
  NETWORK_PLACES_MAX,
  NETWORK_PLACES_MIN,
  PAYMENT_TIMEOUT_MS,
  PRICE_MINOR_MAX,
  QUANTITY_PER_LINE_MAX,
  RETENTION_DAYS_MAX,
  SECRET_REVEALED_AFTER_DEFAULT_S,
  SECRET_REVEALED_AFTER_MAX_S,
  SHOPPERS_EXPECTED_MAX,
  TEMPLATE_BYTES_MAX,
  TEXT_LENGTH_MAX,
  UNITS_PER_MOVEMENT_MAX,
} from "../limits.ts";
import { templateFaults } from "./page-template.ts";
import { protectionSchema } from "./protection.ts";
import { queueItSchema } from "./queue-it.ts";
import { replaySchema } from "./device-binding.ts";
import { checkoutSchema, taxSchema } from "./checkout-rules.ts";
import { bypassSchema, guardSchema } from "./guard-schema.ts";
import { unpaidSchema } from "./unpaid-rules.ts";
import { NO_END } from "./schedule.ts";

export const GENERAL_LANE = "general";

/**
 * Used in URLs and object names: letters, digits, `.`, `_`, `-`; the first is a letter or digit.
 */
export const identifierSchema = z
  .string()
  .max(IDENTIFIER_LENGTH_MAX)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "use letters, digits, '.', '_' and '-'");

export const saleIdSchema = z
  .string()
  .max(IDENTIFIER_LENGTH_MAX)
  .regex(/^[a-z0-9][a-z0-9-]*$/, "use lower-case letters, digits and '-'");

const instantSchema = z.iso.datetime({
  error: "use RFC 3339 in UTC, such as 2026-11-27T10:00:00Z",
});
const textSchema = z.string().min(1).max(TEXT_LENGTH_MAX);
const count = (max: number) => z.int().min(0).max(max);
const seconds = (min: number, max: number) => z.int().min(min).max(max);

export const itemSchema = z.strictObject({
  sku: identifierSchema,
  name: textSchema,
  /** In the currency's minor unit, as in `money/currencies.ts`. */
  price: z.int().min(1).max(PRICE_MINOR_MAX),
  /**
   * Units received when the sale is created, if no sale named the SKU before. Later changes are
   * movements of the SKU.
   */
  stock: count(UNITS_PER_MOVEMENT_MAX),
  /** Units kept back from sale. */
  buffer: count(UNITS_PER_MOVEMENT_MAX).default(0),
  limitPerBuyer: z.int().min(1).max(QUANTITY_PER_LINE_MAX).default(1),
  /** Absent: none is stated. */
  tax: taxSchema.optional(),
});

export const admissionRulesSchema = z.strictObject({
  method: z.enum(["lottery", "fifo"]).default("lottery"),
  ratePerMinute: z.int().min(1).max(1_000_000).default(600),
  maxActive: z.int().min(1).max(1_000_000).default(300),
  sessionSeconds: seconds(30, 86_400).default(600),
  claimWindowSeconds: seconds(5, 3600).default(120),
  holdSeconds: seconds(1, 86_400).default(600),
  overcall: z.number().min(1).max(1000).default(2),
  ordersPerAdmission: z.int().min(1).max(100).default(1),
  /** Places in line that one network may take, by lane. Absent: any number. */
  maxPlacesPerNetwork: z.int().min(NETWORK_PLACES_MIN).max(NETWORK_PLACES_MAX).optional(),
  /** Declined payments after which an admission pays for nothing more. Absent: the default. */
  declinesPerAdmission: z.int().min(1).max(DECLINES_PER_ADMISSION_MAX).optional(),
});

const fairnessSchema = z.strictObject({
  /** From the end, or the change that set it, to the revelation of the secret of the draw. */
  revealAfterSeconds: seconds(0, SECRET_REVEALED_AFTER_MAX_S).default(
    SECRET_REVEALED_AFTER_DEFAULT_S,
  ),
});

const laneSchema = z.strictObject({
  id: saleIdSchema.refine((id) => id !== GENERAL_LANE, "the lane 'general' always exists"),
  weight: z.int().min(1).max(1000).default(1),
});

const waitingStatus = z.union([z.literal(200), z.literal(202), z.literal(429)]);

/** Reports each fault of the template as an issue of its own. */
const templateSchema = z.string().check((context) => {
  const bytes = new TextEncoder().encode(context.value).byteLength;
  const faults =
    bytes > TEMPLATE_BYTES_MAX
      ? [`has ${bytes} bytes; the maximum is ${TEMPLATE_BYTES_MAX}`]
      : templateFaults(context.value);
  for (const message of faults) {
    context.issues.push({ code: "custom", input: context.value, message });
  }
});

/** What shoppers see while they wait at a guarded address. */
const waitingPageSchema = z.strictObject({
  /** HTTP status of the waiting page: 200 for browsers; 202 or 429 for clients that read it. */
  status: waitingStatus.default(200),
  /** HTTP status of the answer to a request with exactly `Accept: application/json`. */
  jsonStatus: waitingStatus.default(429),
  /** The merchant's own page, a Mustache template. */
  template: templateSchema.optional(),
});

const saleObjectSchema = z.strictObject({
  id: saleIdSchema,
  title: textSchema,
  currency: z.string().regex(/^[A-Z]{3}$/, "use an ISO 4217 code such as EUR"),
  opensAt: instantSchema,
  startsAt: instantSchema,
  /** Left out: the sale has no end, as a room that always stands in front of a shop. */
  endsAt: instantSchema.default(NO_END),
  guards: z.array(guardSchema).max(GUARDS_PER_SALE_MAX).default([]),
  /** Requests that need no turn. */
  bypass: bypassSchema.prefault({}),
  /** Whether guarded requests are refused or served while the room does not answer. */
  onFailure: z.enum(["closed", "open"]).default("closed"),
  waitingPage: waitingPageSchema.prefault({}),
  /** For a shop whose servers use a connector of Queue-it. */
  queueIt: queueItSchema.optional(),
  items: z.array(itemSchema).max(ITEMS_PER_SALE_MAX),
  admission: admissionRulesSchema.prefault({}),
  lanes: z
    .array(laneSchema)
    .max(LANES_PER_SALE_MAX - 1)
    .default([]),
  expectedShoppers: z.int().min(1).max(SHOPPERS_EXPECTED_MAX).default(10_000),
  protection: protectionSchema.default({ kind: "none" }),
  replay: replaySchema.prefault({}),
  /** Absent: its defaults. */
  fairness: fairnessSchema.optional(),
  /** How many units may be unpaid; absent: its defaults. */
  unpaid: unpaidSchema.optional(),
  /** `false`: in no public list, so that only those find the sale who have its link. */
  listed: z.boolean().optional(),
  /** How shoppers see stock: how much is left in words, or also the number of units. */
  stockDisplay: z.enum(["level", "exact"]).optional(),
  /** Days from an order's final state until its buyer is erased. Absent: 90. */
  retention: z.int().min(1).max(RETENTION_DAYS_MAX).optional(),
  /** Absent: an order states its buyer's e-mail address and no more. */
  checkout: checkoutSchema.optional(),
});

interface RelationBroken {
  readonly path: (string | number)[];
  readonly message: string;
}

function relationsBroken(sale: z.output<typeof saleObjectSchema>): RelationBroken[] {
  const broken: RelationBroken[] = [];
  const { admission } = sale;
  const opens = Date.parse(sale.opensAt);
  const starts = Date.parse(sale.startsAt);
  const ends = Date.parse(sale.endsAt);
  if (opens > starts) {
    broken.push({ path: ["opensAt"], message: "must not be after startsAt" });
  }
  if (sale.items.length === 0 && sale.guards.length === 0) {
    broken.push({ path: ["items"], message: "must name an item, unless the sale has guards" });
  }
  if (starts >= ends) broken.push({ path: ["endsAt"], message: "must be after startsAt" });
  if (admission.holdSeconds * 1000 <= PAYMENT_TIMEOUT_MS) {
    const message = `must be longer than the payment timeout of ${PAYMENT_TIMEOUT_MS / 1000} s`;
    broken.push({ path: ["admission", "holdSeconds"], message });
  }
  const cookie_s = (sale.queueIt?.cookieValidityMinutes ?? Infinity) * 60;
  if (cookie_s < admission.sessionSeconds) {
    const message =
      "must not be shorter than admission.sessionSeconds: admitted shoppers would be sent away";
    broken.push({ path: ["queueIt", "cookieValidityMinutes"], message });
  }
  const reportRepeated = (names: string[], path: (index: number) => (string | number)[]): void => {
    names.forEach((name, index) => {
      if (names.indexOf(name) !== index) {
        broken.push({ path: path(index), message: `'${name}' is named twice` });
      }
    });
  };
  reportRepeated(
    sale.items.map((item) => item.sku),
    (index) => ["items", index, "sku"],
  );
  reportRepeated(
    sale.lanes.map((lane) => lane.id),
    (index) => ["lanes", index, "id"],
  );
  sale.items.forEach((item, index) => {
    if (item.tax?.kind === "added" && (sale.checkout?.address ?? "none") === "none") {
      const message = "needs checkout.address, because the rate follows the buyer's country";
      broken.push({ path: ["items", index, "tax"], message });
    }
    if (item.buffer > item.stock) {
      broken.push({ path: ["items", index, "buffer"], message: "must not be more than stock" });
    }
  });
  return broken;
}

/**
 * A merchant's document. Rooms and KV keep parsed documents and read them with `storedReader` of
 * this schema, which keeps unknown fields and checks types only. So a new field needs a default (or
 * to be optional), and no field may be removed or change its type: `docs/stored-shapes.md`.
 */
export const saleSchema = saleObjectSchema.check((context) => {
  for (const broken of relationsBroken(context.value)) {
    context.issues.push({ code: "custom", input: context.value, ...broken });
  }
});

export type Sale = z.output<typeof saleSchema>;
export type SaleItem = Sale["items"][number];

/** What a merchant may change while the sale runs. `message: null` removes the message. */
export type AdmissionChange = {
  readonly ratePerMinute?: number | undefined;
  readonly maxActive?: number | undefined;
  readonly message?: string | null | undefined;
};

export interface Lane {
  readonly id: string;
  readonly weight: number;
}

/** Every lane of the sale; `general` first, with weight 1. */
export function lanesOf(sale: Sale): Lane[] {
  return [{ id: GENERAL_LANE, weight: 1 }, ...sale.lanes];
}

/** Declined payments after which an admission pays for nothing more. */
export function declinesMaxOf({ admission }: Pick<Sale, "admission">): number {
  return admission.declinesPerAdmission ?? DECLINES_PER_ADMISSION_DEFAULT;
}

/**
 * How many booths each lane of the sale has: enough that every booth stays under
 * `JOINS_PER_BOOTH_PER_SECOND` if all expected shoppers join within ten seconds.
 */
export function boothsOf(sale: Sale): number {
  const perSecond = sale.expectedShoppers / 10;
  const wanted = Math.ceil(perSecond / JOINS_PER_BOOTH_PER_SECOND);
  return Math.min(Math.max(wanted, 1), BOOTHS_PER_LANE_MAX);
}

/** The item with its price and limit; null when the sale does not have the SKU. */
export function itemOf(sale: Sale, sku: string): SaleItem | null {
  return sale.items.find((item) => item.sku === sku) ?? null;
}

export interface RevisionRefused {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** The changes that a new document may not make, because shoppers or stock already rely on them. */
export function revisionRefusals(before: Sale, after: Sale, wasOpen: boolean): RevisionRefused[] {
  const refused: RevisionRefused[] = [];
  if (after.currency !== before.currency) {
    refused.push({ path: ["currency"], message: `is fixed: ${before.currency}` });
  }
  if (wasOpen && after.admission.method !== before.admission.method) {
    refused.push({ path: ["admission", "method"], message: "is fixed once the sale is open" });
  }
  before.items.forEach((item) => {
    const index = after.items.findIndex(({ sku }) => sku === item.sku);
    if (index < 0) {
      refused.push({
        path: ["items"],
        message: `must keep ${item.sku}: it may be held or ordered`,
      });
    } else if (after.items[index]?.stock !== item.stock) {
      const message = `is fixed: ${item.stock}; restock with POST /skus/${item.sku}/movements`;
      refused.push({ path: ["items", index, "stock"], message });
    }
  });
  before.lanes.forEach((lane) => {
    if (!after.lanes.some(({ id }) => id === lane.id)) {
      refused.push({ path: ["lanes"], message: `must keep ${lane.id}: shoppers may wait in it` });
    }
  });
  return refused;
}
