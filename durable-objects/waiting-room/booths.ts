/**
 * A room's side of its booths: counts the open cohort of every lane, and adds booths.
 *
 * Guarantee: a lane whose booths did not all answer is left as it is; everything can be asked
 * again. It decides nothing and stores nothing: what came of it is for the room to keep.
 */
import { BOOTH_ANSWER_TIMEOUT_MS } from "../../src/domain/limits.ts";
import { boothsOf } from "../../src/domain/sale/sale.ts";
import type { CloseOutcome } from "../../src/domain/line/booth.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import type { RoomBook } from "./room-store.ts";
import type { TicketBooth } from "../ticket-booth.ts";

export interface CountedCohort {
  readonly lane: string;
  readonly k: number;
  readonly counts: readonly number[];
}

export class RoomBooths {
  readonly #namespace: GateEnv["TICKET_BOOTH"];

  constructor(namespace: GateEnv["TICKET_BOOTH"]) {
    this.#namespace = namespace;
  }

  /** Booths `from` (included) to `to` (excluded) of a lane. */
  #booths(sale: string, lane: string, from: number, to: number): DurableObjectStub<TicketBooth>[] {
    return Array.from({ length: to - from }, (_, added) => {
      const name = `${sale}/${lane}/${from + added}`;
      return this.#namespace.get(this.#namespace.idFromName(name));
    });
  }

  /** Closes each lane's open cohort, where anybody came and all booths answered. */
  async closeCohorts({ foundation, room }: RoomBook): Promise<CountedCohort[]> {
    const { sale, booths } = foundation;
    const asked = await Promise.all(
      room.lanes.map(async ({ id: lane, closed: k }) => {
        const stubs = this.#booths(sale.id, lane, 0, booths);
        return { lane, k, counts: await closeCohortAtBooths(stubs, k, BOOTH_ANSWER_TIMEOUT_MS) };
      }),
    );
    return asked.flatMap(({ lane, k, counts }) => (counts === null ? [] : [{ lane, k, counts }]));
  }

  /**
   * When a larger crowd is expected than there are booths for: how many there may be from now on.
   * They are brought to every lane's open cohort first, or a place they give would belong to a
   * cohort that is closed already. Null when there are enough, or one did not answer.
   */
  async openMore({ foundation, room }: RoomBook): Promise<number | null> {
    const { sale, booths } = foundation;
    const wanted = boothsOf(sale);
    if (wanted <= booths) return null;
    const ready = await Promise.all(
      room.lanes.map(({ id: lane, closed }) => {
        const stubs = this.#booths(sale.id, lane, booths, wanted);
        return openBoothsAt(stubs, closed, BOOTH_ANSWER_TIMEOUT_MS);
      }),
    );
    return ready.every(Boolean) ? wanted : null;
  }
}

type Booth = Pick<TicketBooth, "close">;

/** Counts by shard; null when nobody came (the cohort stays open) or a booth did not answer. */
async function closeCohortAtBooths(
  booths: readonly Booth[],
  k: number,
  timeout_ms: number,
): Promise<number[] | null> {
  const ask = (force: boolean): Promise<(CloseOutcome | null)[]> =>
    Promise.all(booths.map((booth) => withTimeout(booth.close(k, force), timeout_ms)));
  const asked = await ask(false);
  if (asked.every((answer) => answer?.kind === "empty")) return null;
  if (asked.some((answer) => answer === null)) return null;
  const closed = asked.some((answer) => answer?.kind === "empty") ? await ask(true) : asked;
  const counts: number[] = [];
  for (const answer of closed) {
    if (answer?.kind !== "closed") return null;
    counts.push(answer.count);
  }
  return counts;
}

/**
 * Brings booths that nobody knows yet to the lane's open cohort: theirs are the closed ones too,
 * with nobody in them. False when one did not answer; asking again is safe.
 */
async function openBoothsAt(
  booths: readonly Booth[],
  open: number,
  timeout_ms: number,
): Promise<boolean> {
  if (open === 0) return true;
  const asked = booths.map((booth) => withTimeout(booth.close(open - 1, true), timeout_ms));
  return (await Promise.all(asked)).every((answer) => answer !== null);
}
