/**
 * A room before and after the start of a lottery, with the product's booths, while its beacon
 * answers late, not at all or with another round's signature, signing takes time, and the room
 * crashes around every write. After each step the laws of the draw are checked (P7, P8).
 */
import * as fc from "fast-check";
import type { RoomCore } from "../../../durable-objects/waiting-room/room-core.ts";
import type { RoomRules } from "../../../durable-objects/waiting-room/ports.ts";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import { chainHashOf, QUICKNET, roundTime_ms } from "../../../src/domain/line/beacon.ts";
import { closeCohort, NEW_BOOTH, takePlaces } from "../../../src/domain/line/booth.ts";
import { placesIn, seedOf } from "../../../src/domain/line/cohort.ts";
import { drawnSeedOf, type CountedCohort } from "../../../src/domain/line/draw.ts";
import { BEACON_LEAD_MS, BEACON_WAIT_MS, TICK_MS } from "../../../src/domain/limits.ts";
import { saleOf, STARTS_MS } from "./sale-document.ts";

const SECRET = "5a".repeat(32);
const LANES = ["general", "vip"];
/** After the wait: the booths and the signature may each cost a tick, and so may a crash. */
const DRAWN_WITHIN_MS = BEACON_LEAD_MS + 3000 + BEACON_WAIT_MS + 8 * TICK_MS;

/** What the relays answer from now on. */
const BEACONS = ["prompt", "late", "lost", "garbled"] as const;

export type Step =
  | { readonly kind: "join"; readonly lane: string; readonly places: number }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "beacon"; readonly is: (typeof BEACONS)[number] }
  /** The next signature takes that long. */
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "ring" }
  | { readonly kind: "crash" }
  | { readonly kind: "fail"; readonly when: "before" | "after" };

const of = <Value>(...values: Value[]) => fc.constantFrom(...values);
export const stories: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ kind: of("join" as const), lane: of(...LANES), places: of(1, 2, 3) }),
    fc.record({ kind: of("wait" as const), ms: of(1, 500, 1000, 3000, 31_000) }),
    fc.record({ kind: of("beacon" as const), is: of(...BEACONS) }),
    fc.record({ kind: of("slow" as const), ms: of(1000, 5000) }),
    { weight: 5, arbitrary: fc.record({ kind: of("ring" as const) }) },
    fc.record({ kind: of("crash" as const) }),
    fc.record({ kind: of("fail" as const), when: of("before" as const, "after" as const) }),
  ),
  { maxLength: 30, size: "large" },
);

class Crash extends Error {}

/** A virtual round's signature; the pairing is tested elsewhere. */
const roundOf = (round: number): string => round.toString(16).padStart(96, "0");

export class DrawWorld {
  readonly memory = new RoomMemory();
  readonly seen = { drawn: 0, without: 0, refused: 0 };
  readonly #rules: Partial<RoomRules>;
  readonly #booths = new Map<string, Booth>();
  #core: RoomCore;
  #life = { isOver: false };
  #now = STARTS_MS - 1500;
  #beacon: (typeof BEACONS)[number] = "prompt";
  #slow_ms = 0;
  #fails: "before" | "after" | null = null;
  /** The counts as anybody could first read them, by lane. */
  readonly #published = new Map<string, string>();

  /** @param rules with a planted bug */
  constructor(rules: Partial<RoomRules> = {}) {
    this.#rules = rules;
    this.#core = this.#begin();
  }

  #begin(): RoomCore {
    const life = { isOver: false };
    this.#life = life;
    const rows = this.memory.rows((apply) => {
      if (life.isOver) throw new Crash();
      const fails = this.#fails;
      this.#fails = null;
      if (fails !== "before") apply();
      life.isOver = fails !== null;
      if (life.isOver) throw new Crash();
    });
    return roomOn(rows, () => this.#now, {
      rules: { isSignedRound: (_, round, text) => text === roundOf(round), ...this.#rules },
      booth: (_, lane, shard) => this.#booth(lane, shard),
      beacon: {
        chain: QUICKNET,
        read: async (_, round, taken) => this.#read(round, taken),
        sign: async (cohort) => this.#sign(cohort),
      },
    });
  }

  #booth(lane: string, shard: number): Booth {
    const name = `${lane}/${shard}`;
    const booth = this.#booths.get(name) ?? new Booth();
    this.#booths.set(name, booth);
    return booth;
  }

  #sign(cohort: CountedCohort) {
    this.#now += this.#slow_ms;
    this.#slow_ms = 0;
    const key = { kty: "OKP", crv: "Ed25519", kid: "k1", x: "x", alg: "EdDSA", use: "sig" };
    return { signature: JSON.stringify(cohort), key };
  }

  /** What the room asks for must be stored with its signature, and made. */
  #read(round: number, taken: (signature: string) => boolean): string | null {
    const isStored = this.memory.counted.some(({ cohort }) => cohort.round === round);
    if (!isStored) throw new Error(`round ${round} was asked for before the counts were stored`);
    const made_ms = roundTime_ms(QUICKNET, round);
    if (this.#now < made_ms) throw new Error(`round ${round} was asked for before its time`);
    const delay_ms = { prompt: 0, late: 10_000, lost: Infinity, garbled: Infinity }[this.#beacon];
    const answers = this.#now < made_ms + delay_ms ? [] : [roundOf(round)];
    if (this.#beacon === "garbled") answers.push(roundOf(round - 1), "");
    const found = answers.find((text) => taken(text)) ?? null;
    if (found === null) this.seen.refused += 1;
    return found;
  }

  async live(story: readonly Step[]): Promise<void> {
    await this.#core.configure(
      saleOf(
        { method: "lottery" },
        { lanes: [{ id: "vip", weight: 1 }], expectedShoppers: 20_000 },
      ),
    );
    for (const step of story) await this.#surely(step);
    // From here on nothing fails but the beacon, and everything is drawn in time.
    [this.#fails, this.#slow_ms] = [null, 0];
    this.#now = Math.max(this.#now, STARTS_MS);
    const until_ms = this.#now + DRAWN_WITHIN_MS;
    while (this.#now < until_ms) {
      await this.#surely({ kind: "ring" });
      this.#now += TICK_MS;
    }
    const undrawn = this.#lanesThatWait()[0];
    if (undrawn !== undefined) throw new Error(`${undrawn} was never drawn`);
  }

  async #surely(step: Step): Promise<void> {
    try {
      await this.#do(step);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    if (this.#life.isOver) this.#core = this.#begin();
    this.#check();
    this.#checkDoor();
    if (this.#life.isOver) this.#core = this.#begin();
  }

  async #do(step: Step): Promise<void> {
    switch (step.kind) {
      case "join":
        this.#booth(step.lane, step.places % 2).join(this.#now, step.places);
        return;
      case "wait":
        this.#now += step.ms;
        return;
      case "beacon":
        this.#beacon = step.is;
        return;
      case "slow":
        this.#slow_ms = step.ms;
        return;
      case "ring":
        await this.#core.tick();
        return;
      case "crash":
        this.#life.isOver = true;
        return;
      case "fail":
        this.#fails = step.when;
    }
  }

  #check(): void {
    for (const [lane, { counted }] of Object.entries(this.#core.snapshot()?.lanes ?? {})) {
      if (counted === undefined) continue;
      const text = JSON.stringify(counted);
      const first = this.#published.get(lane);
      if (first === undefined) this.#checkPublished(lane, text, counted);
      else if (first !== text) throw new Error(`the counts of ${lane} were published twice`);
    }
    for (const manifest of this.memory.manifests) this.#checkManifest(manifest);
  }

  #checkPublished(lane: string, text: string, { countedAt, round }: CountedCohort): void {
    this.#published.set(lane, text);
    const made_ms = roundTime_ms(QUICKNET, round);
    if (made_ms < Date.parse(countedAt) + BEACON_LEAD_MS) throw new Error("its round is no later");
    this.#madeLater(made_ms);
  }

  /** Published in a step that began before the round; a story's step may pass it by. */
  #madeLater(made_ms: number): void {
    if (this.#now >= made_ms) throw new Error("counts were stored after their round was made");
  }

  #checkManifest({ lane, k, counts, seed, draw, closedAt = "" }: RoomMemory["manifests"][number]) {
    if (k > 0 || placesIn(counts) < 2) {
      if (draw !== undefined) throw new Error(`cohort ${k} waited for a round`);
      return;
    }
    const counted = this.memory.counted.find(({ cohort }) => cohort.lane === lane)?.cohort;
    if (draw === undefined || counted === undefined) throw new Error("drawn without the beacon");
    const { round, beacon, chain } = draw;
    if (chain !== chainHashOf(QUICKNET) || round !== counted.round) throw new Error("other round");
    if (String(counted.counts) !== String(counts)) throw new Error("other counts than were signed");
    const plain = seedOf(SECRET, counted.sale, lane, k);
    if (beacon === null) {
      this.seen.without += 1;
      const waited_ms = Date.parse(closedAt) - roundTime_ms(QUICKNET, round);
      if (waited_ms < BEACON_WAIT_MS) throw new Error("it did not wait for its round");
      if (seed !== plain) throw new Error("another seed than the secret's");
      return;
    }
    this.seen.drawn += 1;
    if (beacon !== roundOf(round)) throw new Error("drawn with what is not the round");
    const due = drawnSeedOf(SECRET, counted, beacon);
    if (seed !== due || seed === plain) throw new Error("the round does not decide");
  }

  /** Nobody passes by those who came before the start, drawn or not. */
  #checkDoor(): void {
    if (this.#lanesThatWait().length === 0 || this.memory.room.tickedAt_ms < STARTS_MS) return;
    if (!this.#core.snapshot()?.queueing) throw new Error("newcomers pass by the first cohort");
  }

  /** Whose first cohort has places and no draw. */
  #lanesThatWait(): string[] {
    const open = this.memory.room.lanes.filter(({ closed }) => closed === 0).map(({ id }) => id);
    return open.filter((lane) => {
      const booths = [...this.#booths].filter(([name]) => name.startsWith(`${lane}/`));
      return booths.some(([, { cameFirst }]) => cameFirst > 0);
    });
  }
}

class Booth {
  #state = NEW_BOOTH;
  readonly #counts = new Map<number, number>();
  cameFirst = 0;

  join(now: number, places: number): void {
    const { state, outcome, save } = takePlaces(this.#state, now, STARTS_MS, places);
    for (const { cohort, count } of save.closed) this.#counts.set(cohort, count);
    if (outcome.cohort === 0) this.cameFirst += places;
    this.#state = state;
  }

  async close(k: number, force: boolean) {
    const { state, outcome, save } = closeCohort(
      this.#state,
      k,
      force,
      this.#counts.get(k) ?? null,
    );
    for (const { cohort, count } of save.closed) this.#counts.set(cohort, count);
    this.#state = state;
    return outcome;
  }
}
