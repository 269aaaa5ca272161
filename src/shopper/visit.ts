/**
 * What every use case of a shopper starts from: the sale, its snapshot, and who is asking.
 *
 * Guarantee: tokens are verified here and nowhere else in the journey; a token of another sale,
 * type or key never gets past `visitOf`.
 */
import type { Sale } from "../domain/sale/sale.ts";
import type { Seen } from "../domain/room/standing.ts";
import { findSale, rememberSale } from "../sales/sale-directory.ts";
import type { SnapshotCache } from "../sales/snapshots.ts";
import { roomOf } from "../platform/objects.ts";
import { withTimeout } from "../platform/with-timeout.ts";
import { verifyAdmission, type Admission } from "../tokens/admissions.ts";
import type { Keys } from "../tokens/secrets.ts";
import { verifyTicket, type Ticket } from "../tokens/tickets.ts";
import { replayBy } from "./device-binding.ts";
import type { CartBatches } from "./cart-batches.ts";
import type { PlaceBatches } from "./place-batches.ts";

/** What a request has to work with. Time and chance are fixed for the request. */
export interface GateContext {
  readonly env: GateEnv;
  readonly keys: Keys;
  readonly snapshots: SnapshotCache;
  readonly places: PlaceBatches;
  readonly carts: CartBatches;
  /** Lets the request go on after its answer, until this is done. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly now: number;
  /** 0 … 1. */
  readonly chance: number;
}

/** What a request says of where it comes from. None of it proves anything. */
export interface Caller {
  /** The host that was asked, without its port. */
  readonly host: string;
  /** As Cloudflare tells it; null where nobody does. */
  readonly address: string | null;
  readonly userAgent: string;
  /** Its id, as the browser or the app keeps it; null where there is none. */
  readonly device: string | null;
}

/** Tokens as they were carried, by header or cookie; null when there is none. */
export interface Carried {
  readonly ticket: string | null;
  readonly admission: string | null;
  readonly caller: Caller;
}

export interface Visit {
  readonly sale: Sale;
  readonly seen: Seen;
  readonly ticket: Ticket | null;
  readonly ticketToken: string | null;
  readonly admission: Admission | null;
  readonly admissionToken: string | null;
  /** A token was carried and refused. */
  readonly ticketRefused: boolean;
  readonly admissionRefused: "expired" | "invalid" | "replayed" | null;
  /** The admission was given to another device, which the sale only wants to be told. */
  readonly isReplay: boolean;
  /** An admission of ours that is over. */
  readonly pastAdmission: Admission | null;
}

export type VisitOutcome =
  | { readonly kind: "visit"; readonly visit: Visit }
  | { readonly kind: "sale_not_found" }
  | { readonly kind: "room_unavailable" };

export type SaleOutcome =
  | { readonly kind: "sale"; readonly sale: Sale; readonly seen: Seen }
  | { readonly kind: "sale_not_found" }
  | { readonly kind: "room_unavailable" };

/** The published sale and the room's snapshot; the document is as new as the snapshot says. */
export async function saleOf(context: GateContext, id: string): Promise<SaleOutcome> {
  const { env, now, chance } = context;
  const published = await findSale(env.CONFIG, id, now);
  if (published === null) return { kind: "sale_not_found" };
  const read = await context.snapshots.snapshot(id, now);
  if (read === null) return { kind: "room_unavailable" };
  const seen: Seen = { ...read, now, chance };
  if (published.revision >= read.snapshot.revision) {
    return { kind: "sale", sale: published.sale, seen };
  }
  const document = await withTimeout(roomOf(env, id).document());
  if (document === null) return { kind: "sale", sale: published.sale, seen };
  rememberSale(env.CONFIG, document, now);
  return { kind: "sale", sale: document.sale, seen };
}

export async function visitOf(
  context: GateContext,
  id: string,
  carried: Carried,
): Promise<VisitOutcome> {
  const found = await saleOf(context, id);
  if (found.kind !== "sale") return found;
  const { sale, seen } = found;
  const { keys, env, now } = context;
  const [ticket, verified] = await Promise.all([
    carried.ticket === null ? null : verifyTicket(keys, id, carried.ticket),
    carried.admission === null
      ? null
      : verifyAdmission(keys, env.ISSUER, id, carried.admission, now),
  ]);
  const bound = verified === null || verified.kind === "invalid" ? null : verified.admission;
  const replay = bound === null ? "own" : replayBy(context, sale, bound, carried.caller);
  const admission = replay === "refused" ? ({ kind: "replayed" } as const) : verified;
  const visit: Visit = {
    sale,
    seen,
    ticket: ticket?.kind === "valid" ? ticket.ticket : null,
    ticketToken: ticket?.kind === "valid" ? carried.ticket : null,
    admission: admission?.kind === "valid" ? admission.admission : null,
    admissionToken: admission?.kind === "valid" ? carried.admission : null,
    ticketRefused: ticket?.kind === "invalid",
    admissionRefused: admission === null || admission.kind === "valid" ? null : admission.kind,
    isReplay: replay === "reported",
    pastAdmission: admission?.kind === "expired" ? admission.admission : null,
  };
  return { kind: "visit", visit };
}
