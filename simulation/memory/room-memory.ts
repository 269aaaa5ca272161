/**
 * A room's rows in maps, as `RoomTables` keeps them in SQLite, and the product's room on them.
 *
 * Guarantee: a change is applied whole, and what is kept here outlives every instance of the room.
 * An instance that begins reads the state as it would be stored: from JSON, by the schema.
 */
import {
  ROOM_RULES,
  type CountedDraw,
  type DrawRows,
  type Deletion,
  type Foundation,
  type KeptSignature,
  type Revealed,
  type RoomChange,
  type RoomPorts,
  type RoomRows,
  type RoomRules,
} from "../../durable-objects/waiting-room/ports.ts";
import { RoomCore } from "../../durable-objects/waiting-room/room-core.ts";
import type { BeaconChain } from "../../src/domain/line/beacon.ts";
import { drawOf, rankIn, type CohortManifest } from "../../src/domain/line/cohort.ts";
import type { CohortDraw } from "../../src/domain/line/shuffle.ts";
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import type { SaleEvent, Told } from "../../src/domain/room/events.ts";
import { openRoom, readStoredRoom, type RoomState } from "../../src/domain/room/room-state.ts";
import { boothsOf, type Sale } from "../../src/domain/sale/sale.ts";

/** The secret of every draw, unless a simulation gives its own. */
const SECRET = "5a".repeat(32);

export class RoomMemory {
  /** By ticket. */
  readonly admissions = new Map<string, AdmissionRecord>();
  /** All that were ever written, in order. */
  readonly events: SaleEvent[] = [];
  rowsWritten = 0;
  #foundation: Foundation | null = null;
  #room: RoomState | null = null;
  #told: Told | null = null;
  #revealed: Revealed | null = null;
  #beacon: BeaconChain | null = null;
  readonly #counted = new Map<string, CountedDraw>();
  #deletion: Deletion | null = null;
  readonly #manifests = new Map<string, CohortManifest>();
  readonly #statementKeys = new Map<string, KeptSignature["key"]>();
  #sent = 0;

  /** The rows of a room that was created at `now`. */
  static created(sale: Sale, now: number, given: Partial<Foundation> = {}): RoomMemory {
    const memory = new RoomMemory();
    const foundation = { sale, revision: 1, booths: boothsOf(sale), secret: SECRET, ...given };
    memory.apply({ foundation, room: openRoom(sale, now) });
    return memory;
  }

  get foundation(): Foundation {
    return there(this.#foundation);
  }

  get room(): RoomState {
    return there(this.#room);
  }

  get told(): Told {
    return there(this.#told);
  }

  get revealed(): Revealed | null {
    return this.#revealed;
  }

  get counted(): readonly CountedDraw[] {
    return [...this.#counted.values()];
  }

  get manifests(): readonly CohortManifest[] {
    return [...this.#manifests.values()];
  }

  apply(change: RoomChange): void {
    const { foundation, room, admission, manifest, revealed, signed, telling = null } = change;
    const { beacon = null, counted } = change;
    const written = Object.values(change).filter((part) => part !== null);
    this.rowsWritten += written.length + (telling?.events.length ?? 0);
    // The place of a new admission is a row of its own.
    if (admission?.place !== undefined && !this.admissions.has(admission.ticket)) {
      this.rowsWritten += 1;
    }
    if (foundation !== undefined) this.#foundation = foundation;
    this.#beacon ??= beacon;
    if (counted !== undefined) this.#addCounted(counted);
    if (manifest !== undefined) this.#addManifest(manifest);
    if (admission !== undefined) this.admissions.set(admission.ticket, admission);
    if (room !== undefined) this.#room = room;
    if (revealed !== undefined) this.#revealed ??= revealed;
    if (signed !== undefined) this.#keepSignature(signed);
    if (change.deletion !== undefined) this.#putDeletion(change.deletion);
    if (telling === null) return;
    this.#told = telling.told;
    this.events.push(...telling.events);
  }

  #addCounted({ cohort, signature, key }: NonNullable<RoomChange["counted"]>): void {
    this.#statementKeys.set(key.kid, key);
    const name = `${cohort.lane}/${cohort.k}`;
    if (!this.#counted.has(name)) this.#counted.set(name, { cohort, signature });
  }

  #putDeletion(deletion: Deletion): void {
    this.#deletion = deletion;
    if (!deletion.isDone) return;
    this.admissions.clear();
    this.#manifests.clear();
    this.#statementKeys.clear();
    this.#counted.clear();
    this.#beacon = null;
    this.#foundation = null;
    this.#room = null;
    this.#told = null;
    this.#revealed = null;
    this.#sent = this.events.length;
  }

  #addManifest(manifest: CohortManifest): void {
    const name = `${manifest.lane}/${manifest.k}`;
    if (this.#manifests.has(name)) return;
    this.#manifests.set(name, manifest);
    // Its closing time.
    this.rowsWritten += 1;
  }

  #keepSignature({ of, signature, key }: KeptSignature): void {
    this.#statementKeys.set(key.kid, key);
    if (of === "secret") {
      const revealed = this.#revealed;
      if (revealed?.signature === null) this.#revealed = { ...revealed, signature };
      return;
    }
    const name = `${of.lane}/${of.k}`;
    const manifest = this.#manifests.get(name);
    if (manifest === undefined || manifest.signature !== undefined) return;
    this.#manifests.set(name, { ...manifest, signature });
  }

  /** @param write makes a change durable, unless the room crashes before */
  rows(write: (apply: () => void) => void = (apply) => apply()): RoomRows {
    return {
      foundation: () => this.#foundation,
      state: () => {
        return this.#room === null ? null : readStoredRoom(JSON.parse(JSON.stringify(this.#room)));
      },
      told: () => this.#told,
      draws: this.#draws,
      deletion: () => this.#deletion,
      admission: (ticket) => this.admissions.get(ticket) ?? null,
      activeAdmissions: () =>
        [...this.admissions.values()].filter(({ standing }) => standing === "active"),
      backlog: (confirmed) => this.#backlog(confirmed),
      lastTokenNumber: () => {
        const tokens = [...this.admissions.values()].flatMap(
          ({ devices }) => devices?.tokens ?? [],
        );
        return tokens.reduce((last, { number }) => Math.max(last, number), -1);
      },
      unsentEvents: (limit) => this.events.slice(this.#sent, this.#sent + limit),
      forgetEvents: (upTo) => write(() => (this.#sent = upTo)),
      write: (change) => write(() => this.apply(change)),
    };
  }

  readonly #draws: DrawRows = {
    manifest: (_sale, lane, k) => this.#manifests.get(`${lane}/${k}`) ?? null,
    beacon: () => this.#beacon,
    counted: () => this.counted,
    lastClosed_ms: () => {
      const closings = this.manifests.map(({ closedAt }) => Date.parse(closedAt ?? "1970-01-01"));
      return Math.max(0, ...closings);
    },
    revealed: () => this.#revealed,
    statementKeys: () => [...this.#statementKeys.values()],
  };

  #backlog(confirmed: number): AdmissionRecord[] {
    const all = [...this.admissions.values()];
    const inProgress = all.filter(({ orderInProgress }) => orderInProgress !== null);
    const done = all
      .filter((item) => item.orderInProgress === null && item.orderBegunAt_ms !== null)
      .toSorted((a, b) => (b.orderBegunAt_ms ?? 0) - (a.orderBegunAt_ms ?? 0));
    return [...inProgress, ...done.slice(0, confirmed)];
  }
}

function there<Value>(value: Value | null): Value {
  if (value === null) throw new Error("the room was never created");
  return value;
}

/** `rankOf` at less cost: a simulation claims places of one cohort by the thousand. */
export function rankKeepingDraws(): RoomRules["rankOf"] {
  const draws = new WeakMap<CohortManifest, CohortDraw>();
  return (place, manifest) => {
    const draw = draws.get(manifest) ?? drawOf(manifest);
    draws.set(manifest, draw);
    return rankIn(place, manifest, () => draw);
  };
}

/** The ports of a room unless a simulation gives others: nobody joins, and nothing fails. */
const QUIET: Omit<RoomPorts, "rows" | "now"> = {
  alarm: { fired: () => undefined, arm: async () => undefined },
  booth: () => ({ close: async () => ({ kind: "empty" }) }),
  askDeparted: async () => "over",
  pipeline: { reading: null, look: async () => undefined },
  beacon: {
    chain: null,
    read: async () => null,
    sign: async () => Promise.reject(new Error("no key")),
  },
  events: { sendBatch: async () => undefined },
  newSecret: () => SECRET,
  rules: { ...ROOM_RULES, rankOf: rankKeepingDraws() },
  log: { warn: () => undefined, error: () => undefined },
};

/** An instance of the product's room: it knows what is in its rows, and nothing else. */
export function roomOn(
  rows: RoomRows,
  now: () => number,
  given: Partial<Omit<RoomPorts, "rules">> & { readonly rules?: Partial<RoomRules> } = {},
): RoomCore {
  return new RoomCore({ ...QUIET, ...given, rules: { ...QUIET.rules, ...given.rules }, rows, now });
}
