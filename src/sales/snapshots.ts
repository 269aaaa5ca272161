/**
 * The room's snapshot and the cohorts' manifests, as gates read them: from isolate memory, then the
 * location's cache, then the room.
 *
 * Guarantee (P9): apart from one refresh a second, a poll calls no Durable Object. When the room
 * does not answer, the last snapshot is served for five minutes and marked stale. One request
 * refreshes; concurrent ones get the cached snapshot, because a promise must not be shared between
 * requests of an isolate.
 */
import { BoundedMap } from "../domain/bounded-map.ts";
import {
  drawOf,
  placesIn,
  rankIn,
  type CohortManifest,
  type Place,
  type RankOutcome,
} from "../domain/line/cohort.ts";
import type { CohortDraw } from "../domain/line/shuffle.ts";
import {
  DRAWN_PLACES_MAX,
  DRAWS_REMEMBERED_MAX,
  MANIFESTS_REMEMBERED_MAX,
  RANKS_REMEMBERED_MAX,
  SALES_REMEMBERED_MAX,
  SNAPSHOT_FRESH_MS,
  SNAPSHOT_LATE_MS,
  SNAPSHOT_STALE_MAX_MS,
} from "../domain/limits.ts";
import type { RoomSnapshot } from "../domain/room/snapshot.ts";
import { log } from "../platform/log.ts";
import { withTimeout } from "../platform/with-timeout.ts";

interface RoomReads {
  snapshot(): Promise<RoomSnapshot | null>;
  manifest(lane: string, k: number): Promise<CohortManifest | null>;
}

/** The cache of the Cloudflare location; absent where the platform has none. */
export interface LocationCache {
  match(request: Request): Promise<Response | undefined>;
  put(request: Request, response: Response): Promise<void>;
}

export interface SeenSnapshot {
  readonly snapshot: RoomSnapshot;
  readonly stale: boolean;
}

interface Entry {
  snapshot: RoomSnapshot;
  fetchedAt_ms: number;
  refreshingSince_ms: number | null;
}

type WaitUntil = (work: Promise<unknown>) => void;

/** Reads of a room whose snapshot in memory is late. */
interface CatchUp {
  readAt_ms: number;
  /** The last read that its request waited for. */
  waitedAt_ms: number;
  isReading: boolean;
  hasFailed: boolean;
}

const NO_CATCH_UP: CatchUp = {
  readAt_ms: Number.NEGATIVE_INFINITY,
  waitedAt_ms: Number.NEGATIVE_INFINITY,
  isReading: false,
  hasFailed: false,
};

/** A refresh that takes longer was probably cut off with its request; another may try. */
const REFRESH_GIVEN_UP_MS = 3000;

/** No read of a room takes longer; see `withTimeout`. */
const ROOM_READ_MS = 2000;
/** After a read that failed, requests of a quiet isolate wait for no other one so soon. */
const CATCH_UP_RETRY_MS = 5000;
/** How often a request looks whether the read of another one has come. */
const CATCH_UP_LOOK_MS = 20;

/** When an answer was put into the location's cache, by the clock of that location. */
const STORED_AT = "Sluice-Stored-At";

/** One per isolate and deployment. */
export class SnapshotCache {
  readonly #room: (sale: string) => RoomReads;
  readonly #cache: LocationCache | null;
  readonly #snapshots = new BoundedMap<Entry>(SALES_REMEMBERED_MAX);
  readonly #catchUps = new BoundedMap<CatchUp>(SALES_REMEMBERED_MAX);
  readonly #manifests = new BoundedMap<CohortManifest>(MANIFESTS_REMEMBERED_MAX);
  #draws = new BoundedMap<CohortDraw>(DRAWS_REMEMBERED_MAX);
  /** The number of places in all cached draws. */
  #drawnPlaces = 0;
  readonly #ranks = new BoundedMap<RankOutcome>(RANKS_REMEMBERED_MAX);

  constructor(room: (sale: string) => RoomReads, cache: LocationCache | null) {
    this.#room = room;
    this.#cache = cache;
  }

  /** Null when the room does not answer and no snapshot is younger than five minutes. */
  async snapshot(sale: string, now: number): Promise<SeenSnapshot | null> {
    const entry = this.#snapshots.get(sale);
    if (entry === undefined) {
      const fetched = await this.#fetch(sale, now);
      return fetched === null ? null : { snapshot: fetched, stale: false };
    }
    const fresh = now - entry.fetchedAt_ms < SNAPSHOT_FRESH_MS;
    if (fresh || isRefreshing(entry, now))
      return { snapshot: entry.snapshot, stale: isStale(entry, now) };
    entry.refreshingSince_ms = now;
    try {
      const fetched = await this.#fetch(sale, now);
      if (fetched !== null) return { snapshot: fetched, stale: false };
    } finally {
      entry.refreshingSince_ms = null;
    }
    if (now - entry.fetchedAt_ms > SNAPSHOT_STALE_MAX_MS) return null;
    return { snapshot: entry.snapshot, stale: true };
  }

  /**
   * For requests that must not wait: returns the cached snapshot at once and refreshes it after the
   * response. Only an isolate that was quiet, or has just started, waits, because its snapshot may
   * be from before a seat was given back: one of its requests reads, the others wait for that read.
   * When the room does not answer, the cached snapshot is returned, or null when it is older than
   * five minutes, and for some seconds nobody waits again.
   */
  async cachedSnapshot(
    sale: string,
    now: number,
    waitUntil: WaitUntil,
  ): Promise<SeenSnapshot | null> {
    const age_ms = this.#ageOf(sale, now);
    if (age_ms >= SNAPSHOT_LATE_MS) {
      await this.#catchUp(sale, now, waitUntil);
    } else if (age_ms >= SNAPSHOT_FRESH_MS) {
      const entry = this.#snapshots.get(sale);
      if (entry !== undefined && !isRefreshing(entry, now)) waitUntil(this.snapshot(sale, now));
    }
    const entry = this.#snapshots.get(sale);
    if (entry === undefined || now - entry.fetchedAt_ms > SNAPSHOT_STALE_MAX_MS) return null;
    return { snapshot: entry.snapshot, stale: isStale(entry, now) };
  }

  #ageOf(sale: string, now: number): number {
    const entry = this.#snapshots.get(sale);
    return entry === undefined ? Number.POSITIVE_INFINITY : now - entry.fetchedAt_ms;
  }

  /** Brings a late snapshot up to date, unless the room was found silent a moment ago. */
  async #catchUp(sale: string, now: number, waitUntil: WaitUntil): Promise<void> {
    const known = this.#catchUps.get(sale) ?? { ...NO_CATCH_UP };
    this.#catchUps.set(sale, known);
    const isReading = known.isReading && now - known.readAt_ms < REFRESH_GIVEN_UP_MS;
    if (known.hasFailed && now - known.waitedAt_ms < CATCH_UP_RETRY_MS) {
      const isDue = now - known.readAt_ms >= SNAPSHOT_FRESH_MS;
      if (!isReading && isDue) waitUntil(this.#readLate(sale, known, now));
      return;
    }
    if (!isReading) {
      known.waitedAt_ms = now;
      return this.#readLate(sale, known, now);
    }
    // A promise of another request must not be awaited; its result is in memory when it comes.
    for (let waited_ms = 0; waited_ms < ROOM_READ_MS; waited_ms += CATCH_UP_LOOK_MS) {
      if (!known.isReading) return;
      await new Promise((resolve) => setTimeout(resolve, CATCH_UP_LOOK_MS));
    }
  }

  async #readLate(sale: string, catchUp: CatchUp, now: number): Promise<void> {
    catchUp.isReading = true;
    catchUp.readAt_ms = now;
    try {
      catchUp.hasFailed = (await this.#fetch(sale, now)) === null;
    } finally {
      catchUp.isReading = false;
    }
  }

  /** The cached snapshot, however old, without any I/O. */
  known(sale: string): RoomSnapshot | null {
    return this.#snapshots.get(sale)?.snapshot ?? null;
  }

  /** Reads the room, so that the shopper who made a change sees it at once. */
  async refresh(sale: string, now: number): Promise<SeenSnapshot | null> {
    const snapshot = await this.#readRoom(sale);
    if (snapshot === null) return this.snapshot(sale, now);
    this.#remember(sale, snapshot, now);
    return { snapshot, stale: false };
  }

  #remember(sale: string, snapshot: RoomSnapshot, now: number): void {
    const entry = this.#snapshots.get(sale);
    if (entry === undefined) {
      this.#snapshots.set(sale, { snapshot, fetchedAt_ms: now, refreshingSince_ms: null });
      return;
    }
    // The location's cache may be older than a snapshot this isolate has already served.
    if (snapshot.version >= entry.snapshot.version) entry.snapshot = snapshot;
    entry.fetchedAt_ms = now;
  }

  async #fetch(sale: string, now: number): Promise<RoomSnapshot | null> {
    const request = new Request(`https://snapshot.sluice.internal/${sale}`);
    const found = await this.#cache?.match(request).catch(() => undefined);
    // A cache that keeps an answer for longer than it is told must not bring back what is over.
    const age_ms = now - Number(found?.headers.get(STORED_AT) ?? Number.NaN);
    const cached = age_ms < SNAPSHOT_LATE_MS ? found : undefined;
    const snapshot =
      cached === undefined ? await this.#readRoom(sale) : await cached.json<RoomSnapshot>();
    if (snapshot === null) return null;
    if (cached === undefined) {
      const headers = {
        "Cache-Control": `max-age=${SNAPSHOT_FRESH_MS / 1000}`,
        [STORED_AT]: String(now),
      };
      await this.#cache?.put(request, Response.json(snapshot, { headers })).catch(() => undefined);
    }
    this.#remember(sale, snapshot, now);
    return snapshot;
  }

  async #readRoom(sale: string): Promise<RoomSnapshot | null> {
    const snapshot = await withTimeout(this.#room(sale).snapshot());
    if (snapshot === null) log.warn("snapshots", "room_unreachable", { sale });
    return snapshot;
  }

  /**
   * A closed cohort's manifest, immutable and cached for good; null when the cohort is not closed,
   * or the room does not answer. Its name has the commitment of the draw, so that no sale is ever
   * served the manifests of another one with its id.
   */
  async manifest(sale: string, lane: string, k: number): Promise<CohortManifest | null> {
    const draw = this.known(sale)?.commitment;
    if (draw === undefined) return withTimeout(this.#room(sale).manifest(lane, k));
    const name = `${sale}/${draw}/${lane}/${k}`;
    const known = this.#manifests.get(name);
    if (known !== undefined) return known;
    const request = new Request(`https://manifest.sluice.internal/${name}`);
    const cached = await this.#cache?.match(request).catch(() => undefined);
    if (cached !== undefined) {
      const manifest = await cached.json<CohortManifest>();
      this.#manifests.set(name, manifest);
      return manifest;
    }
    const manifest = await withTimeout(this.#room(sale).manifest(lane, k));
    if (manifest === null) return null;
    this.#manifests.set(name, manifest);
    const headers = { "Cache-Control": "max-age=31536000, immutable" };
    await this.#cache?.put(request, Response.json(manifest, { headers })).catch(() => undefined);
    return manifest;
  }

  #draw(manifest: CohortManifest): CohortDraw {
    const name = `${manifest.sale}/${manifest.lane}/${manifest.k}/${manifest.seed}`;
    const known = this.#draws.get(name);
    if (known !== undefined) return known;
    const places = placesIn(manifest.counts);
    if (this.#drawnPlaces + places > DRAWN_PLACES_MAX) {
      this.#draws = new BoundedMap(DRAWS_REMEMBERED_MAX);
      this.#drawnPlaces = 0;
    }
    const draw = drawOf(manifest);
    this.#draws.set(name, draw);
    this.#drawnPlaces += places;
    return draw;
  }

  /** The rank of a place whose cohort has closed; computed once per isolate. */
  async rank(sale: string, place: Place): Promise<RankOutcome | { readonly kind: "not_closed" }> {
    const draw = this.known(sale)?.commitment ?? "";
    const name = `${sale}/${draw}/${place.lane}/${place.cohort}/${place.shard}/${place.index}`;
    const known = this.#ranks.get(name);
    if (known !== undefined) return known;
    const manifest = await this.manifest(sale, place.lane, place.cohort);
    if (manifest === null) return { kind: "not_closed" };
    const rank = rankIn(place, manifest, () => this.#draw(manifest));
    this.#ranks.set(name, rank);
    return rank;
  }
}

function isRefreshing({ refreshingSince_ms }: Entry, now: number): boolean {
  return refreshingSince_ms !== null && now - refreshingSince_ms < REFRESH_GIVEN_UP_MS;
}

function isStale(entry: Entry, now: number): boolean {
  return now - entry.fetchedAt_ms > SNAPSHOT_FRESH_MS * 10;
}
