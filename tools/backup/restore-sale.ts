/**
 * Restores a sale from the file of a backup.
 *
 * Guarantee: the whole file is checked before anything of it is sent. Everything but the room is
 * restored first, then the room, and only then is anything woken, so that no shopper and no queue
 * meets half a sale. It holds one batch of lines and the names of the objects in memory.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { z } from "zod";
import {
  readLine,
  type BackupEnd,
  type BackupHeader,
  type NamedObject,
} from "../../src/domain/backup/backup-lines.ts";
import { BACKUP_BODY_BYTES_MAX, BACKUP_WOKEN_MAX } from "../../src/domain/limits.ts";
import { askGate, refusedText } from "./gate.ts";
import type { RestoreOptions } from "./options.ts";

const BATCH_BYTES_MAX = BACKUP_BODY_BYTES_MAX / 4;

export interface Checked {
  readonly header: BackupHeader;
  readonly headerLine: string;
  readonly end: BackupEnd;
  readonly objects: readonly NamedObject[];
}

export interface Restored extends Checked {
  /** Objects that were there already, from this backup. */
  readonly already: number;
  /** Buyers that were erased after the backup, and are so again. */
  readonly erased: number;
  /** Null in a dry run. */
  readonly audit: unknown;
}

export class BadBackup extends Error {
  override readonly name = "BadBackup";
}

function linesOf(file: string): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
}

/** Reads the whole file. @throws BadBackup for one that was changed, or is incomplete */
export async function checkBackup(file: string): Promise<Checked> {
  let [chain, count, headerLine] = ["", 0, ""];
  let header: BackupHeader | null = null;
  let end: BackupEnd | null = null;
  const objects: NamedObject[] = [];
  for await (const line of linesOf(file)) {
    const read = readLine(line, chain);
    count += 1;
    if (read.kind === "unreadable") throw new BadBackup(`${file}, line ${count} ${read.why}`);
    if (end !== null || (read.kind === "header") !== (count === 1)) {
      throw new BadBackup(`${file}, line ${count} is not where it belongs`);
    }
    chain = read.chain;
    if (read.kind === "header") [header, headerLine] = [read.header, line];
    else if (read.kind === "end") end = read.end;
    else if (read.part.last) objects.push(read.part.object);
  }
  if (header === null || end === null) throw new BadBackup(`${file} has no end: it is incomplete`);
  const counted = Object.values(end.objects).reduce((sum, some) => sum + some, 0);
  if (end.lines !== count - 1 || counted !== objects.length) {
    throw new BadBackup(`${file} has other counts than its end says`);
  }
  return { header, headerLine, end, objects };
}

const outcomeSchema = z.object({ objects: z.array(z.object({ outcome: z.string() })) });

export async function restoreSale(
  options: RestoreOptions,
  show: (text: string) => void,
): Promise<Restored> {
  const { file, dryRun } = options;
  const checked = await checkBackup(file);
  const { sale, id } = checked.header;
  let [sent, already] = [0, 0];
  const send = async (batch: readonly string[]): Promise<void> => {
    const text = [checked.headerLine, ...batch].join("\n");
    const path = `/sales/${sale}/restore?dryRun=${dryRun}`;
    const answer = await askGate(options, path, { type: "application/x-ndjson", text });
    if (answer.status !== 200) throw new Error(refusedText(answer));
    const { objects } = outcomeSchema.parse(JSON.parse(answer.text));
    already += objects.filter(({ outcome }) => outcome === "already_restored").length;
    sent += batch.length;
    show(`${sale}: ${sent} of ${checked.end.lines - 1} lines`);
  };
  await sendLines(file, (kind) => kind !== "room", send);
  await sendLines(file, (kind) => kind === "room", send);
  const counted = { ...checked, already, erased: 0, audit: null };
  if (dryRun) return counted;
  const rooms = checked.objects.filter(({ kind }) => kind === "room");
  const others = checked.objects.filter(({ kind }) => kind !== "room");
  const erased = await wakeAll(options, { sale, id }, [...others, ...rooms], show);
  const audit = await askGate(options, `/sales/${sale}/audit`);
  if (audit.status !== 200) throw new Error(refusedText(audit));
  return { ...counted, erased, audit: JSON.parse(audit.text) };
}

async function sendLines(
  file: string,
  isOf: (kind: string) => boolean,
  send: (batch: readonly string[]) => Promise<void>,
): Promise<void> {
  let [batch, bytes]: [string[], number] = [[], 0];
  for await (const line of linesOf(file)) {
    const read = readLine(line, null);
    if (read.kind !== "part" || !isOf(read.part.object.kind)) continue;
    if (bytes > 0 && bytes + line.length > BATCH_BYTES_MAX) {
      await send(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(line);
    bytes += line.length;
  }
  if (batch.length > 0) await send(batch);
}

const wokenSchema = z.object({ erased: z.int() });

async function wakeAll(
  options: RestoreOptions,
  { sale, id: backup }: { readonly sale: string; readonly id: string },
  objects: readonly NamedObject[],
  show: (text: string) => void,
): Promise<number> {
  let erased = 0;
  for (let from = 0; from < objects.length; from += BACKUP_WOKEN_MAX) {
    const some = objects.slice(from, from + BACKUP_WOKEN_MAX);
    const text = JSON.stringify({ backup, objects: some });
    const path = `/sales/${sale}/restored-objects`;
    const answer = await askGate(options, path, { type: "application/json", text });
    if (answer.status !== 200) throw new Error(refusedText(answer));
    erased += wokenSchema.parse(JSON.parse(answer.text)).erased;
    show(`${sale}: ${from + some.length} of ${objects.length} objects act again`);
  }
  return erased;
}
