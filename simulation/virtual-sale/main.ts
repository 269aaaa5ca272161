/**
 * Plays a whole sale in virtual time with the rules of `src/domain` and prints what came of it.
 *
 * Guarantee: the same options print the same metrics; only the last line, what it took on this
 * machine, differs. Not for latencies or the platform's habits: the bench and the drill are. With
 * `--faults` it is orders that are simulated instead, under every fault: see `faults/program.ts`.
 */
import { billOf } from "./bill.ts";
import { metricsOf } from "./metrics.ts";
import { calibrationOfMany } from "./many-sales.ts";
import { parseOptions, USAGE, type SimulationOptions } from "./options.ts";
import { estimateLines, reportOf } from "./report.ts";
import { World } from "./world.ts";

async function simulate(options: SimulationOptions): Promise<void> {
  const began_ms = performance.now();
  if (options.sales > 1) {
    const { sales, shoppers, stock } = options;
    console.log(
      `${sales} sales of ${stock} units, each with ${shoppers} shoppers of its own kind\n`,
    );
    console.log(estimateLines(await calibrationOfMany(options, sales)).join("\n"));
  } else {
    const world = new World(options);
    await world.run();
    console.log(reportOf(world, metricsOf(world), billOf(world)));
  }
  const took_s = (performance.now() - began_ms) / 1000;
  const memory_mib = process.resourceUsage().maxRSS / 1024;
  console.log(`\ntook ${took_s.toFixed(1)} s and ${memory_mib.toFixed(0)} MiB`);
}

async function main(): Promise<number> {
  const args = process.argv.slice(2);
  if (args.includes("--faults")) {
    const { faultsProgram } = await import("../faults/program.ts");
    return faultsProgram(args);
  }
  const parsed = parseOptions(args);
  switch (parsed.kind) {
    case "help":
      console.log(USAGE);
      return 0;
    case "refused":
      for (const message of parsed.messages) console.error(message);
      console.error("\nnpm run simulate -- --help lists the options.");
      return 2;
    case "options":
      await simulate(parsed.options);
      return 0;
  }
}

process.exitCode = await main();
