/**
 * `npm run simulate`: plays a whole sale in virtual time with the rules of `src/domain` and prints
 * what came of it; with `--faults` it simulates orders under every fault instead, see
 * `simulation/faults`. Not for latencies or the platform's habits: the bench and the drill are.
 */
import { faultsCommand } from "../faults/options.ts";
import { saleCommand } from "./options.ts";

async function main(): Promise<number> {
  if (process.argv.includes("--faults")) {
    return faultsCommand.run(async (options) => {
      const { simulateFaults } = await import("../faults/program.ts");
      return simulateFaults(options);
    });
  }
  return saleCommand.run(async (options) => {
    const { simulateSale } = await import("./program.ts");
    return simulateSale(options);
  });
}

process.exitCode = await main();
