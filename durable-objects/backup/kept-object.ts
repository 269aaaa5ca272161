/**
 * An object that can be backed up, restored and turned back: the base of every object of a sale.
 *
 * Guarantee: a restore takes only an object that holds nothing, or continues the same backup where
 * it was interrupted: the rows of a part and the number of parts are one transaction. Rows live
 * again only when the last part is there, and the object does nothing by itself before it is woken.
 * Texts that are secret leave it sealed, and nothing sealed for another object is restored.
 */
import { DurableObject } from "cloudflare:workers";
import type { BackupTable } from "../../src/domain/backup/backup-lines.ts";
import type { RowPlace } from "../../src/domain/backup/backup-place.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { openSealed, sealText, type SealingKey } from "../../src/tokens/sealed-text.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import { upsert } from "../upsert.ts";
import { isEmpty, readRows, RESTORED_FROM, unknownIn, writeRows } from "./object-rows.ts";

/** A cell that leaves the object sealed, in the row whose first column has this value. */
export interface SealedCell {
  readonly table: string;
  readonly first: string;
  readonly column: string;
}

export interface BackedUp {
  /** JSON of tables. */
  readonly parts: readonly string[];
  readonly next: RowPlace | null;
  readonly stamp: string;
}

export interface RestorePart {
  readonly backup: string;
  readonly name: string;
  readonly part: number;
  readonly last: boolean;
  readonly tables: readonly BackupTable[];
  /** Says what would be done, and writes nothing. */
  readonly dryRun: boolean;
}

export type RestoreOutcome =
  | { readonly kind: "restored" | "already_restored" | "occupied" }
  /** @property next the part that is expected */
  | { readonly kind: "out_of_order"; readonly next: number }
  /** A table, a column or a sealed text that this deployment does not have the means for. */
  | { readonly kind: "unreadable"; readonly why: string };

export type TurnedBack =
  | { readonly kind: "not_supported" }
  /** @property undo leads back to where the object is now; null in a dry run */
  | {
      readonly kind: "ready";
      readonly bookmark: string;
      readonly current: string;
      readonly undo: string | null;
    };

type Progress = {
  readonly backup: string;
  readonly parts: number;
  readonly state: number;
};

/** Parts are missing; all are there; the object acts again. */
const [INCOMPLETE, COMPLETE, AWAKE] = [0, 1, 2];

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS restored_from (
  only INTEGER PRIMARY KEY CHECK (only = 1), backup TEXT NOT NULL, parts INTEGER NOT NULL,
  state INTEGER NOT NULL
)`;

/** What the local runtime answers, which keeps no earlier states. */
const NOT_SUPPORTED = /does not implement point-in-time recovery/i;

export abstract class KeptObject extends DurableObject<GateEnv> {
  /** Cells that nobody may read in a backup. */
  protected readonly sealed: readonly SealedCell[] = [];

  /** Reads the rows anew: they are others than this instance knows. */
  protected abstract reload(): void;

  /** Creates the tables, where the object does so only with its first write. */
  protected prepareTables(): void {}

  /** Stores what is only in memory, before the rows are read. */
  protected settle(): void {}

  /** @param name of the object, to which its secrets are sealed */
  async backUp(name: string, from: RowPlace | null, bytesMax: number): Promise<BackedUp> {
    this.settle();
    const { parts, next, stamp } = readRows(this.ctx.storage.sql, from, bytesMax);
    const sealed = await Promise.all(parts.map((tables) => this.#mapSealed(tables, name, "seal")));
    return { parts: sealed.map((tables) => JSON.stringify(tables)), next, stamp };
  }

  async restore(asked: RestorePart): Promise<RestoreOutcome> {
    const { name, tables, dryRun } = asked;
    const early = this.#taken(asked);
    if (early !== null) return early;
    const opened = await this.#mapSealed(tables, name, "open").catch(errorText);
    if (typeof opened === "string") return { kind: "unreadable", why: opened };
    // The same part may have come again meanwhile.
    return this.#taken(asked) ?? (dryRun ? { kind: "restored" } : this.#write(asked, opened));
  }

  #write({ backup, part, last }: RestorePart, tables: readonly BackupTable[]): RestoreOutcome {
    const { storage } = this.ctx;
    this.prepareTables();
    const unknown = unknownIn(storage.sql, tables);
    if (unknown !== null) return { kind: "unreadable", why: `this release has no ${unknown}` };
    storage.transactionSync(() => {
      writeRows(storage.sql, tables);
      storage.sql.exec(SCHEMA);
      const mark = upsert(RESTORED_FROM, "only", "backup, parts, state");
      storage.sql.exec(mark, 1, backup, part + 1, last ? COMPLETE : INCOMPLETE);
    });
    if (last) this.reload();
    return { kind: "restored" };
  }

  /** Null: the part can be restored. */
  #taken({ backup, part, dryRun }: RestorePart): RestoreOutcome | null {
    const progress = this.#progress();
    if (progress === null && !isEmpty(this.ctx.storage.sql)) return { kind: "occupied" };
    if (progress !== null && progress.backup !== backup) return { kind: "occupied" };
    const { parts = 0, state = INCOMPLETE } = progress ?? {};
    if (state !== INCOMPLETE || part < parts) return { kind: "already_restored" };
    return dryRun || part === parts ? null : { kind: "out_of_order", next: parts };
  }

  #progress(): Progress | null {
    const { sql } = this.ctx.storage;
    const exists = sql.exec("SELECT 1 FROM sqlite_master WHERE name = ?", RESTORED_FROM);
    if (exists.toArray().length === 0) return null;
    const rows = sql.exec<{ backup: string; parts: number; state: number }>(
      `SELECT backup, parts, state FROM ${RESTORED_FROM}`,
    );
    return rows.toArray()[0] ?? null;
  }

  /** Before the object acts again, once; after a crash it may come again. */
  protected async beforeWaking(): Promise<void> {}

  /** After a restore of this backup: the object's alarm rings now. Safe to repeat. */
  async wake(backup: string): Promise<"woken" | "awake" | "not_restored"> {
    const progress = this.#progress();
    if (progress?.backup !== backup || progress.state === INCOMPLETE) return "not_restored";
    if (progress.state === AWAKE) return "awake";
    await this.beforeWaking();
    this.ctx.storage.sql.exec(`UPDATE ${RESTORED_FROM} SET state = ?`, AWAKE);
    await this.#ring();
    return "woken";
  }

  async #ring(): Promise<void> {
    if (this.alarm !== undefined) await this.ctx.storage.setAlarm(Date.now());
  }

  /**
   * The object as it was at an instant, or at a bookmark of the platform.
   * @param dryRun names the bookmarks, and changes nothing; else the next instance starts there
   */
  async turnBack(to: number | string, dryRun: boolean): Promise<TurnedBack> {
    const { storage } = this.ctx;
    try {
      const bookmark = typeof to === "string" ? to : await storage.getBookmarkForTime(to);
      const current = await storage.getCurrentBookmark();
      const undo = dryRun ? null : await storage.onNextSessionRestoreBookmark(bookmark);
      return { kind: "ready", bookmark, current, undo };
    } catch (error) {
      if (NOT_SUPPORTED.test(errorText(error))) return { kind: "not_supported" };
      throw error;
    }
  }

  /** The call fails, because the instance ends with it. */
  async restart(): Promise<void> {
    this.ctx.abort("restarts with an earlier state");
  }

  /** In the instance after it, whose alarm may be of another time. */
  async continueFromThere(): Promise<void> {
    await this.#ring();
  }

  async #keys(): Promise<readonly SealingKey[]> {
    const secrets = await readSecrets(this.env);
    if (secrets.kind === "ready") return secrets.keys.sealingKeys;
    throw new Error(secrets.missing.join("; "));
  }

  async #mapSealed(
    tables: readonly BackupTable[],
    name: string,
    how: "seal" | "open",
  ): Promise<BackupTable[]> {
    return Promise.all(
      tables.map(async ({ table, columns, rows }) => {
        const cells = this.sealed.filter((cell) => cell.table === table);
        if (cells.length === 0) return { table, columns, rows };
        const mapped = rows.map(async (row) => {
          const cell = cells.find(({ first }) => row[0] === first);
          const at = cell === undefined ? -1 : columns.indexOf(cell.column);
          const text = row[at];
          if (typeof text !== "string") return row;
          const keys = await this.#keys();
          const other =
            how === "seal" ? await sealText(keys, name, text) : await openSealed(keys, name, text);
          if (other === null) throw new Error("a secret is sealed under another of TICKET_KEYS");
          return row.with(at, other);
        });
        return { table, columns, rows: await Promise.all(mapped) };
      }),
    );
  }
}
