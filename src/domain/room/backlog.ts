/**
 * The orders in progress, and how old they are: what the room itself knows of the pipeline.
 *
 * An order may be old for a reason of its own: its shopper is looking for the phone that 3-D Secure
 * needs, or its payment is in doubt. So an order is left out when several later ones have overtaken
 * it, by being confirmed first: the pipeline is not what holds it. Of the others the median age
 * counts, and only when there are several. When everything waits, nothing overtakes, and all count.
 *
 * Guarantee: noting the same admission again changes nothing, so the stored admissions bring the
 * backlog back; only a confirmed order under whose admission another has begun is not seen again.
 */
import type { AdmissionRecord } from "./admission.ts";

/** Fewer orders than this give no age; and so many confirmed later ones overtake an order. */
export const ORDERS_THAT_TELL = 5;

export class Backlog {
  /** By admission: when the order in progress began. */
  readonly #begunAt_ms = new Map<string, number>();
  /** When the confirmed orders began; of those the last, as many as overtake. */
  readonly #confirmed = new Map<string, number>();

  /** @param admission as it is now, after any change */
  note({ id, orderInProgress, orderBegunAt_ms }: AdmissionRecord): void {
    if (orderInProgress !== null) {
      // An order in an older record has no beginning, so no age.
      if (orderBegunAt_ms !== null) this.#begunAt_ms.set(id, orderBegunAt_ms);
      return;
    }
    this.#begunAt_ms.delete(id);
    if (orderBegunAt_ms === null) return;
    this.#confirmed.set(id, orderBegunAt_ms);
    if (this.#confirmed.size <= ORDERS_THAT_TELL) return;
    const first_ms = Math.min(...this.#confirmed.values());
    const first = [...this.#confirmed].find(([, at_ms]) => at_ms === first_ms);
    if (first !== undefined) this.#confirmed.delete(first[0]);
  }

  /** The median age; null when too few count. */
  age_ms(now: number): number | null {
    const overtaken = this.#confirmed.size >= ORDERS_THAT_TELL;
    const since_ms = overtaken ? Math.min(...this.#confirmed.values()) : Number.NEGATIVE_INFINITY;
    const telling = [...this.#begunAt_ms.values()]
      .filter((begunAt_ms) => begunAt_ms >= since_ms)
      .toSorted((a, b) => a - b);
    const middle = telling[Math.floor(telling.length / 2)];
    if (middle === undefined || telling.length < ORDERS_THAT_TELL) return null;
    return Math.max(now - middle, 0);
  }
}
