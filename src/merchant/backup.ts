/**
 * The backup of a whole sale, page by page.
 *
 * Guarantee: memory for one page, whatever the size of the sale. Each object in it is one state of
 * that object: one that changed between two pages is begun again. Objects are read in the order of
 * `BACKUP_KINDS`; what a backup of a running sale means is in docs/backup.md.
 */
import { BACKUP_KINDS, headerOf, lineOf, type NamedObject } from "../domain/backup/backup-lines.ts";
import type { BackupPlace } from "../domain/backup/backup-place.ts";
import {
  BACKUP_CALLS_AT_ONCE,
  BACKUP_PAGE_BYTES_MAX,
  BACKUP_PAGE_OBJECTS_MAX,
  BACKUP_READ_BYTES_MAX,
  BACKUP_SMALL_BYTES_MAX,
} from "../domain/limits.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { roomOf } from "../platform/objects.ts";
import { keptObject, namesOf } from "./sale-objects.ts";
import { ordersOfSale } from "./orders-of-sale.ts";
import type { MerchantContext } from "./sales.ts";

export type BackupOutcome =
  /** `next` null: the backup is complete. */
  | { readonly kind: "page"; readonly lines: readonly string[]; readonly next: BackupPlace | null }
  /** The object changed while it was read: its lines are worthless. `again`: where it begins. */
  | { readonly kind: "disturbed"; readonly object: NamedObject; readonly again: BackupPlace }
  | { readonly kind: "sale_not_found" };

interface Source {
  readonly env: GateEnv;
  readonly sale: Sale;
  readonly booths: number;
}

/** A page that grows: its lines, and the place after them. */
interface Page {
  readonly lines: string[];
  bytes: number;
  objects: number;
  place: BackupPlace;
}

export async function backUpSale(
  { env, now }: MerchantContext,
  id: string,
  from: BackupPlace | null,
): Promise<BackupOutcome> {
  const room = roomOf(env, id);
  const [document, snapshot] = await Promise.all([room.document(), room.snapshot()]);
  if (document === null || snapshot === null) return { kind: "sale_not_found" };
  const { sale } = document;
  const page: Page = { lines: [], bytes: 0, objects: 0, place: from ?? firstPlace() };
  if (from === null) {
    const startedAt = new Date(now).toISOString();
    const { paused } = snapshot;
    add(page, JSON.stringify(headerOf({ id: page.place.id, sale: id, startedAt, paused })));
  }
  const source = { env, sale, booths: snapshot.booths };
  while (page.bytes < BACKUP_PAGE_BYTES_MAX && page.objects < BACKUP_PAGE_OBJECTS_MAX) {
    if (page.place.inside !== null) {
      const disturbed = await readOn(source, page);
      if (disturbed !== null) return disturbed;
      continue;
    }
    const kind = BACKUP_KINDS[page.place.kind];
    if (kind === undefined) {
      const { objects, lines } = page.place;
      add(page, JSON.stringify({ end: { objects, lines } }));
      return { kind: "page", lines: page.lines, next: null };
    }
    const some = await nextObjects(source, page.place);
    if (some.length === 0) page.place = nextKind(page.place);
    else await readSome(source, page, some);
  }
  return { kind: "page", lines: page.lines, next: page.place };
}

function firstPlace(): BackupPlace {
  const id = crypto.randomUUID();
  return { id, kind: 0, nth: 0, after: "", inside: null, chain: "", lines: 0, objects: {} };
}

/** @param content JSON */
function add(page: Page, content: string): void {
  const { line, chain } = lineOf(page.place.chain, content);
  page.lines.push(line);
  page.bytes += line.length;
  page.place = { ...page.place, chain, lines: page.place.lines + 1 };
}

async function nextObjects(source: Source, place: BackupPlace): Promise<NamedObject[]> {
  const { env, sale, booths } = source;
  const kind = BACKUP_KINDS[place.kind];
  if (kind === undefined) return [];
  const names =
    kind === "order"
      ? await ordersOfSale(env, sale, place.after, BACKUP_PAGE_OBJECTS_MAX)
      : namesOf(kind, sale, booths).slice(place.nth, place.nth + BACKUP_PAGE_OBJECTS_MAX);
  return names.map((name) => ({ kind, name }));
}

function nextKind(place: BackupPlace): BackupPlace {
  return { ...place, kind: place.kind + 1, nth: 0, after: "", inside: null };
}

/** The place after an object that is complete. */
function after(place: BackupPlace, { kind, name }: NamedObject, hasRows: boolean) {
  const { objects, nth } = place;
  const counted = hasRows ? { ...objects, [kind]: (objects[kind] ?? 0) + 1 } : objects;
  return { nth: nth + 1, after: name, inside: null, objects: counted };
}

/** Small objects are read several at once; a large one is read alone, by `readOn`. */
async function readSome(
  { env }: Source,
  page: Page,
  objects: readonly NamedObject[],
): Promise<void> {
  for (let from = 0; from < objects.length; from += BACKUP_CALLS_AT_ONCE) {
    if (page.bytes >= BACKUP_PAGE_BYTES_MAX) return;
    const some = objects.slice(from, from + BACKUP_CALLS_AT_ONCE);
    const read = await Promise.all(
      some.map((object) => {
        return keptObject(env, object).backUp(object.name, null, BACKUP_SMALL_BYTES_MAX);
      }),
    );
    for (const [nth, object] of some.entries()) {
      const { parts, next } = read[nth] ?? { parts: [], next: null };
      if (next !== null) {
        page.place = atStartOf(page.place, page.place);
        return;
      }
      addParts(page, object, parts, 0, true);
      page.objects += 1;
      page.place = { ...page.place, ...after(page.place, object, parts.length > 0) };
    }
  }
}

/** @param isWhole the last of the parts is the last of the object */
function addParts(
  page: Page,
  object: NamedObject,
  parts: readonly string[],
  first: number,
  isWhole: boolean,
): void {
  for (const [nth, tables] of parts.entries()) {
    const last = isWhole && nth === parts.length - 1;
    const head = JSON.stringify({ object, part: first + nth, last });
    add(page, `${head.slice(0, -1)},"tables":${tables}}`);
  }
}

/** At the first row of an object. @param begun where it begins in the file */
function atStartOf(place: BackupPlace, { chain, lines }: { chain: string; lines: number }) {
  const from = { table: "", offset: 0 };
  const inside = { from, part: 0, stamp: "", begun: { chain, lines } };
  return { ...place, chain, lines, inside };
}

/** Continues with a large object, as much of it as one call reads. */
async function readOn(source: Source, page: Page): Promise<BackupOutcome | null> {
  const { inside } = page.place;
  const [object] = await nextObjects(source, page.place);
  if (inside === null || object === undefined) {
    page.place = nextKind(page.place);
    return null;
  }
  const { from, part, stamp, begun } = inside;
  const stub = keptObject(source.env, object);
  const read = await stub.backUp(object.name, from, BACKUP_READ_BYTES_MAX);
  if (part > 0 && read.stamp !== stamp) {
    return { kind: "disturbed", object, again: atStartOf(page.place, begun) };
  }
  addParts(page, object, read.parts, part, read.next === null);
  page.objects += 1;
  if (read.next === null) page.place = { ...page.place, ...after(page.place, object, true) };
  else {
    const next = { from: read.next, part: part + read.parts.length, stamp: read.stamp, begun };
    page.place = { ...page.place, inside: next };
  }
  return null;
}
