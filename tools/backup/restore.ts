/**
 * `npm run restore`: restores a sale from the file of a backup, through the merchant's API. The
 * report goes to standard output, progress and errors to standard error.
 */
import { restoreCommand } from "./options.ts";

process.exitCode = await restoreCommand.run(async (options) => {
  const { withProgress } = await import("../../scripts/progress.mjs");
  const { restoreReport } = await import("./report.ts");
  const { BadBackup, restoreSale } = await import("./restore-sale.ts");
  try {
    const restored = await withProgress(`Reading ${options.file}`, ({ show }) => {
      return restoreSale(options, show);
    });
    process.stdout.write(restoreReport(restored, options.dryRun));
    return 0;
  } catch (error) {
    if (!(error instanceof BadBackup)) throw error;
    process.stderr.write(`${error.message}. Nothing was restored.\n`);
    return 1;
  }
});
