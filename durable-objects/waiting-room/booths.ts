/**
 * A room's booths on the platform: one TicketBooth object for each booth of a lane.
 *
 * Guarantee: a cohort closes only when every booth has answered, so a booth that hangs delays its
 * own lane's cohort and nothing else; asking a booth again gives the same count. It stores nothing.
 */
import type { CloseOutcome } from "../../src/domain/line/booth.ts";
import { BOOTH_ANSWER_TIMEOUT_MS } from "../../src/domain/limits.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import type { TicketBooth } from "../ticket-booth.ts";
import type { Booths, LaneOfBooths } from "./ports.ts";

type Booth = Pick<TicketBooth, "close">;

export class RoomBooths implements Booths {
  readonly #namespace: GateEnv["TICKET_BOOTH"];

  constructor(namespace: GateEnv["TICKET_BOOTH"]) {
    this.#namespace = namespace;
  }

  /** Null when nobody came (the cohort stays open), or when a booth did not answer. */
  async close(lane: LaneOfBooths, k: number): Promise<number[] | null> {
    const stubs = this.#stubs(lane, 0);
    const asked = await closeAll(stubs, k, false);
    if (asked.every((answer) => answer?.kind === "empty")) return null;
    if (asked.some((answer) => answer === null)) return null;
    const isEmptySomewhere = asked.some((answer) => answer?.kind === "empty");
    const closed = isEmptySomewhere ? await closeAll(stubs, k, true) : asked;
    const counts: number[] = [];
    for (const answer of closed) {
      if (answer?.kind !== "closed") return null;
      counts.push(answer.count);
    }
    return counts;
  }

  /** New booths have closed the earlier cohorts as well, with nobody in them. */
  async open(lane: LaneOfBooths, from: number, k: number): Promise<boolean> {
    if (k === 0) return true;
    const answers = await closeAll(this.#stubs(lane, from), k - 1, true);
    return answers.every((answer) => answer !== null);
  }

  #stubs({ sale, lane, booths }: LaneOfBooths, from: number): Booth[] {
    return Array.from({ length: booths - from }, (_, added) => {
      const name = `${sale}/${lane}/${from + added}`;
      return this.#namespace.get(this.#namespace.idFromName(name));
    });
  }
}

function closeAll(
  booths: readonly Booth[],
  k: number,
  force: boolean,
): Promise<(CloseOutcome | null)[]> {
  const asked = booths.map((booth) => withTimeout(booth.close(k, force), BOOTH_ANSWER_TIMEOUT_MS));
  return Promise.all(asked);
}
