/**
 * `npm run fuzz`: sends a fresh Sluice what it must refuse or must not mind, and gives a verdict.
 * The report goes to standard output, progress to standard error.
 */
import { fuzzCommand } from "./options.ts";

process.exitCode = await fuzzCommand.run(async (options) => {
  const { runFuzz } = await import("./program.ts");
  return runFuzz(options);
});
