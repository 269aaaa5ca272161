/**
 * The unpaid reservations of one SKU by group, so that a count reads nothing else.
 *
 * Guarantee: it has each reservation that is held or ordered under a group, as it was put last.
 */
import { z } from "zod";
import type { Reservation, ReservationKey } from "./stock-ledger.ts";

function nameOf({ sale, buyer, id }: ReservationKey): string {
  return JSON.stringify([sale, buyer, id]);
}

/** The groups of a reservation, as they are stored. @throws when it is no list of them */
export function readGroups(json: string): string[] {
  return z.array(z.string()).parse(JSON.parse(json));
}

export class UnpaidIndex {
  readonly #reservations = new Map<string, Reservation>();
  /** Names of reservations, by sale and group. */
  readonly #names = new Map<string, Set<string>>();

  get(key: ReservationKey): Reservation | null {
    return this.#reservations.get(nameOf(key)) ?? null;
  }

  put(reservation: Reservation): void {
    this.remove(reservation);
    const { sale, groups, standing } = reservation;
    const isUnpaid = standing.state === "held" || standing.state === "ordered";
    if (!isUnpaid || groups === undefined) return;
    const name = nameOf(reservation);
    this.#reservations.set(name, reservation);
    for (const group of groups) {
      const names = this.#names.get(`${sale} ${group}`) ?? new Set();
      this.#names.set(`${sale} ${group}`, names.add(name));
    }
  }

  remove(key: ReservationKey): void {
    const name = nameOf(key);
    const { sale, groups = [] } = this.#reservations.get(name) ?? { sale: key.sale };
    this.#reservations.delete(name);
    for (const group of groups) {
      const names = this.#names.get(`${sale} ${group}`);
      names?.delete(name);
      if (names?.size === 0) this.#names.delete(`${sale} ${group}`);
    }
  }

  under(sale: string, group: string): Reservation[] {
    return [...(this.#names.get(`${sale} ${group}`) ?? [])].flatMap((name) => {
      return this.#reservations.get(name) ?? [];
    });
  }
}
