/**
 * The state of one waiting room: in memory, and in its rows.
 *
 * Guarantee: memory and rows change together. Everything is written by one method, rows first, as
 * one transaction (the contract of `RoomRows`); memory follows when they have taken the change. So
 * an instance never knows more than what is stored, and after a crash the next one knows the same.
 * Not for deciding: the rules do (`src/domain/room`), called by `RoomCore`.
 */
import type { BeaconChain } from "../../src/domain/line/beacon.ts";
import {
  commitmentOf,
  type BeaconDraw,
  placesIn,
  seedOf,
  type CohortManifest,
} from "../../src/domain/line/cohort.ts";
import { beaconOf } from "../../src/domain/line/draw.ts";
import { adopted, revealsAt_ms } from "../../src/domain/room/ending.ts";
import { standingAt, ticketOf, type AdmissionRecord } from "../../src/domain/room/admission.ts";
import { Backlog, ORDERS_THAT_TELL } from "../../src/domain/room/backlog.ts";
import { closeCohortInRoom } from "../../src/domain/room/calls.ts";
import { claimRulesOf, type ClaimRules } from "../../src/domain/room/claims.ts";
import {
  factsOf,
  tell,
  tellFounding,
  tellNothingYet,
  type SaleFacts,
  type Telling,
  type Told,
} from "../../src/domain/room/events.ts";
import { OrderSeats } from "../../src/domain/room/order-seats.ts";
import type { RoomState } from "../../src/domain/room/room-state.ts";
import { snapshotOf, type RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { tokensInForce, type TokensInForce } from "../../src/domain/room/token-standing.ts";
import { seatDevicesOf } from "../../src/domain/sale/device-binding.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import { hasEnd } from "../../src/domain/sale/schedule.ts";
import type {
  CountedDraw,
  Foundation,
  KeptSignature,
  Revealed,
  RoomChange,
  RoomRows,
  RoomRules,
} from "./ports.ts";

/** What the merchant sees of the room. */
export type RoomMetrics = ReturnType<RoomStore["metrics"]>;

/** What anybody may know of the secret of the draw. */
export type RoomFairness = ReturnType<RoomStore["fairness"]>;

type OpenCohort = Pick<CohortManifest, "sale" | "lane" | "k" | "base" | "counts">;

interface Drawn {
  /** Null: it follows from the secret alone. */
  readonly seed: string | null;
  readonly draw: BeaconDraw;
}

export class RoomStore {
  readonly #rows: RoomRows;
  #foundation: Foundation;
  #room: RoomState;
  /** The facts of the last event; null while the room is being created. */
  #told: Told | null;
  /** Null: the room was created without one. */
  readonly #chain: BeaconChain | null;
  /** Cohorts whose counts are signed; after their draw too. */
  #counted: readonly CountedDraw[];
  /** Null while the secret is secret. */
  #revealed: Revealed | null;
  /** Seats in use, by ticket: bounded by `maxActive`. */
  readonly #active = new Map<string, AdmissionRecord>();
  /** Of the seats in use; null when they have changed since. */
  #tokens: TokensInForce | null = null;
  /** No admission expires before this; so a claim need not look at every seat. */
  #nextExpiry_ms = 0;
  /** Also of admissions that ended: their orders continue. */
  readonly #backlog = new Backlog();
  readonly orderSeats = new OrderSeats();

  private constructor(
    rows: RoomRows,
    foundation: Foundation,
    room: RoomState,
    told: Told | null,
    chain = rows.draws.beacon(),
  ) {
    this.#rows = rows;
    this.#foundation = foundation;
    this.#room = room;
    this.#told = told;
    this.#chain = chain;
    this.#counted = rows.draws.counted();
    this.#revealed = rows.draws.revealed();
    for (const admission of rows.activeAdmissions()) this.#active.set(admission.ticket, admission);
    for (const admission of rows.backlog(ORDERS_THAT_TELL)) {
      this.#backlog.note(admission);
      this.orderSeats.note(admission);
    }
    this.#room = this.#withOrderSeats(room);
  }

  /** Null when the room was never created. One from before there were events starts them now. */
  static load(rows: RoomRows, now: number): RoomStore | null {
    const foundation = rows.foundation();
    const room = rows.state();
    if (foundation === null || room === null) return null;
    const facts = factsOf(room, foundation.sale, foundation.revision, now);
    const told = rows.told() ?? tellNothingYet(facts, now);
    // The release before writes rooms without the count; no number is given twice all the same.
    const tokensNumbered = Math.max(room.tokensNumbered, rows.lastTokenNumber() + 1);
    const counted = { ...RoomStore.#adopt(rows, room, now), tokensNumbered };
    return new RoomStore(rows, foundation, counted, told);
  }

  /** Once for a room that another release wrote last: what follows from that is stored at once. */
  static #adopt(rows: RoomRows, room: RoomState, now: number): RoomState {
    const revealed = rows.draws.revealed();
    const known = adopted(room, revealed?.at_ms ?? null, now);
    if (known.room === room) return room;
    const { revealedAt_ms } = known;
    if (revealedAt_ms === null || revealed !== null) rows.write({ room: known.room });
    else {
      const at_ms = Math.max(revealedAt_ms, rows.draws.lastClosed_ms());
      rows.write({ room: known.room, revealed: { at_ms, signature: null } });
    }
    return known.room;
  }

  /** @param beacon the chain whose rounds decide first cohorts, for as long as there is the room */
  static create(
    rows: RoomRows,
    foundation: Foundation,
    { room, beacon }: { readonly room: RoomState; readonly beacon: BeaconChain | null },
    now: number,
  ): RoomStore {
    const store = new RoomStore(rows, foundation, room, null, beacon);
    store.write({ foundation, room, beacon }, now);
    return store;
  }

  get foundation(): Foundation {
    return this.#foundation;
  }

  get room(): RoomState {
    return this.#room;
  }

  get revealed(): Revealed | null {
    return this.#revealed;
  }

  /** Null: no cohort waits for a round. */
  get beacon(): BeaconChain | null {
    return beaconOf(this.#foundation.sale.admission, this.#chain);
  }

  /** The counted cohorts that wait for their draw. */
  get undrawn(): readonly CountedDraw[] {
    return this.#counted.filter(({ cohort: { lane, k } }) => {
      return this.#room.lanes.some(({ id, closed }) => id === lane && closed === k);
    });
  }

  get rules(): ClaimRules {
    return claimRulesOf(this.#foundation.sale);
  }

  #facts(now: number, room = this.#room, { sale, revision } = this.#foundation): SaleFacts {
    return factsOf(room, sale, revision, now);
  }

  /** The one place that writes: all of a change and the events it brings, or none of it. */
  write(change: RoomChange, now: number): void {
    const { foundation = this.#foundation, room = this.#room, admission } = change;
    const after = this.#facts(now, room, foundation);
    const telling = change.room === undefined ? null : this.#tellingOf(after, now);
    this.#rows.write({ ...change, telling });
    if (telling !== null) this.#told = telling.told;
    this.#foundation = foundation;
    if (admission !== undefined) this.#remember(admission);
    this.#room = this.#withOrderSeats(room);
  }

  /** These two counts follow from the admissions. */
  #withOrderSeats(room: RoomState): RoomState {
    const { kept, ordering } = this.orderSeats;
    if (room.seats.kept === kept && room.seats.ordering === ordering) return room;
    return { ...room, seats: { ...room.seats, kept, ordering } };
  }

  /** The sale is over: its seats are nobody's any more. */
  forgetDeparted(admission: string): void {
    this.orderSeats.forget(admission);
    this.#room = this.#withOrderSeats(this.#room);
  }

  #tellingOf(after: SaleFacts, now: number): Telling | null {
    const told = this.#told;
    const telling =
      told === null ? tellFounding(after, now) : tell(told, this.#facts(now), after, now);
    return telling.events.length > 0 ? telling : null;
  }

  /** The document changed, and with it the room. */
  revise(foundation: Foundation, room: RoomState, now: number): void {
    this.write({ foundation, room }, now);
  }

  save(room: RoomState, now: number): void {
    if (room !== this.#room) this.write({ room }, now);
  }

  #remember(admission: AdmissionRecord): void {
    this.#backlog.note(admission);
    const known = this.#active.get(admission.ticket);
    const isSame = known !== undefined && known.devices === admission.devices;
    if (!isSame || admission.standing !== "active") this.#tokens = null;
    this.orderSeats.note(admission);
    if (admission.standing === "active") {
      this.#active.set(admission.ticket, admission);
      this.#nextExpiry_ms = Math.min(this.#nextExpiry_ms, admission.expiresAt_ms);
    } else this.#active.delete(admission.ticket);
  }

  snapshot(now: number): RoomSnapshot {
    const { sale, booths, revision, secret } = this.#foundation;
    const commitment = commitmentOf(secret);
    const tokens = this.#tokensInForce(sale);
    const drawn = { beacon: this.beacon ?? undefined, undrawn: this.undrawn };
    const facts = { booths, commitment, revision, tokens, ...drawn, ...this.#revelation };
    return snapshotOf(this.#room, sale, facts, now);
  }

  /** Undefined where no gate goes by it: nothing is guarded, and a token is every device's. */
  #tokensInForce({ guards, replay }: Sale): TokensInForce | undefined {
    if (guards.length === 0 && seatDevicesOf(replay) === null) return undefined;
    this.#tokens ??= tokensInForce(this.#active.values(), this.#room.tokensNumbered);
    return this.#tokens;
  }

  get #revelation() {
    if (this.#revealed !== null) return { revealedAt_ms: this.#revealed.at_ms };
    if (!hasEnd(this.#room.schedule)) return {};
    return { revealsAt_ms: revealsAt_ms(this.#room, this.#foundation.sale) };
  }

  metrics(now: number) {
    const { sale, revision } = this.#foundation;
    const { lanes, seats, ratePerMinute, maxActive } = this.#room;
    const snapshot = this.snapshot(now);
    return {
      kind: "metrics",
      sale,
      revision,
      commitment: snapshot.commitment,
      /** Read by gates of the release before. The secret leaves the room in `fairness` alone. */
      secret: null,
      snapshot,
      seats,
      /** Places in closed cohorts of all lanes, and how many of them were called. */
      tickets: lanes.reduce((sum, lane) => sum + lane.places, 0),
      called: lanes.reduce((sum, lane) => sum + lane.called, 0),
      ratePerMinute,
      maxActive,
    } as const;
  }

  manifest(lane: string, k: number): CohortManifest | null {
    return this.#rows.draws.manifest(this.#foundation.sale.id, lane, k);
  }

  /** The first time counts. Not before the last cohort closed, also when a clock went back. */
  reveal(now: number): void {
    const at_ms = Math.max(now, this.#rows.draws.lastClosed_ms());
    this.#rows.write({ revealed: { at_ms, signature: null } });
    this.#revealed = this.#rows.draws.revealed();
  }

  keepSignature(signed: KeptSignature): void {
    this.#rows.write({ signed });
    if (signed.of === "secret") this.#revealed = this.#rows.draws.revealed();
  }

  /** What may be known of the secret: nothing of it leaves the room that is not stored. */
  fairness() {
    const { sale, secret } = this.#foundation;
    const revealed = this.#revealed;
    return {
      kind: "fairness",
      sale: sale.id,
      commitment: commitmentOf(secret),
      secret: revealed === null ? null : secret,
      revealed,
      keys: revealed === null ? [] : this.#rows.draws.statementKeys(),
    } as const;
  }

  /** The places of the lane's open cohort, as they are stated before and after its draw. */
  openCohort(lane: string, counts: readonly number[]) {
    const state = this.#room.lanes.find((item) => item.id === lane);
    const { closed: k = 0, places: base = 0 } = state ?? {};
    return { sale: this.#foundation.sale.id, lane, k, base, counts };
  }

  /** Counts that are signed and final, before their round is asked for. */
  addCounted(counted: NonNullable<RoomChange["counted"]>, now: number): void {
    const room = { ...this.#room, version: this.#room.version + 1 };
    this.write({ counted, room }, now);
    this.#counted = this.#rows.draws.counted();
  }

  /**
   * A cohort that all booths have counted, with its draw; a second one of the same cohort changes
   * nothing.
   */
  addCohort(cohort: OpenCohort, drawn: Drawn | null, now: number): void {
    const { sale, secret } = this.#foundation;
    const { lane, k, counts } = cohort;
    const state = this.#room.lanes.find((item) => item.id === lane);
    if (state?.closed !== k) return;
    const seed = drawn?.seed ?? seedOf(secret, sale.id, lane, k);
    const closedAt = new Date(now).toISOString();
    const draw = drawn === null ? {} : { draw: drawn.draw };
    const manifest = { ...cohort, seed, closedAt, ...draw };
    const room = closeCohortInRoom(this.#room, { lane, k, places: placesIn(counts) });
    this.write({ manifest, room }, now);
  }

  /** @param beacon the signature of the cohort's round; null: none was to be had in time */
  drawCounted(
    { cohort, signature }: CountedDraw,
    beacon: string | null,
    { drawnSeedOf }: Pick<RoomRules, "drawnSeedOf">,
    now: number,
  ): void {
    const { secret } = this.#foundation;
    const { countedAt, chain, round, ...open } = cohort;
    const seed = beacon === null ? null : drawnSeedOf(secret, cohort, beacon);
    const draw = { countedAt, countsSignature: signature, chain, round, beacon };
    this.addCohort(open, { seed, draw }, now);
  }

  admissionOf(ticket: string): AdmissionRecord | null {
    return this.#active.get(ticket) ?? this.#rows.admission(ticket);
  }

  admission(admissionId: string): AdmissionRecord | null {
    return this.admissionOf(ticketOf(admissionId));
  }

  /** The median age of the orders in progress, ms; null when too few count. */
  backlogAge_ms(now: number): number | null {
    return this.#backlog.age_ms(now);
  }

  /** Admissions whose time is over and that still count as active. */
  expired(now: number): AdmissionRecord[] {
    if (now < this.#nextExpiry_ms) return [];
    const active = [...this.#active.values()];
    // Those that are expired count until their end is written: then the next call looks again.
    this.#nextExpiry_ms = active.reduce(
      (next_ms, { expiresAt_ms }) => Math.min(next_ms, expiresAt_ms),
      Number.POSITIVE_INFINITY,
    );
    return active.filter((admission) => standingAt(admission, now) === "expired");
  }
}
