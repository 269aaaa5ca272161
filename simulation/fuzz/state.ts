/**
 * Everything a Sluice keeps, read from the files it is kept in: each row of each table of every
 * Durable Object, of D1 and of KV, and which tables there are.
 *
 * Guarantee: nothing durable is left out but what `moves`, `isRedeemed`, `mayBeEmpty` and
 * `withoutMoves` name, each with why. Reads a running Sluice; whoever compares two states lets it
 * come to rest first.
 */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { z } from "zod";

/** Whoever writes at the moment is done long before. */
const LOCKED_MAX_MS = 10_000;

/** The rows of each table, as text, by where it is. */
export type State = ReadonlyMap<string, readonly string[]>;

export function readState(folder: string): State {
  const state = new Map<string, readonly string[]>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".sqlite")) continue;
    const file = join(entry.parentPath, entry.name);
    const place = relative(folder, file);
    // The location's cache holds copies of snapshots for a second each, and Miniflare counts for
    // rate limits in a file, where Cloudflare counts in the memory of a location.
    if (place.startsWith("cache") || place.startsWith("ratelimit")) continue;
    for (const [table, rows] of readTables(file)) {
      if (!moves(place, table)) state.set(`${place} ${table}`, rows);
    }
  }
  return state;
}

/**
 * What the platform keeps beside ours and moves by itself: the instants at which a room ticks next
 * and a SkuStock wakes next, which each sets anew when it ticks or is read, and D1's count of what
 * it was asked. What they do when they wake is in their own tables.
 */
function moves(place: string, table: string): boolean {
  if (place.startsWith("d1")) return table === "_cf_METADATA";
  const wakesAnew = place.includes("WaitingRoom") || place.includes("SkuStock");
  return wakesAnew && (table === "_cf_ALARM" || table === "_cf_METADATA");
}

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

/** Turnstile's stand-in remembers what it was asked about; so does Cloudflare, and not Sluice. */
function isRedeemed(table: string, { name }: Readonly<Record<string, unknown>>): boolean {
  return table === "setting" && typeof name === "string" && name.startsWith("turnstile:");
}

/**
 * The platform makes tables of its own in an object that stores nothing. And whoever has the
 * merchant's token may ask for any sale and any SKU, which makes the tables of its object; nobody
 * else can.
 */
function mayBeEmpty(file: string, table: string): boolean {
  return table.startsWith("_") || READ_BY_MERCHANTS.some((object) => file.includes(object));
}

const READ_BY_MERCHANTS = ["WaitingRoom", "SkuStock", "RedisBridge"];

function textOf(row: Readonly<Record<string, unknown>>): string {
  const shown = Object.entries(row).map(([column, value]) => {
    if (typeof value === "bigint") return [column, String(value)];
    if (value instanceof Uint8Array) return [column, Buffer.from(value).toString("hex")];
    const still = column === "value" && typeof value === "string" ? withoutMoves(value) : value;
    return [column, still];
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
 * What moves in a room by itself while all its seats are taken: when it ticked last, how often it
 * was saved, for how long the seats have been taken, how long ago one was left, and how old its
 * calls are, with what their ages teach of the chance that they are taken up.
 */
function withoutMoves(text: string): unknown {
  if (!text.includes("tickedAt_ms")) return text;
  const room = roomStateSchema.safeParse(JSON.parse(text));
  if (!room.success) return text;
  const { tickedAt_ms: _, version: __, showRate: _rate, ...rest } = room.data;
  const { throttle, turnover, calls, ...still } = rest;
  const { at_ms: ___, ...pressed } = throttle;
  const { seatSeconds: ____, gone: _____, ...turned } = turnover;
  const called = calls.map(({ slice: _slice, openAtSlice: _open, ...batch }) => batch);
  return { ...still, throttle: pressed, turnover: turned, calls: called };
}

/** Where two states differ, and by what, shortened. */
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
