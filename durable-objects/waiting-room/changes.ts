/**
 * What a merchant changes in a room: the document, and the phase by an action.
 *
 * Guarantee (P12): a secret that is due is revealed first, and after that no change leads out of
 * the end of the sale. Each function decides by the rules and writes the whole change, or refuses
 * and writes nothing of it.
 */
import {
  actOn,
  reviseRoom,
  wasOpen,
  type RoomAction,
} from "../../src/domain/room/merchant-changes.ts";
import type { RoomState } from "../../src/domain/room/room-state.ts";
import {
  consequencesOf,
  unconfirmed,
  type Confirmed,
  type Consequence,
} from "../../src/domain/sale/consequences.ts";
import { revisionRefusals, type RevisionRefused, type Sale } from "../../src/domain/sale/sale.ts";
import type { Phase } from "../../src/domain/sale/schedule.ts";
import type { RoomRules } from "./ports.ts";
import type { RoomStore } from "./room-store.ts";

/** The sale has ended for ever, because the secret of its draw was revealed at this instant. */
type Revelation = { readonly kind: "revealed"; readonly at_ms: number };

export type ConfigureOutcome =
  | { readonly kind: "created" | "revised" | "unchanged"; readonly revision: number }
  | { readonly kind: "refused"; readonly refusals: readonly RevisionRefused[] }
  /** Nothing is saved: these have to be confirmed. */
  | {
      readonly kind: "unconfirmed";
      readonly consequences: readonly Consequence[];
      readonly revision: number;
    }
  /** Nothing is saved: the document was confirmed for another revision than that of now. */
  | { readonly kind: "outdated"; readonly revision: number }
  /** The sale was deleted, or is being deleted; its id is not used again. */
  | { readonly kind: "deleted"; readonly at_ms: number }
  /** The document has other times than the one before. */
  | (Revelation & { readonly refusals: readonly RevisionRefused[] });

export type ActOutcome =
  | { readonly kind: "done"; readonly room: RoomState }
  /** @property reopensUntil_ms until then an end can be undone */
  | { readonly kind: "not_possible"; readonly phase: Phase; readonly reopensUntil_ms: number }
  | Revelation;

/** Reveals the secret when it is due. The revelation is stored before the secret is answered. */
export function revealWhenDue(store: RoomStore, rules: RoomRules, now: number): void {
  if (store.revealed !== null) return;
  if (rules.secretIsDue(store.room, store.foundation.sale, now)) store.reveal(now);
}

/**
 * The same document again changes nothing. What a document does to shoppers is compared with the
 * one of now, here, so that of two merchants at once neither confirms for the other.
 * @param confirmed null: all that it does is wanted
 */
export function revise(
  store: RoomStore,
  sale: Sale,
  confirmed: Confirmed | null,
  rules: RoomRules,
  now: number,
): ConfigureOutcome {
  const { foundation } = store;
  const { revision, sale: before } = foundation;
  if (JSON.stringify(before) === JSON.stringify(sale)) return { kind: "unchanged", revision };
  revealWhenDue(store, rules, now);
  const { room, revealed } = store;
  if (revealed !== null && rules.isFinal(revealed)) {
    const refusals = rules.timesRefused(before, sale, revealed.at_ms);
    if (refusals.length > 0) return { kind: "revealed", at_ms: revealed.at_ms, refusals };
  }
  const refusals = revisionRefusals(before, sale, wasOpen(room, now));
  if (refusals.length > 0) return { kind: "refused", refusals };
  const open = confirmed === null ? [] : unconfirmedOf(store, sale, confirmed, now);
  if (open === "outdated") return { kind: "outdated", revision };
  if (open.length > 0) return { kind: "unconfirmed", consequences: open, revision };
  const revised = { ...foundation, sale, revision: revision + 1 };
  store.revise(revised, reviseRoom(room, before, sale, now), now);
  return { kind: "revised", revision: revised.revision };
}

function unconfirmedOf(
  { room, foundation }: RoomStore,
  sale: Sale,
  confirmed: Confirmed,
  now: number,
): Consequence[] | "outdated" {
  const { sale: before, revision } = foundation;
  if (confirmed.revision !== null && confirmed.revision !== revision) return "outdated";
  const { schedule, stock, lanes, seats } = room;
  const waiting = lanes.reduce((sum, lane) => sum + Math.max(lane.places - lane.called, 0), 0);
  const inside = seats.active;
  const consequences = consequencesOf(before, sale, { schedule, now, waiting, inside, stock });
  return unconfirmed(consequences, confirmed);
}

export function act(
  store: RoomStore,
  action: RoomAction,
  rules: RoomRules,
  now: number,
): ActOutcome {
  revealWhenDue(store, rules, now);
  const { revealed, room, foundation } = store;
  // Ending again is a repetition of what has taken effect.
  if (revealed !== null && action !== "end" && rules.isFinal(revealed)) {
    return { kind: "revealed", at_ms: revealed.at_ms };
  }
  const outcome = actOn(room, action, now);
  if (outcome.kind === "done") {
    store.save(outcome.room, now);
    return outcome;
  }
  const reopensUntil_ms = rules.revealsAt_ms(room, foundation.sale);
  return { kind: "not_possible", phase: outcome.phase, reopensUntil_ms };
}
