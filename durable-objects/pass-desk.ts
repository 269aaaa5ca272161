/**
 * PassDesk: stores the place of every subject that joined with a merchant's pass.
 *
 * Guarantee: the rules are `src/domain/line/pass-places.ts`; a place is durable before it is
 * returned. A sale's number of desks stays the same when booths are added, and a desk ignores the
 * lane, so a subject keeps its one place whichever lane its current pass names. Not used for
 * shoppers without a pass or passes without a subject, and not for counting places: booths do that.
 */
import {
  arrive,
  keepPlace,
  type PassArrival,
  type PassEntry,
  type PassPlace,
} from "../src/domain/line/pass-places.ts";
import { KeptObject } from "./backup/kept-object.ts";
import { upsert } from "./upsert.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS places (
    subject TEXT PRIMARY KEY, round INTEGER NOT NULL, lane TEXT, shard INTEGER, cohort INTEGER,
    place INTEGER, joined_ms INTEGER
  ) WITHOUT ROWID;
`;

const PUT_PLACE = upsert("places", "subject", "round, lane, shard, cohort, place, joined_ms");

type PlaceRow = {
  round: number;
  lane: string | null;
  shard: number | null;
  cohort: number | null;
  place: number | null;
  joined_ms: number | null;
};

/** Null without a place: its columns are set together or not at all. */
function placeOf({ lane, shard, cohort, place, joined_ms }: PlaceRow): PassPlace | null {
  if (lane === null || shard === null || cohort === null) return null;
  if (place === null || joined_ms === null) return null;
  return { lane, shard, cohort, index: place, joinedAt_ms: joined_ms };
}

export class PassDesk extends KeptObject {
  #isPrepared = false;

  /** With its tables, which a backup's look at an unused desk does not create. */
  get #sql(): SqlStorage {
    this.prepareTables();
    return this.ctx.storage.sql;
  }

  protected override prepareTables(): void {
    if (!this.#isPrepared) this.ctx.storage.sql.exec(SCHEMA);
    this.#isPrepared = true;
  }

  /** Every call reads the rows. */
  protected override reload(): void {}

  /** @param over the round that is over, as the room decided; null if unknown */
  async arrive(subject: string, over: number | null): Promise<PassArrival> {
    const kept = this.#kept(subject);
    const arrival = arrive(kept, over);
    if (arrival.round !== kept?.round) this.#save(subject, arrival);
    return arrival;
  }

  /** Stores the offered place, unless the subject's current round has one; returns the stored. */
  async keep(subject: string, offered: PassPlace): Promise<PassEntry> {
    const kept = this.#kept(subject);
    const entry = keepPlace(kept, offered);
    if (entry !== kept) this.#save(subject, entry);
    return entry;
  }

  /** The subject has no place any more, as if it had never come. */
  async forget(subject: string): Promise<void> {
    this.#sql.exec("DELETE FROM places WHERE subject = ?", subject);
  }

  /** The sale was deleted. */
  async clear(): Promise<void> {
    this.#sql.exec("DELETE FROM places");
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
      PUT_PLACE,
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
