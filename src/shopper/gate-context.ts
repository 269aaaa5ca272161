/**
 * What every request of a shopper brings along: the gate's own means, and who sent it.
 */
import type { SnapshotCache } from "../sales/snapshots.ts";
import type { Keys } from "../tokens/secrets.ts";
import type { CartBatches } from "./cart-batches.ts";
import type { PlaceBatches } from "./place-batches.ts";

/** What a request has to work with. Time and chance are fixed for the request. */
export interface GateContext {
  readonly env: GateEnv;
  readonly keys: Keys;
  readonly snapshots: SnapshotCache;
  readonly places: PlaceBatches;
  readonly carts: CartBatches;
  /** `ctx.waitUntil`: work that continues after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly now: number;
  /** 0 … 1. */
  readonly chance: number;
}

/** Where a request comes from, by its own account. None of it proves anything. */
export interface Caller {
  /** The host that was asked, without its port. */
  readonly host: string;
  /** As Cloudflare sees it; null without Cloudflare. */
  readonly address: string | null;
  /** The shopper's own: null also where a shop's server does not say it. */
  readonly shopperAddress: string | null;
  readonly userAgent: string;
  /** The id that the browser or the app keeps; null where there is none. */
  readonly device: string | null;
}

/** Tokens as they were carried, by header or cookie; null when there is none. */
export interface Carried {
  readonly ticket: string | null;
  readonly admission: string | null;
  readonly caller: Caller;
}
