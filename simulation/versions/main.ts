/**
 * `npm run versions`: runs this version and another one in turn on the same stored state, in the
 * middle of a sale, and reads everything after each change (docs/stored-shapes.md).
 */
import { versionsCommand } from "./options.ts";

process.exitCode = await versionsCommand.run(async (options) => {
  const { runVersions } = await import("./program.ts");
  return runVersions(options);
});
