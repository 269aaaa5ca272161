/**
 * The rows of one room's draw in SQLite: manifests with their closing times, the beacon and the
 * counts that wait for its rounds, the revelation, and the signatures of all of these.
 *
 * Guarantee: nothing here is ever changed once written, until all of it is deleted with its sale;
 * writing it again has no effect. Closing times, the beacon and the draws have tables beside the
 * manifests, because the release before writes rows of manifests by position.
 */
import type { BeaconChain } from "../../src/domain/line/beacon.ts";
import type { CohortManifest } from "../../src/domain/line/cohort.ts";
import { DRAW_READERS } from "./room-readers.ts";
import type { StatementKey } from "../../src/tokens/draw-statements.ts";
import type { CountedDraw, DrawRows, KeptSignature, Revealed, RoomChange } from "./ports.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS manifests (
    lane TEXT NOT NULL, k INTEGER NOT NULL, base INTEGER NOT NULL,
    counts TEXT NOT NULL, seed TEXT NOT NULL, PRIMARY KEY (lane, k)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS closings (
    lane TEXT NOT NULL, k INTEGER NOT NULL, closed_ms INTEGER NOT NULL, signature TEXT,
    PRIMARY KEY (lane, k)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS beacon (one INTEGER PRIMARY KEY CHECK (one = 1), chain TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS draws (
    lane TEXT NOT NULL, k INTEGER NOT NULL, counted TEXT NOT NULL,
    counts_signature TEXT NOT NULL, draw TEXT, PRIMARY KEY (lane, k)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS revealed (
    one INTEGER PRIMARY KEY CHECK (one = 1), at_ms INTEGER NOT NULL, signature TEXT
  );
  CREATE TABLE IF NOT EXISTS statement_keys (kid TEXT PRIMARY KEY, jwk TEXT NOT NULL) WITHOUT ROWID;
`;

const TABLES = ["manifests", "closings", "beacon", "draws", "revealed", "statement_keys"];

const MANIFESTS = `SELECT base, counts, seed, closed_ms, signature, draw
  FROM manifests LEFT JOIN closings USING (lane, k) LEFT JOIN draws USING (lane, k)`;

type ManifestRow = {
  base: number;
  counts: string;
  seed: string;
  /** Null in cohorts closed by earlier versions. */
  closed_ms: number | null;
  signature: string | null;
  /** Null in cohorts that no beacon was to decide. */
  draw: string | null;
};

export class DrawTables implements DrawRows {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    this.#sql.exec(SCHEMA);
  }

  manifest(sale: string, lane: string, k: number): CohortManifest | null {
    const row = this.#sql.exec<ManifestRow>(`${MANIFESTS} WHERE lane = ? AND k = ?`, lane, k);
    const found = row.toArray()[0];
    if (found === undefined) return null;
    const { base, seed, closed_ms, signature } = found;
    const counts = DRAW_READERS.counts.parse(JSON.parse(found.counts));
    const manifest = { sale, lane, k, base, counts, seed };
    if (closed_ms === null) return manifest;
    const draw =
      found.draw === null ? {} : { draw: DRAW_READERS.draw.parse(JSON.parse(found.draw)) };
    const closed = { ...manifest, closedAt: new Date(closed_ms).toISOString(), ...draw };
    return signature === null ? closed : { ...closed, signature };
  }

  beacon(): BeaconChain | null {
    const row = this.#sql.exec<{ chain: string }>("SELECT chain FROM beacon").toArray()[0];
    return row === undefined ? null : DRAW_READERS.beacon.parse(JSON.parse(row.chain));
  }

  counted(): CountedDraw[] {
    return this.#sql
      .exec<{ counted: string; counts_signature: string }>(
        "SELECT counted, counts_signature FROM draws",
      )
      .toArray()
      .map(({ counted, counts_signature: signature }) => {
        return { cohort: DRAW_READERS.counted.parse(JSON.parse(counted)), signature };
      });
  }

  lastClosed_ms(): number {
    const rows = this.#sql.exec<{ last: number | null }>(
      "SELECT MAX(closed_ms) last FROM closings",
    );
    return rows.one().last ?? 0;
  }

  revealed(): Revealed | null {
    const rows = this.#sql.exec<{ at_ms: number; signature: string | null }>(
      "SELECT at_ms, signature FROM revealed",
    );
    return rows.toArray()[0] ?? null;
  }

  statementKeys(): StatementKey[] {
    return this.#sql
      .exec<{ jwk: string }>("SELECT jwk FROM statement_keys ORDER BY kid")
      .toArray()
      .map(({ jwk }) => DRAW_READERS.statementKey.parse(JSON.parse(jwk)));
  }

  /** Part of the transaction that deletes the room. */
  clear(): void {
    for (const table of TABLES) this.#sql.exec(`DELETE FROM ${table}`);
  }

  /** Part of the transaction of the whole change. */
  write({ beacon = null, counted, manifest, revealed, signed }: RoomChange): void {
    if (beacon !== null) this.#addBeacon(beacon);
    if (counted !== undefined) this.#addCounted(counted);
    if (manifest !== undefined) this.#addManifest(manifest);
    if (revealed !== undefined) this.#addRevealed(revealed);
    if (signed !== undefined) this.#keepSignature(signed);
  }

  #addBeacon(chain: BeaconChain): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO beacon (one, chain) VALUES (1, ?)",
      JSON.stringify(chain),
    );
  }

  #addCounted({ cohort, signature, key }: NonNullable<RoomChange["counted"]>): void {
    const { lane, k } = cohort;
    this.#addKey(key);
    this.#sql.exec(
      "INSERT OR IGNORE INTO draws (lane, k, counted, counts_signature) VALUES (?, ?, ?, ?)",
      lane,
      k,
      JSON.stringify(cohort),
      signature,
    );
  }

  #addManifest({ lane, k, base, counts, seed, closedAt, draw }: CohortManifest): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO manifests (lane, k, base, counts, seed) VALUES (?, ?, ?, ?, ?)",
      lane,
      k,
      base,
      JSON.stringify(counts),
      seed,
    );
    if (draw !== undefined) {
      const drawn = "UPDATE draws SET draw = ? WHERE lane = ? AND k = ? AND draw IS NULL";
      this.#sql.exec(drawn, JSON.stringify(draw), lane, k);
    }
    if (closedAt === undefined) return;
    this.#sql.exec(
      "INSERT OR IGNORE INTO closings (lane, k, closed_ms) VALUES (?, ?, ?)",
      lane,
      k,
      Date.parse(closedAt),
    );
  }

  #addRevealed({ at_ms, signature }: Revealed): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO revealed (one, at_ms, signature) VALUES (1, ?, ?)",
      at_ms,
      signature,
    );
  }

  #addKey(key: StatementKey): void {
    const text = JSON.stringify(key);
    this.#sql.exec("INSERT OR IGNORE INTO statement_keys (kid, jwk) VALUES (?, ?)", key.kid, text);
  }

  #keepSignature({ of, signature, key }: KeptSignature): void {
    this.#addKey(key);
    if (of === "secret") {
      this.#sql.exec("UPDATE revealed SET signature = ? WHERE signature IS NULL", signature);
      return;
    }
    this.#sql.exec(
      "UPDATE closings SET signature = ? WHERE lane = ? AND k = ? AND signature IS NULL",
      signature,
      of.lane,
      of.k,
    );
  }
}
