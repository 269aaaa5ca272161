/**
 * `npm run backup`: writes a backup of a whole sale to a file, through the merchant's API. The
 * report goes to standard output, progress and errors to standard error.
 */
import { backupCommand } from "./options.ts";

process.exitCode = await backupCommand.run(async (options) => {
  const { withProgress } = await import("../../scripts/progress.mjs");
  const { writeBackup } = await import("./write-backup.ts");
  const { lines, bytes } = await withProgress(`Backing up ${options.sale}`, ({ show }) => {
    return writeBackup(options, show);
  });
  const size = `${lines} lines, ${Math.ceil(bytes / 1024)} KiB`;
  process.stdout.write(`Sale ${options.sale} is in ${options.file}: ${size}.\n`);
  return 0;
});
