/**
 * `npm run verify-draw`: checks the draw of a sale from outside, over HTTP only, with code that
 * shares no line with the code that runs the sale. docs/fairness.md is what it follows. The report
 * goes to standard output, progress and errors to standard error.
 */
import { verifyDrawCommand } from "./options.ts";

process.exitCode = await verifyDrawCommand.run(async (options) => {
  const { verifyDraw } = await import("./program.ts");
  return verifyDraw(options);
});
