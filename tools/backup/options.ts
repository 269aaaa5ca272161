/**
 * The command lines of `npm run backup` and `npm run restore`.
 */
import { FILE, MERCHANT_API, SALE_ID } from "../../scripts/command-option.ts";
import { defineCommand, UsageError, type OptionsOf } from "../../scripts/define-command.ts";

const FILE_REQUIRED = "give the file of the backup, for example --file air-two.ndjson";

export const backupCommand = defineCommand({
  name: "npm run backup --",
  summary: `Writes a backup of a whole sale to a file: its document, its line, its units, its
    orders. The sale may go on meanwhile.`,
  options: {
    ...MERCHANT_API,
    sale: {
      ...SALE_ID,
      required: "give the id of the sale, for example --sale air-two",
      help: "the sale",
    },
    file: { ...FILE, required: FILE_REQUIRED, help: "where it is written; it must not exist" },
  },
  notes: `The file has names, addresses and mails of buyers: only its owner can read it, and it
    belongs where personal data may be. The secret of the draw is sealed in it with TICKET_KEYS of
    the deployment, which are not in it. docs/backup.md says what a backup of a running sale is.`,
  exitCodes: "0 complete, 1 not",
  resolve: ({ token, ...options }) => ({ ...options, token: known(token) }),
});

export const restoreCommand = defineCommand({
  name: "npm run restore --",
  summary: `Restores a sale from a backup, into a deployment that does not have it. It may be run
    again after any interruption.`,
  options: {
    ...MERCHANT_API,
    file: { ...FILE, required: FILE_REQUIRED, help: "the backup" },
    "dry-run": { type: "flag", help: "says what would be done, and does nothing" },
  },
  notes: `The deployment must have the secrets of the one that was backed up, or tickets,
    admissions and the sealed secret of the draw are worth nothing in it.`,
  exitCodes: "0 restored, 1 not",
  resolve: ({ token, ...options }) => ({ ...options, token: known(token) }),
});

function known(token: string | null): string {
  if (token === null) throw new UsageError("--token (or ADMIN_TOKEN) is missing");
  return token;
}

export type BackupOptions = OptionsOf<typeof backupCommand>;
export type RestoreOptions = OptionsOf<typeof restoreCommand>;
