/**
 * TicketBooth: one shard of a lane. It assigns places to the shoppers who join there.
 *
 * Guarantee: places are counted in memory and never repeated, because the high-water mark is
 * durable before a place beyond it is assigned (`src/domain/line/booth.ts`). The count of a closed
 * cohort never changes. A crash skips places; an eviction when idle does not.
 *
 * Where the sale limits the places of a network, it counts them (`network-counts.ts`), and stores
 * the counts with the mark and when it has settled: an eviction loses none, a crash those of the
 * last two seconds.
 *
 * Weak: a repeated join finds its place in memory only, among the last `JOINS_REMEMBERED_MAX`,
 * because a row for each join would cost more than the join. After an eviction in between it gets
 * another place, and the first one lapses.
 */
import {
  closeCohort,
  NEW_BOOTH,
  recoverBooth,
  settleMark,
  takePlaces,
  type BoothDecision,
  type BoothState,
  type CloseOutcome,
  type PlaceInBooth,
} from "../src/domain/line/booth.ts";
import {
  NetworkCounts,
  withinNetworkLimit,
  type CountChunk,
  type NetworkJoin,
  type NetworkRule,
} from "../src/domain/line/network-counts.ts";
import { BoundedMap } from "../src/domain/bounded-map.ts";
import {
  keptOf,
  planSeating,
  seatAll,
  type AnsweredPlace,
  type KeptPlace,
} from "../src/domain/line/join-key.ts";
import { BOOTH_SETTLE_MS, JOINS_REMEMBERED_MAX } from "../src/domain/limits.ts";
import { KeptObject } from "./backup/kept-object.ts";
import { SingleAlarm } from "./single-alarm.ts";
import { upsert } from "./upsert.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS mark (
    only INTEGER PRIMARY KEY CHECK (only = 1), cohort INTEGER NOT NULL, high_water INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS counts (cohort INTEGER PRIMARY KEY, count INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS network_salt (
    only INTEGER PRIMARY KEY CHECK (only = 1), salt BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS network_counts (
    chunk INTEGER PRIMARY KEY, period INTEGER NOT NULL, cells BLOB NOT NULL
  );
`;

const PUT_MARK = upsert("mark", "only", "cohort, high_water");
const PUT_NETWORKS = upsert("network_counts", "chunk", "period, cells");

export class TicketBooth extends KeptObject {
  readonly #sql: SqlStorage;
  readonly #alarm: SingleAlarm;
  readonly #remembered = new BoundedMap<KeptPlace>(JOINS_REMEMBERED_MAX);
  #state: BoothState = NEW_BOOTH;
  /** Null until the first join of a sale that limits the places of a network. */
  #networks: NetworkCounts | null = null;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#alarm = new SingleAlarm(ctx.storage);
    this.#sql.exec(SCHEMA);
    this.#recover();
  }

  protected override reload(): void {
    this.#recover();
    this.#networks = null;
  }

  /** So that the restored booth skips no places, each of which would be called and lapse. */
  protected override settle(): void {
    this.#save(settleMark(this.#state));
    this.#saveNetworks();
  }

  #recover(): void {
    const mark = this.#sql
      .exec<{ cohort: number; high_water: number }>("SELECT cohort, high_water FROM mark")
      .toArray()[0];
    if (mark !== undefined) {
      this.#state = recoverBooth({ cohort: mark.cohort, highWater: mark.high_water });
    }
  }

  /**
   * Takes `places` consecutive places of one cohort and returns the first.
   * @param drawClosesAt_ms start of a lottery: a join at or after it is not in the draw
   * @param places 1 … `PLACES_PER_JOIN_MAX`
   */
  async join(drawClosesAt_ms: number | null, places = 1): Promise<PlaceInBooth> {
    const now = Date.now();
    const decision = takePlaces(this.#state, now, drawClosesAt_ms, places);
    const place = this.#save(decision);
    if (decision.save.mark) await this.#alarm.arm([now + BOOTH_SETTLE_MS], now);
    return place;
  }

  /**
   * Takes a place for each subject; a subject that repeats its join gets the same place.
   * @param subjects 1 … `PLACES_PER_JOIN_MAX`
   */
  async joinAgain(
    drawClosesAt_ms: number | null,
    subjects: readonly string[],
  ): Promise<AnsweredPlace[]> {
    const now = Date.now();
    const plan = planSeating(subjects, (subject) => this.#remembered.get(subject));
    const taken =
      plan.fresh === 0 ? null : takePlaces(this.#state, now, drawClosesAt_ms, plan.fresh);
    const places = seatAll(plan, taken === null ? null : this.#save(taken), now);
    // Before the first await, because the same subject may join again meanwhile.
    for (const [nth, subject] of subjects.entries()) {
      const place = places[nth];
      if (place !== undefined && !place.again) this.#remembered.set(subject, keptOf(place));
    }
    if (taken?.save.mark === true) await this.#alarm.arm([now + BOOTH_SETTLE_MS], now);
    return places;
  }

  /**
   * As `joinAgain`, where the sale limits the places of a network.
   * @param joins 1 … `PLACES_PER_JOIN_MAX`
   */
  async joinFrom(
    drawClosesAt_ms: number | null,
    rule: NetworkRule,
    joins: readonly NetworkJoin[],
  ): Promise<(AnsweredPlace | "network_full")[]> {
    const now = Date.now();
    this.#networks ??= this.#loadNetworks();
    const networks = this.#networks;
    const granted = withinNetworkLimit(
      joins,
      (subject) => this.#remembered.get(subject) !== undefined,
      (join) => networks.take(join, rule, now),
    );
    const places = granted.length === 0 ? [] : await this.joinAgain(drawClosesAt_ms, granted);
    const placeOf = new Map(granted.map((subject, nth) => [subject, places[nth]]));
    return joins.map(({ subject }) => placeOf.get(subject) ?? "network_full");
  }

  #loadNetworks(): NetworkCounts {
    const fresh = crypto.getRandomValues(new Uint8Array(16));
    this.#sql.exec("INSERT OR IGNORE INTO network_salt (only, salt) VALUES (1, ?)", fresh);
    const { salt } = this.#sql.exec<{ salt: ArrayBuffer }>("SELECT salt FROM network_salt").one();
    const stored = this.#sql
      .exec<{ chunk: number; period: number; cells: ArrayBuffer }>(
        "SELECT chunk, period, cells FROM network_counts",
      )
      .toArray()
      .map(({ cells, ...row }): CountChunk => ({ ...row, cells: new Uint8Array(cells) }));
    return new NetworkCounts(new Uint8Array(salt), stored);
  }

  #saveNetworks(): void {
    for (const { chunk, period, cells } of this.#networks?.changed() ?? []) {
      this.#sql.exec(PUT_NETWORKS, chunk, period, cells);
    }
  }

  /** Makes the mark exact before the booth may be evicted for being idle. */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    this.settle();
  }

  async close(k: number, force: boolean): Promise<CloseOutcome> {
    const counted = this.#sql
      .exec<{ count: number }>("SELECT count FROM counts WHERE cohort = ?", k)
      .toArray()[0];
    return this.#save(closeCohort(this.#state, k, force, counted?.count ?? null));
  }

  /** The sale was deleted. */
  async clear(): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      for (const table of ["mark", "counts"]) this.#sql.exec(`DELETE FROM ${table}`);
    });
    this.#state = NEW_BOOTH;
    await this.#alarm.disarm();
  }

  #save<Outcome>({ state, outcome, save }: BoothDecision<Outcome>): Outcome {
    if (save.mark) {
      this.ctx.storage.transactionSync(() => {
        for (const { cohort, count } of save.closed) {
          this.#sql.exec(
            "INSERT OR IGNORE INTO counts (cohort, count) VALUES (?, ?)",
            cohort,
            count,
          );
        }
        this.#sql.exec(PUT_MARK, 1, state.cohort, state.highWater);
        this.#saveNetworks();
      });
    }
    this.#state = state;
    return outcome;
  }
}
