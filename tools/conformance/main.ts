/**
 * `npm run conformance`: a shop tries its own payment and order servers against the contract in
 * docs/backends.md, through the adapters that Sluice deploys and with requests they never send.
 * Findings go to standard output, one a line, progress and errors to standard error.
 */
import { conformanceCommand } from "./options.ts";

process.exitCode = await conformanceCommand.run(async (options) => {
  const { testConformance } = await import("./program.ts");
  return testConformance(options);
});
