/**
 * `npm run bench`: the hot paths of the gate beside the bare runtime, in one process and one run.
 * Ratios go to standard output, progress to standard error.
 */
import { benchCommand } from "./options.ts";

process.exitCode = await benchCommand.run(async (options) => {
  const { runBench } = await import("./run.ts");
  return runBench(options);
});
