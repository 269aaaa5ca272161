/**
 * Deleting a sale that has ended for ever: begun, so that nobody changes the sale any more, and
 * done, when everything else of it is gone.
 *
 * Guarantee: the rows of the room go together, in one transaction, and leave the commitment of the
 * draw and the time. So there is no state in which the room forgot that its secret was revealed and
 * could be opened with it again; the id is not used again either, because tickets, admissions and
 * cached manifests of the deleted sale name it.
 */
import { commitmentOf } from "../../src/domain/line/cohort.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { phaseAt, type Phase } from "../../src/domain/sale/schedule.ts";
import { revealWhenDue } from "./changes.ts";
import type { RoomRows, RoomRules } from "./ports.ts";
import type { RoomStore } from "./room-store.ts";

export type BeginDeletionOutcome =
  /** @property revealsAt_ms when the end becomes final */
  | { readonly kind: "not_ended"; readonly phase: Phase; readonly revealsAt_ms: number }
  /** Orders that have not ended, or events that no queue has taken. */
  | { readonly kind: "under_way"; readonly orders: number }
  /** It may be begun again, where it was interrupted. */
  | { readonly kind: "deleting"; readonly sale: Sale; readonly booths: number };

export function beginDeletion(
  store: RoomStore,
  rows: RoomRows,
  rules: RoomRules,
  now: number,
): BeginDeletionOutcome {
  revealWhenDue(store, rules, now);
  const { sale, booths, secret } = store.foundation;
  const begun = { kind: "deleting", sale, booths } as const;
  if (rows.deletion() !== null) return begun;
  const { room, revealed } = store;
  if (revealed === null || !rules.isFinal(revealed)) {
    const revealsAt_ms = rules.revealsAt_ms(room, sale);
    return { kind: "not_ended", phase: phaseAt(room.schedule, now), revealsAt_ms };
  }
  const orders = rows.backlog(0).length;
  if (orders > 0 || rows.unsentEvents(1).length > 0) return { kind: "under_way", orders };
  const deletion = { at_ms: now, commitment: commitmentOf(secret), isDone: false };
  rows.write({ deletion });
  return begun;
}
