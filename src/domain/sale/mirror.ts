/**
 * KV mirrors the list of sales, which an object owns (`SaleList`). These rules say whether a mirror
 * shows everything, what an isolate makes of one that does not, and what is written again.
 *
 * Guarantee: an empty mirror is never taken for "there is nothing". Only a stored index, or the
 * owner, says that there are no guards; without either they are unknown, and what was known stays.
 * No sale that the owner or the mirror names is left out.
 */
import { z } from "zod";

/** Which sales the index of guards has, by revision. It is in KV also when there are none. */
export const guardListSchema = z.object({
  v: z.literal(1),
  sales: z.record(z.string(), z.int()),
});
export type GuardList = z.infer<typeof guardListSchema>;

/** Revisions by sale. */
export type Revisions = ReadonlyMap<string, number>;

/** Whether the mirror shows all that its list names. Without a list nothing says that it does. */
export function isWhole(list: GuardList | null, shown: Revisions): boolean {
  if (list === null) return false;
  return Object.entries(list.sales).every(([id, revision]) => (shown.get(id) ?? 0) >= revision);
}

export interface GuardSources {
  /** What the isolate knows; null: it has never known the guards. */
  readonly known: Revisions | null;
  /** Known sales that the mirror may not show yet, because they came from elsewhere. */
  readonly isYoung: (id: string) => boolean;
  /** What the mirror shows; null: it did not answer. */
  readonly shown: Revisions | null;
  readonly list: GuardList | null;
  /** What the owner has; null: it was not asked, or did not answer. */
  readonly owned: Revisions | null;
}

/** Whether the owner must be asked. */
export function needsOwner({ shown, list }: Pick<GuardSources, "shown" | "list">): boolean {
  return shown === null || !isWhole(list, shown);
}

/**
 * The sales whose guards are in force, each with the newest revision of any source; null when
 * nobody knows them.
 */
export function guardsInForce(sources: GuardSources): Revisions | null {
  const { known, isYoung, shown, owned } = sources;
  const isTold = owned !== null || !needsOwner(sources);
  if (!isTold && known === null) return null;
  const inForce = new Map<string, number>();
  const add = (revisions: Revisions | null, which: (id: string) => boolean): void => {
    for (const [id, revision] of revisions ?? []) {
      if (which(id) && revision > (inForce.get(id) ?? 0)) inForce.set(id, revision);
    }
  };
  add(shown, () => true);
  add(owned, () => true);
  // A known sale that is shown nowhere any more was deleted, once there is an answer to go by.
  add(known, (id) => !isTold || inForce.has(id) || isYoung(id));
  return inForce;
}

/** A sale of the owner's. */
export interface OwnedSale {
  readonly id: string;
  readonly revision: number;
  /** Until when it is in the index of guards; null: it is not. */
  readonly guardsUntil_ms: number | null;
}

/** What the mirror lists: by sale its revision, or null where none is written with it. */
export interface Mirrored {
  readonly sales: ReadonlyMap<string, number | null>;
  readonly guards: ReadonlyMap<string, number | null>;
}

export interface MirrorPlan {
  readonly sales: readonly string[];
  readonly guards: readonly string[];
  /** Sales without guards whose guards are still mirrored. */
  readonly unguarded: readonly string[];
  /** Mirrored sales that the owner does not have: those of a release without an owner. */
  readonly strangers: readonly string[];
}

/** What must be written so that the mirror shows what the owner has. */
export function planMirror(
  owned: readonly OwnedSale[],
  mirrored: Mirrored,
  now: number,
): MirrorPlan {
  const ids = new Set(owned.map(({ id }) => id));
  const lacks = (shown: ReadonlyMap<string, number | null>, { id, revision }: OwnedSale): boolean =>
    !shown.has(id) || (shown.get(id) ?? revision) < revision;
  const guarding = owned.filter(({ guardsUntil_ms }) => guardsUntil_ms !== null);
  return {
    sales: owned.filter((sale) => lacks(mirrored.sales, sale)).map(({ id }) => id),
    guards: guarding
      .filter((sale) => (sale.guardsUntil_ms ?? 0) > now && lacks(mirrored.guards, sale))
      .map(({ id }) => id),
    unguarded: owned
      .filter(({ id, guardsUntil_ms }) => guardsUntil_ms === null && mirrored.guards.has(id))
      .map(({ id }) => id),
    strangers: [...mirrored.sales.keys()].filter((id) => !ids.has(id)),
  };
}

/** The stored index: the sales whose guards are in force. */
export function guardListOf(owned: readonly OwnedSale[], now: number): GuardList {
  const guarding = owned.filter(({ guardsUntil_ms }) => (guardsUntil_ms ?? 0) > now);
  return { v: 1, sales: Object.fromEntries(guarding.map(({ id, revision }) => [id, revision])) };
}
