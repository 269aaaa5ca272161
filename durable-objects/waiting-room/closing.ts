/**
 * How a room closes cohorts: it asks the booths, and draws what they have counted, at once or with
 * a round of the beacon (`domain/line/draw.ts`).
 *
 * Guarantee: the counts are signed and stored before the round is asked for, and published with
 * them. A crash before they are stored lets the booths be asked again, and the cohort waits for a
 * later round; a crash after it lets the same round be asked for. A beacon that does not answer
 * delays the first cohort by `BEACON_WAIT_MS` at most, and no other lane. Nobody is let in past
 * shoppers whose draw is pending: for the room they are arrivals.
 */
import { roundTime_ms } from "../../src/domain/line/beacon.ts";
import { placesIn } from "../../src/domain/line/cohort.ts";
import { cohortsClose } from "../../src/domain/room/calls.ts";
import { boothsOf, closeCohortAt } from "./booths.ts";
import type { CountedDraw, RoomPorts } from "./ports.ts";
import type { RoomStore } from "./room-store.ts";

/** Cohorts that every booth has counted; true when anybody had come. */
export async function closeCohorts(store: RoomStore, ports: RoomPorts): Promise<boolean> {
  const { sale } = store.foundation;
  if (!cohortsClose(store.room, sale.admission.method, ports.now())) return false;
  const lanes = store.room.lanes.map(({ id }) => id);
  const came = await Promise.all(lanes.map((lane) => closeLane(store, ports, lane)));
  return came.includes(true);
}

async function closeLane(store: RoomStore, ports: RoomPorts, lane: string): Promise<boolean> {
  const { rules, now } = ports;
  const pending = store.undrawn.find(({ cohort }) => cohort.lane === lane);
  if (pending !== undefined) return drawWhenDue(store, ports, pending);
  const { sale, booths } = store.foundation;
  const { k } = store.openCohort(lane, []);
  const counts = await closeCohortAt(boothsOf(ports, sale, { lane, from: 0, to: booths }), k);
  // While the booths answered the sale may have ended, and its secret been revealed.
  if (counts === null || isOver(store, ports)) return false;
  const cohort = store.openCohort(lane, counts);
  if (cohort.k !== k) return true;
  if (store.beacon !== null && rules.needsRound(k, counts)) {
    const counted = rules.countCohort(store.beacon, cohort, now());
    const { signature, key } = await ports.beacon.sign(counted);
    if (isOver(store, ports)) return false;
    // Signing took too long: what is published must be so before the round. The next tick counts.
    if (!rules.isBeforeRound(store.beacon, counted, now())) return true;
    store.addCounted({ cohort: counted, signature, key }, now());
    return true;
  }
  store.addCohort(cohort, null, now());
  return placesIn(counts) > 0;
}

async function drawWhenDue(
  store: RoomStore,
  ports: RoomPorts,
  counted: CountedDraw,
): Promise<boolean> {
  const { rules, now, log } = ports;
  const chain = store.beacon;
  const { cohort } = counted;
  const { lane, round } = cohort;
  if (chain === null || rules.isBeforeRound(chain, cohort, now())) return true;
  const beacon = await ports.beacon.read(chain, round, (signature) => {
    return rules.isSignedRound(chain, round, signature);
  });
  if (isOver(store, ports)) return false;
  if (beacon === null && !rules.waitIsOver(chain, cohort, now())) return true;
  if (beacon === null) log.error("waiting-room", "drawn_without_beacon", { lane, round });
  store.drawCounted(counted, beacon, rules, now());
  return true;
}

/** The secret was revealed: it decides no cohort. */
function isOver({ revealed }: RoomStore, { rules }: RoomPorts): boolean {
  return rules.isFinal(revealed);
}

/** When the next round that a cohort waits for is made; null: none, or it is asked for already. */
export function nextDrawAt({ undrawn, beacon }: RoomStore, now: number): number | null {
  if (beacon === null) return null;
  const rounds_ms = undrawn.map(({ cohort }) => roundTime_ms(beacon, cohort.round));
  const later_ms = rounds_ms.filter((at_ms) => at_ms > now);
  return later_ms.length === 0 ? null : Math.min(...later_ms);
}
