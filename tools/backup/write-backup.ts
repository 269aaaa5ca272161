/**
 * Writes a backup page by page to a file.
 *
 * Guarantee: the file has its name only when the backup is complete; until then it ends in `.part`.
 * An object that changed while it was read is cut from the file and read again.
 */
import { closeSync, existsSync, ftruncateSync, openSync, renameSync, writeSync } from "node:fs";
import { z } from "zod";
import { UsageError } from "../../scripts/define-command.ts";
import { askGate, refusedText } from "./gate.ts";
import type { BackupOptions } from "./options.ts";

const AGAIN_MAX = 20;
const disturbedSchema = z.object({
  code: z.literal("backup_disturbed"),
  detail: z.string(),
  again: z.string(),
  lines: z.int(),
});

export interface BackupWritten {
  readonly lines: number;
  readonly bytes: number;
}

/** @param show is called after each page */
export async function writeBackup(
  options: BackupOptions,
  show: (text: string) => void,
): Promise<BackupWritten> {
  const { sale, file } = options;
  if (existsSync(file)) throw new UsageError(`--file ${file} exists already`);
  const part = `${file}.part`;
  const opened = openSync(part, "w", 0o600);
  try {
    const written = await writePages(options, opened, (lines) => show(`${sale}: ${lines} lines`));
    renameSync(part, file);
    return written;
  } finally {
    closeSync(opened);
  }
}

async function writePages(
  options: BackupOptions,
  file: number,
  show: (lines: number) => void,
): Promise<BackupWritten> {
  /** Where each line begins, and where the next one will. */
  const starts = [0];
  let again = 0;
  for (let after: string | null = null, isFirst = true; isFirst || after !== null;) {
    isFirst = false;
    const query = after === null ? "" : `?after=${after}`;
    const answer = await askGate(options, `/sales/${options.sale}/backup${query}`);
    if (answer.status === 409) {
      const disturbed = disturbedSchema.parse(JSON.parse(answer.text));
      again += 1;
      if (again > AGAIN_MAX) throw new Error(`${disturbed.detail} (${AGAIN_MAX} times)`);
      starts.length = disturbed.lines + 1;
      ftruncateSync(file, starts.at(-1) ?? 0);
      after = disturbed.again;
      continue;
    }
    if (answer.status !== 200) throw new Error(refusedText(answer));
    for (const line of answer.text.split("\n")) {
      if (line === "") continue;
      const bytes = Buffer.from(`${line}\n`);
      const start = starts.at(-1) ?? 0;
      writeSync(file, bytes, 0, bytes.length, start);
      starts.push(start + bytes.length);
    }
    show(starts.length - 1);
    after = answer.headers.get("Sluice-Backup-Next");
  }
  return { lines: starts.length - 1, bytes: starts.at(-1) ?? 0 };
}
