/**
 * The seats of shoppers whose order is in progress: of those in the shop, and of those who are gone
 * while their order is unpaid.
 *
 * An unpaid order keeps the seat of a shopper who has left or whose time is over. Else one seat
 * could take unit after unit: order with a card that the bank asks about, leave, come again. The
 * room asks the order, and the seat is free once the order has ended or is paid.
 *
 * Guarantee: noting the same admission again changes nothing, so the stored admissions bring all of
 * this back. Not for orders of a sale that is over: nobody waits for their seats.
 */
import { DEPARTED_ASK_MAX_MS, DEPARTED_ASK_MIN_MS } from "../limits.ts";
import type { AdmissionRecord } from "./admission.ts";

/** An order whose shopper is gone. */
export interface DepartedOrder {
  readonly admission: string;
  readonly order: string;
  /** The shopper left, or the shop ended the admission; false: its time was over. */
  readonly hasLeft: boolean;
}

interface Kept extends DepartedOrder {
  readonly askAt_ms: number;
  readonly tries: number;
}

export class OrderSeats {
  /** Admissions in use with an order in progress. */
  readonly #ordering = new Set<string>();
  /** By admission. */
  readonly #kept = new Map<string, Kept>();

  /** Seats in use whose shoppers have an order in progress: its units are theirs already. */
  get ordering(): number {
    return this.#ordering.size;
  }

  /** Seats of shoppers who are gone. */
  get kept(): number {
    return this.#kept.size;
  }

  /** @param admission as it is now, after any change */
  note({ id, standing, orderInProgress: order, isOrderPaid }: AdmissionRecord): void {
    this.#ordering.delete(id);
    if (order === null || (standing !== "active" && isOrderPaid === true)) {
      this.#kept.delete(id);
    } else if (standing === "active") this.#ordering.add(id);
    else if (this.#kept.get(id)?.order !== order) {
      const hasLeft = standing === "left";
      this.#kept.set(id, { admission: id, order, hasLeft, askAt_ms: 0, tries: 0 });
    }
  }

  /** Orders to ask now, at most `limit`; each is asked again later unless it is settled. */
  due(now: number, limit: number): DepartedOrder[] {
    const due = [...this.#kept.values()].filter(({ askAt_ms }) => askAt_ms <= now).slice(0, limit);
    for (const kept of due) {
      const wait_ms = Math.min(DEPARTED_ASK_MIN_MS * 2 ** kept.tries, DEPARTED_ASK_MAX_MS);
      const tries = Math.min(kept.tries + 1, 16);
      this.#kept.set(kept.admission, { ...kept, tries, askAt_ms: now + wait_ms });
    }
    return due;
  }

  /** The earliest instant at which an order is to be asked; null without one. */
  dueAt_ms(): number | null {
    const instants_ms = [...this.#kept.values()].map(({ askAt_ms }) => askAt_ms);
    return instants_ms.length === 0 ? null : Math.min(...instants_ms);
  }

  /** After the sale's end: the order knows that its shopper is gone, and ends by itself. */
  forget(admission: string): void {
    this.#kept.delete(admission);
  }
}
