/**
 * `npm run drill`: sends a crowd at a Sluice, over HTTP only, and gives a verdict on its promises.
 * The report goes to standard output, progress and errors to standard error.
 */
import { drillCommand } from "./options.ts";

process.exitCode = await drillCommand.run(async (options) => {
  const { runDrill } = await import("./program.ts");
  return runDrill(options);
});
