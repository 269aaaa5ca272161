/**
 * `npm run deploy`: puts both Workers into the Cloudflare account wrangler is logged in to. The
 * plan goes to standard output, progress and errors to standard error.
 */
import { deployCommand } from "./options.ts";

process.exitCode = await deployCommand.run(async (options) => {
  const { runDeployment } = await import("./program.ts");
  return runDeployment(options);
});
