/**
 * Receipts, as a stranger checks them: the signature by the keys that the gate publishes, the place
 * by the independent draw.
 *
 * Guarantee: written from docs/fairness.md; only jose's verification is used by the gate too. A
 * receipt says nothing before its signature is verified: one that is not verified is `refused`.
 */
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet } from "jose";
import { z } from "zod";
import { SALE_ID } from "../../scripts/command-option.ts";
import { parseJson } from "../../src/encoding/json.ts";
import { rankReader } from "../../simulation/drill/fairness.ts";
import type { Manifest, TicketClaims } from "../../simulation/crowd/gate-answers.ts";
import { agrees, broken, type Finding } from "./finding.ts";
import { isCompact } from "../../src/tokens/compact-form.ts";

const count = z.int().min(0);
const time_s = z.int();
const claimsSchema = z.object({
  iss: z.string(),
  sale: z.string(),
  order: z.string(),
  booking: z.string(),
  state: z.literal("confirmed"),
  entry: z.enum(["line", "direct", "unknown"]),
  ticket: z.string().nullable(),
  place: z
    .object({ lane: z.string(), cohort: count, shard: count, index: count, rank: count })
    .nullable(),
  admission: z.object({ jti: z.string(), iat: time_s.nullable(), exp: time_s.nullable() }),
  currency: z.string(),
  amounts: z.object({
    items: z.int(),
    discount: z.int(),
    delivery: z.int(),
    tax: z.int(),
    total: z.int(),
  }),
  lines: z.array(z.object({ sku: z.string(), quantity: count, price: z.int() })),
  times: z.object({
    joined: time_s.nullable(),
    admitted: time_s.nullable(),
    ordered: time_s,
    confirmed: time_s,
  }),
});
export type ReceiptClaims = z.output<typeof claimsSchema>;

/** What a receipt is compared with: the manifests of its sale, and the tickets given. */
interface Published {
  readonly sale: string;
  readonly lanes: readonly { readonly lane: string; readonly manifests: readonly Manifest[] }[];
  readonly tickets: readonly { readonly claims: TicketClaims }[];
}

export type ReceiptReading =
  | { readonly kind: "verified"; readonly kid: string; readonly claims: ReceiptClaims }
  | { readonly kind: "refused"; readonly why: string };

function whyRefused(error: InstanceType<typeof errors.JOSEError>): string {
  if (error instanceof errors.JWKSNoMatchingKey) {
    return "none of the gate's keys signed it; the key may have been retired";
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return "the signature does not match: it was changed";
  }
  const isOtherKind =
    error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JOSEAlgNotAllowed;
  return isOtherKind ? "it is a token of another kind" : error.message;
}

export async function readReceipt(token: string, keys: JSONWebKeySet): Promise<ReceiptReading> {
  // A token that could be spelled otherwise is none to the gate either.
  if (!isCompact(token)) return { kind: "refused", why: "it is no token in compact form" };
  try {
    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(keys), {
      algorithms: ["EdDSA"],
      typ: "sluice-receipt+jwt",
      audience: "sluice:receipt",
    });
    const claims = claimsSchema.safeParse(payload);
    if (!claims.success) return { kind: "refused", why: z.prettifyError(claims.error) };
    return { kind: "verified", kid: protectedHeader.kid ?? "", claims: claims.data };
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return { kind: "refused", why: whyRefused(error) };
  }
}

/** The sale that a receipt names, before anything is verified; null when it is no receipt. */
export function saleNamedBy(token: string): string | null {
  const [, payload = ""] = token.split(".");
  const json = parseJson(Buffer.from(payload, "base64url").toString("utf8"));
  const named = z.object({ sale: z.string().refine(SALE_ID.accepts) });
  return named.safeParse(json).data?.sale ?? null;
}

function timeText(at_s: number): string {
  return new Date(at_s * 1000).toISOString().replace(".000", "");
}

export function checkReceipt(evidence: Published, reading: ReceiptReading, nth: number): Finding[] {
  const what = `receipt ${nth}`;
  if (reading.kind === "refused") return [broken(`${what}, signature`, reading.why)];
  const { claims, kid } = reading;
  const { order, booking, sale, amounts, currency, times } = claims;
  if (sale !== evidence.sale) return [broken(`${what}, sale`, `it is of sale ${sale}`)];
  const paid = `${amounts.total} ${currency} in minor units`;
  const bought = `order ${order}, booked as ${booking}, ${paid}, ${timeText(times.confirmed)}`;
  return [
    agrees(`${what}, signature`, `by the gate's key ${kid}: ${bought}`),
    checkAmounts(claims, `${what}, amounts`),
    checkPlace(evidence, claims, `${what}, place`),
    ...checkTicketOf(evidence, claims, `${what}, ticket`),
  ];
}

function checkAmounts({ lines, amounts, currency }: ReceiptClaims, what: string): Finding {
  const { items, discount, delivery, tax, total } = amounts;
  const ofLines = lines.reduce((sum, { quantity, price }) => sum + quantity * price, 0);
  const sum = items - discount + delivery + tax;
  const unit = `${currency} in minor units`;
  if (ofLines !== items) {
    return broken(what, `its lines cost ${ofLines}, it states ${items} ${unit} for the items`);
  }
  if (sum !== total) return broken(what, `its parts are ${sum}, it states ${total} ${unit}`);
  return agrees(what, `its lines, discount, delivery and tax add up to ${total} ${unit}`);
}

function checkPlace({ lanes }: Published, claims: ReceiptClaims, what: string) {
  const { place, entry, sale } = claims;
  if (place === null) {
    const none =
      entry === "direct"
        ? "none: let in at once, while nobody waited"
        : "none: its admission is older than places in receipts";
    return agrees(what, `${none}; there is nothing to recompute`);
  }
  const { lane, cohort, shard, index, rank } = place;
  const where = `lane ${lane}, cohort ${cohort}, booth ${shard}, number ${index}`;
  const manifests = lanes.find((item) => item.lane === lane)?.manifests ?? [];
  if (cohort >= manifests.length) return broken(what, `${where}: the gate shows no such cohort`);
  const drawn = rankReader(manifests)({ ...place, aud: sale, sub: "", jti: "" });
  if (drawn === null) return broken(what, `${where}: the manifest has no such place`);
  if (drawn !== rank) {
    return broken(what, `${where}: the draw gives rank ${drawn}, the receipt says ${rank}`);
  }
  return agrees(what, `${where}: rank ${rank}, as the draw gives`);
}

/** With the ticket itself, which was given before the draw, the chain has one link more. */
function checkTicketOf(
  { tickets }: Published,
  { ticket, place }: ReceiptClaims,
  what: string,
): Finding[] {
  const given = tickets.find(({ claims }) => claims.jti === ticket)?.claims;
  if (given === undefined || place === null) return [];
  const { lane, cohort, shard, index } = given;
  const isSame =
    lane === place.lane &&
    cohort === place.cohort &&
    shard === place.shard &&
    index === place.index;
  return [
    isSame
      ? agrees(what, "the ticket you gave has this place")
      : broken(what, `the ticket you gave has lane ${lane}, cohort ${cohort}, booth ${shard}`),
  ];
}

/** What is known once all findings agree, in sentences; empty for a receipt that was refused. */
export function provenBy(reading: ReceiptReading, nth: number): readonly string[] {
  if (reading.kind === "refused") return [];
  const { order, entry, place, times, lines, ticket } = reading.claims;
  const units = lines.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(", ");
  const came =
    place === null
      ? entry === "direct"
        ? "came from somebody let in at once, while nobody waited"
        : "says nothing of a place in line"
      : `came from rank ${place.rank} of lane ${place.lane} (ticket ${ticket ?? "not named"})`;
  const joined = times.joined === null ? "" : `joined ${timeText(times.joined)}, `;
  const admitted = times.admitted === null ? "" : `admitted ${timeText(times.admitted)}, `;
  const when = `${joined}${admitted}ordered ${timeText(times.ordered)}`;
  return [`Receipt ${nth}: order ${order} (${units}) ${came}; ${when}.`];
}

/** Printed below what is known. */
export const NOT_PROVEN =
  "A receipt names nobody: it does not show who bought, nor that an order was not refunded later.";
