/**
 * Reservations as rows of a SkuStock, and rows as reservations.
 */
import { ORDERED_AUDIT_MS } from "../../src/domain/limits.ts";
import type { Reservation, ReservationStanding } from "../../src/domain/stock/stock-ledger.ts";

export type ReservationRecord = {
  sale: string;
  buyer: string;
  id: string;
  state: ReservationStanding["state"];
  quantity: number;
  since_ms: number;
  due_ms: number | null;
};

/** With what came from a hold; null: nothing, or not known. */
export type OrderRecord = ReservationRecord & { units: number | null; deadline_ms: number | null };

export function withFromHold(row: OrderRecord): Reservation {
  const { units, deadline_ms } = row;
  if (units === null || deadline_ms === null) return reservationOf(row);
  return { ...reservationOf(row), fromHold: { quantity: units, deadline_ms } };
}

export function reservationOf(row: ReservationRecord): Reservation {
  const { sale, buyer, id, quantity } = row;
  const key = { sale, buyer, id, quantity };
  switch (row.state) {
    case "held":
      return { ...key, standing: { state: "held", deadline_ms: row.due_ms ?? row.since_ms } };
    case "ordered":
      return { ...key, standing: { state: "ordered", orderedAt_ms: row.since_ms } };
    case "sold":
    case "released":
      return { ...key, standing: { state: row.state } };
  }
}

/** When the standing began, and when it is due to expire or to be audited (null: never). */
export function instantsOf(standing: ReservationStanding): {
  since_ms: number;
  due_ms: number | null;
} {
  switch (standing.state) {
    case "held":
      return { since_ms: standing.deadline_ms, due_ms: standing.deadline_ms };
    case "ordered": {
      const since_ms = standing.orderedAt_ms;
      return { since_ms, due_ms: since_ms + ORDERED_AUDIT_MS };
    }
    case "sold":
    case "released":
      return { since_ms: 0, due_ms: null };
  }
}

/** Of carts, the ids are those of admissions. */
export function orderIdsAfter(
  sql: SqlStorage,
  sale: string,
  after: string,
  limit: number,
): string[] {
  const query = `SELECT id FROM reservations WHERE sale = ? AND id > ? AND id GLOB 'ord_*'
    ORDER BY id LIMIT ?`;
  return sql
    .exec<{ id: string }>(query, sale, after, limit)
    .toArray()
    .map(({ id }) => id);
}
