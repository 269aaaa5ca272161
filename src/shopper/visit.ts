/**
 * What every use case of a shopper starts from: the sale, the room's snapshot, and who is asking.
 * The API, the pages and the guard resolve it once a request, and use cases take it as it is; what
 * needs a newer snapshot after a write refreshes it and says why.
 *
 * Guarantee: tickets and admissions are verified here, so a token of another sale, type or key
 * never gets into a visit as valid.
 */
import { assumedSnapshot } from "../domain/room/snapshot.ts";
import type { Seen } from "../domain/room/standing.ts";
import { tokenStandingIn } from "../domain/room/token-standing.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { roomOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { lookUpSale, refuseUnreadable, rememberSale } from "../sales/sale-directory.ts";
import { verifyAdmission, type Admission } from "../tokens/admissions.ts";
import { verifyTicket, type Ticket } from "../tokens/tickets.ts";
import { isForeignTicket, replayBy } from "./device-binding.ts";
import type { Caller, Carried, GateContext } from "./gate-context.ts";

/** A sale as the room shows it now; `seen` belongs to the request, as its time does. */
export interface SaleContext {
  readonly gate: GateContext;
  readonly sale: Sale;
  readonly seen: Seen;
}

export type CarriedTicket =
  | { readonly kind: "none" | "invalid" }
  /** It was given to another device, and the sale refuses it here. */
  | { readonly kind: "replayed" }
  | { readonly kind: "valid"; readonly token: string; readonly ticket: Ticket };

export type ValidAdmission = {
  readonly kind: "valid";
  readonly token: string;
  readonly admission: Admission;
};

export type CarriedAdmission =
  | { readonly kind: "none" | "invalid" }
  /** It was given to another device, and the sale refuses it here. */
  | { readonly kind: "replayed" }
  /** Ours, and its time is up. */
  | { readonly kind: "expired"; readonly admission: Admission }
  | ValidAdmission;

export interface Visit extends SaleContext {
  readonly caller: Caller;
  readonly ticket: CarriedTicket;
  readonly admission: CarriedAdmission;
}

export type Unreachable = { readonly kind: "sale_not_found" | "room_unavailable" };

/** The sale is known, and its room does not answer. */
export interface SilentRoom<Known> {
  readonly kind: "room_unavailable";
  readonly known: Known;
}

/** The published sale and the room's snapshot; the document is as new as the snapshot says. */
export async function saleOf(
  gate: GateContext,
  id: string,
): Promise<({ readonly kind: "sale" } & SaleContext) | Unreachable | SilentRoom<Sale>> {
  const { env, now, chance, snapshots } = gate;
  const looked = await lookUpSale(env, id, now);
  if (looked.kind !== "found") {
    return { kind: looked.kind === "none" ? "sale_not_found" : "room_unavailable" };
  }
  const { published } = looked;
  const read = await snapshots.snapshot(id, now);
  if (read === null) return { kind: "room_unavailable", known: published.sale };
  const found = { kind: "sale", gate, seen: { ...read, now, chance } } as const;
  if (published.revision >= read.snapshot.revision) return { ...found, sale: published.sale };
  const document = await withTimeout(roomOf(env, id).document());
  if (document === null) return { ...found, sale: published.sale };
  rememberSale(env.CONFIG, document, now);
  return { ...found, sale: document.sale };
}

/** As `saleOf`, of a request that names the sale: see `refuseUnreadable`. */
export async function namedSaleOf(gate: GateContext, id: string): ReturnType<typeof saleOf> {
  const found = await saleOf(gate, id);
  if (found.kind !== "sale" && !("known" in found)) await refuseUnreadable(gate.env.CONFIG, id);
  return found;
}

/**
 * A silent room is known for shoppers with a valid admission only: their cart and their order need
 * no room, so they go on by the sale's document.
 */
export async function visitOf(
  gate: GateContext,
  id: string,
  carried: Carried,
): Promise<({ readonly kind: "visit" } & Visit) | Unreachable | SilentRoom<Visit>> {
  const found = await namedSaleOf(gate, id);
  if (found.kind === "sale") return { kind: "visit", ...(await carriedTo(found, carried)) };
  if (!("known" in found)) return found;
  const { now, chance } = gate;
  const snapshot = assumedSnapshot(found.known, now);
  const seen = { snapshot, stale: true, now, chance };
  const known = await carriedTo({ gate, sale: found.known, seen }, carried);
  return { kind: found.kind, ...(known.admission.kind === "valid" ? { known } : {}) };
}

async function carriedTo({ gate, sale, seen }: SaleContext, carried: Carried): Promise<Visit> {
  const { caller } = carried;
  const found = { gate, sale, seen };
  const [ticket, admission] = await Promise.all([
    ticketIn(found, carried.ticket, caller),
    admissionIn(found, carried.admission, caller),
  ]);
  return { ...found, caller, ticket, admission };
}

async function ticketIn(
  { gate, sale }: SaleContext,
  token: string | null,
  caller: Caller,
): Promise<CarriedTicket> {
  if (token === null) return { kind: "none" };
  const verified = await verifyTicket(gate.keys, sale.id, token);
  const isForeign = verified.kind === "valid" && isForeignTicket({ sale, caller }, verified.ticket);
  if (isForeign) return { kind: "replayed" };
  return verified.kind === "valid" ? { ...verified, token } : verified;
}

async function admissionIn(
  { gate, sale, seen }: SaleContext,
  token: string | null,
  caller: Caller,
): Promise<CarriedAdmission> {
  if (token === null) return { kind: "none" };
  const { keys, env, now } = gate;
  const verified = await verifyAdmission(keys, env.ISSUER, sale.id, token, now);
  if (verified.kind === "invalid") return verified;
  const replay = replayBy(gate, sale, verified.admission, caller);
  if (replay === "refused") return { kind: "replayed" };
  // Its seat is in use on newer devices, as many as it may have.
  const standing = tokenStandingIn(seen.snapshot, verified.admission);
  if (standing === "moved") return { kind: "replayed" };
  return verified.kind === "valid" ? { ...verified, token } : verified;
}

/** Somebody who was let in: the sale, and the admission to it. */
export interface InShop {
  readonly gate: GateContext;
  /** The shopper's own; null where it is not known. */
  readonly address: string | null;
  readonly sale: Sale;
  readonly admission: Admission;
}

export type AdmissionRefused = {
  readonly kind:
    | "admission_required"
    | "admission_expired"
    | "admission_invalid"
    | "admission_replayed";
};

/** What a visit's admission is good for, or why it is good for nothing. */
export function inShop({
  gate,
  caller,
  sale,
  admission: carried,
}: Pick<Visit, "gate" | "sale" | "admission"> & Partial<Pick<Visit, "caller">>):
  | ({ readonly kind: "in_shop" } & InShop)
  | AdmissionRefused {
  if (carried.kind === "valid") {
    const address = caller?.shopperAddress ?? null;
    return { kind: "in_shop", gate, address, sale, admission: carried.admission };
  }
  return { kind: carried.kind === "none" ? "admission_required" : `admission_${carried.kind}` };
}
