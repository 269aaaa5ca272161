/**
 * PassDesk: remembers the place of every subject that came by a merchant's pass.
 *
 * Guarantee: the rules are `src/domain/line/pass-places.ts`; a place is durable before it is
 * answered. A sale's number of desks stays the same when booths are added, and desks do not look at
 * lanes, so a subject finds its one place whichever lane today's pass names. Shoppers without a
 * pass, and passes without a subject, never come here. Not for counting places: booths do that.
 */
import { DurableObject } from "cloudflare:workers";
import {
  arrive,
  keepPlace,
  type PassArrival,
  type PassEntry,
  type PassPlace,
} from "../src/domain/line/pass-places.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS places (
    subject TEXT PRIMARY KEY, round INTEGER NOT NULL, lane TEXT, shard INTEGER, cohort INTEGER,
    place INTEGER, joined_ms INTEGER
  ) WITHOUT ROWID;
`;

type PlaceRow = {
  round: number;
  lane: string | null;
  shard: number | null;
  cohort: number | null;
  place: number | null;
  joined_ms: number | null;
};

/** A place is written whole or not at all. */
function placeOf({ lane, shard, cohort, place, joined_ms }: PlaceRow): PassPlace | null {
  if (lane === null || shard === null || cohort === null) return null;
  if (place === null || joined_ms === null) return null;
  return { lane, shard, cohort, index: place, joinedAt_ms: joined_ms };
}

export class PassDesk extends DurableObject<GateEnv> {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(SCHEMA);
  }

  /** @param over the round that the room has called over, or null */
  async arrive(subject: string, over: number | null): Promise<PassArrival> {
    const kept = this.#kept(subject);
    const arrival = arrive(kept, over);
    if (arrival.round !== kept?.round) this.#save(subject, arrival);
    return arrival;
  }

  /** The place of the subject's present round: the offered one, unless there was one before. */
  async keep(subject: string, offered: PassPlace): Promise<PassEntry> {
    const kept = this.#kept(subject);
    const entry = keepPlace(kept, offered);
    if (entry !== kept) this.#save(subject, entry);
    return entry;
  }

  #kept(subject: string): PassEntry | null {
    const row = this.#sql
      .exec<PlaceRow>(
        "SELECT round, lane, shard, cohort, place, joined_ms FROM places WHERE subject = ?",
        subject,
      )
      .toArray()[0];
    return row === undefined ? null : { round: row.round, place: placeOf(row) };
  }

  #save(subject: string, { round, place }: PassEntry): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?, ?, ?)",
      subject,
      round,
      place?.lane ?? null,
      place?.shard ?? null,
      place?.cohort ?? null,
      place?.index ?? null,
      place?.joinedAt_ms ?? null,
    );
  }
}
