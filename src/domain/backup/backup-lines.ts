/**
 * The file of a backup: one JSON document a line. First the header, then the rows of each object in
 * parts, last a line with the counts. Each line ends with the chain: the SHA-256 of the chain of
 * the line before it and of its own content.
 *
 * Guarantee: a line that was changed, left out, repeated or moved, and a file that was cut, are
 * found before anything of it is restored.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { parseJson } from "../../encoding/json.ts";

/** The version of this format, and the least reader that understands what is written today. */
export const BACKUP_FORMAT = 1;
const BACKUP_LEAST_READER = 1;

/**
 * The kinds of objects of a sale, in the order in which a backup reads them: each after what it may
 * have outrun, so that a unit, a place or a use is never free in the restored sale that an order,
 * a ticket or a cohort of it already has (docs/backup.md).
 */
export const BACKUP_KINDS = [
  "room",
  "order",
  "stock",
  "discounts",
  "desk",
  "booth",
  "reminders",
] as const;
export type BackupKind = (typeof BACKUP_KINDS)[number];

const namedSchema = z.strictObject({
  kind: z.enum(BACKUP_KINDS),
  name: z.string().min(1).max(300),
});
export type NamedObject = Readonly<z.output<typeof namedSchema>>;

const headerSchema = z.looseObject({
  sluice: z.literal("backup"),
  format: z.int(),
  leastReader: z.int(),
  id: z.string().min(1).max(64),
  sale: z.string(),
  startedAt: z.string(),
  /** Of the deployment that wrote it. */
  paused: z.boolean(),
});
export type BackupHeader = Readonly<z.output<typeof headerSchema>>;

/** A cell: JSON has no bytes, so they are base64. */
const cellSchema = z.union([z.string(), z.number(), z.null(), z.strictObject({ b64: z.string() })]);
export type BackupCell = z.output<typeof cellSchema>;

const tableSchema = z.strictObject({
  table: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(cellSchema)),
});
export type BackupTable = z.output<typeof tableSchema>;
export const backupTablesSchema = z.array(tableSchema);

const partSchema = z.looseObject({
  object: namedSchema,
  /** Counts the parts of one object, from 0. */
  part: z.int().nonnegative(),
  last: z.boolean(),
  tables: backupTablesSchema,
});
export type BackupPart = Readonly<z.output<typeof partSchema>>;

const countsSchema = z.record(z.string(), z.int());
const endSchema = z.looseObject({ objects: countsSchema, lines: z.int() });
export type BackupEnd = Readonly<z.output<typeof endSchema>>;

export function headerOf(
  facts: Pick<BackupHeader, "id" | "sale" | "startedAt" | "paused">,
): BackupHeader {
  const versions = { format: BACKUP_FORMAT, leastReader: BACKUP_LEAST_READER };
  return { sluice: "backup", ...versions, ...facts };
}

/** What stands at the end of a line, after the content without its last brace. */
const TAIL = /^,"chain":"([0-9a-f]{64})"\}$/;
const TAIL_LENGTH = 76;

function chainOf(before: string, content: string): string {
  return bytesToHex(sha256(utf8ToBytes(`${before}\n${content}`)));
}

/**
 * The content as a line, and the chain after it.
 * @param before empty before the first line
 * @param text the JSON of an object
 */
export function lineOf(before: string, text: string): { line: string; chain: string } {
  const chain = chainOf(before, text);
  return { line: `${text.slice(0, -1)},"chain":"${chain}"}`, chain };
}

export type BackupLine =
  | { readonly kind: "header"; readonly header: BackupHeader }
  | { readonly kind: "part"; readonly part: BackupPart }
  | { readonly kind: "end"; readonly end: BackupEnd };

export type LineRead =
  | (BackupLine & { readonly chain: string })
  | { readonly kind: "unreadable"; readonly why: string };

const unreadable = (why: string): LineRead => ({ kind: "unreadable", why });

/** @param before the chain of the line before; null: it is not known, and not compared */
export function readLine(line: string, before: string | null): LineRead {
  const chain = TAIL.exec(line.slice(-TAIL_LENGTH))?.[1];
  if (chain === undefined) return unreadable("is no line of a backup");
  const text = `${line.slice(0, -TAIL_LENGTH)}}`;
  if (before !== null && chainOf(before, text) !== chain) {
    return unreadable("does not follow the line before it: the file was changed or is incomplete");
  }
  const content = parseJson(text);
  const header = headerSchema.safeParse(content);
  if (header.success) {
    if (header.data.leastReader <= BACKUP_FORMAT) {
      return { kind: "header", header: header.data, chain };
    }
    const needs = `needs a release that reads format ${header.data.leastReader}`;
    return unreadable(`${needs}; this one reads up to ${BACKUP_FORMAT}`);
  }
  const part = partSchema.safeParse(content);
  if (part.success) return { kind: "part", part: part.data, chain };
  const end = z.looseObject({ end: endSchema }).safeParse(content);
  if (end.success) return { kind: "end", end: end.data.end, chain };
  return unreadable("is neither a header, nor rows, nor the end of a backup");
}

/** Whether an object may belong to the sale. Units may be shared, so a SKU belongs to any. */
export function mayBeOf(sale: string, { kind, name }: NamedObject): boolean {
  switch (kind) {
    case "room":
    case "discounts":
      return name === sale;
    case "desk":
    case "booth":
    case "reminders":
      return name.startsWith(`${sale}/`);
    case "order":
      return /^ord_[0-9a-f]{40}$/.test(name);
    case "stock":
      return true;
  }
}
