/**
 * `npm start`: the whole of Sluice on this machine, a sample sale about to start, a crowd before
 * you, and the addresses to open. State is kept in `.sluice` between runs.
 */
import { startCommand } from "./options.ts";

process.exitCode = await startCommand.run(async (options) => {
  const { runSluice } = await import("./program.ts");
  return runSluice(options);
});
