/**
 * `npm run verify-draw`: checks the draw of a sale from outside, over HTTP only, with code that
 * shares no line with the code that runs the sale. docs/fairness.md is what it follows.
 *
 * Exit code 0: verified. 1: something does not agree. 2: the command line made no sense. 3: not
 * yet checkable. The report goes to standard output, complaints to standard error.
 */
import { verifyDraw } from "./program.ts";

process.exitCode = await verifyDraw(process.argv.slice(2), {
  report: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
});
