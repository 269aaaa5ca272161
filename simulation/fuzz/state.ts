/**
 * All stored data of a Sluice, read from its files: each row of each table of every Durable Object,
 * of D1 and of KV.
 *
 * Guarantee: no durable data is left out except what `changesByItself`, `isRedeemed`, `mayBeEmpty`
 * and `withoutTimes` name, each with its reason. Reads a running Sluice; before two states are
 * compared, its writes must be done.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

/** Much longer than any transaction takes. */
const LOCKED_MAX_MS = 10_000;

/** The rows of each table, as text, by file and table. */
export type State = ReadonlyMap<string, readonly string[]>;

export function readState(folder: string): State {
  const state = new Map<string, readonly string[]>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".sqlite")) continue;
    const file = join(entry.parentPath, entry.name);
    const place = relative(folder, file);
    // The cache contains only copies of snapshots, for a second each, and Miniflare counts for rate
    // limits in a file, where Cloudflare counts in the memory of a location.
    if (place.startsWith("cache") || place.startsWith("ratelimit")) continue;
    for (const [table, rows] of readTables(file)) {
      if (!changesByItself(place, table)) state.set(`${place} ${table}`, rows);
    }
  }
  return state;
}

/**
 * True for tables of the platform that change without an input: the alarms of rooms, SkuStocks,
 * TurnReminders and the SaleList, which are set again at each tick, read, look at the line or check
 * of KV, and D1's count of its queries. What an alarm does shows in the object's own tables.
 */
function changesByItself(place: string, table: string): boolean {
  if (place.startsWith("d1")) return table === "_cf_METADATA";
  const hasAlarm = WITH_REPEATED_ALARM.some((object) => place.includes(object));
  return hasAlarm && (table === "_cf_ALARM" || table === "_cf_METADATA");
}

const WITH_REPEATED_ALARM = ["WaitingRoom", "SkuStock", "TurnReminders", "SaleList"];

function readTables(file: string): [string, readonly string[]][] {
  const database = new DatabaseSync(file, { readOnly: true, timeout: LOCKED_MAX_MS });
  try {
    const tables = database.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    );
    const read: [string, readonly string[]][] = [];
    for (const { name } of tables.all()) {
      const table = String(name);
      const select = database.prepare(`SELECT * FROM "${table}"`);
      select.setReadBigInts(true);
      const all = select.all().filter((row) => !isRedeemed(table, row));
      const rows = all.map(textOf).toSorted();
      if (rows.length > 0 || !mayBeEmpty(file, table)) read.push([table, rows]);
    }
    return read;
  } finally {
    database.close();
  }
}

/** True for the sandbox's list of redeemed Turnstile tokens, which is not Sluice's data. */
function isRedeemed(table: string, { name }: Readonly<Record<string, unknown>>): boolean {
  return table === "setting" && typeof name === "string" && name.startsWith("turnstile:");
}

/**
 * True for new tables that do not count as a change while they are empty: the platform's own, and
 * those of objects that a merchant's read of any sale or SKU creates. No one else can create them.
 */
function mayBeEmpty(file: string, table: string): boolean {
  return table.startsWith("_") || READ_BY_MERCHANTS.some((object) => file.includes(object));
}

const READ_BY_MERCHANTS = ["WaitingRoom", "SkuStock", "RedisBridge", "DiscountCodes"];

function textOf(row: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(row).map(([column, value]) => {
    if (typeof value === "bigint") return [column, String(value)];
    if (value instanceof Uint8Array) return [column, Buffer.from(value).toString("hex")];
    return [column, column === "value" && typeof value === "string" ? withoutTimes(value) : value];
  });
  return JSON.stringify(Object.fromEntries(shown));
}

const roomStateSchema = z.looseObject({
  tickedAt_ms: z.number(),
  version: z.number(),
  throttle: z.looseObject({ at_ms: z.number() }),
  turnover: z.looseObject({ seatSeconds: z.number(), gone: z.number() }),
  calls: z.array(z.looseObject({ slice: z.number(), openAtSlice: z.number() })),
  showRate: z.unknown(),
});

/**
 * Removes from a room's state what changes with time while all its seats are taken: the time of the
 * last tick, the version, the seat seconds and the time since a seat was left, the ages of calls,
 * and the rate of taken-up calls that follows from these ages.
 */
function withoutTimes(text: string): unknown {
  if (!text.includes("tickedAt_ms")) return text;
  const room = roomStateSchema.safeParse(JSON.parse(text));
  if (!room.success) return text;
  const { tickedAt_ms: _, version: __, showRate: _rate, ...rest } = room.data;
  const { throttle, turnover, calls, ...still } = rest;
  const { at_ms: ___, ...throttleRest } = throttle;
  const { seatSeconds: ____, gone: _____, ...turnoverRest } = turnover;
  const callsRest = calls.map(({ slice: _slice, openAtSlice: _open, ...batch }) => batch);
  return { ...still, throttle: throttleRest, turnover: turnoverRest, calls: callsRest };
}

/** The tables in which two states differ, with their changed rows, shortened. */
export function differences(before: State, after: State): string[] {
  const places = new Set([...before.keys(), ...after.keys()]);
  return [...places].flatMap((place) => {
    const [old, now] = [before.get(place), after.get(place)];
    if (old === undefined) return [`${place} is a new table: ${changeText([], now ?? [])}`];
    if (now === undefined) return [`${place} is gone: ${changeText(old, [])}`];
    const gone = old.filter((row) => !now.includes(row));
    const come = now.filter((row) => !old.includes(row));
    if (gone.length === 0 && come.length === 0 && old.length === now.length) return [];
    return [`${place} ${changeText(gone, come)}`];
  });
}

const SHOWN_CHARACTERS = 300;
const SHOWN_BEFORE = 60;

function changeText(gone: readonly string[], come: readonly string[]): string {
  const [old, now] = [gone.join(" "), come.join(" ")];
  let same = 0;
  while (same < old.length && old[same] === now[same]) same += 1;
  const shown = (text: string): string => {
    const from = Math.max(same - SHOWN_BEFORE, 0);
    return `${from > 0 ? "…" : ""}${text.slice(from, from + SHOWN_CHARACTERS)}`;
  };
  return `was ${shown(old) || "not there"}, is ${shown(now) || "gone"}`;
}
