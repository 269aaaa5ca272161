/**
 * Plays one sale, or many whose crowds differ, and prints the metrics.
 *
 * Guarantee: the same options print the same metrics; only the last line, what it took on this
 * machine, differs.
 */
import { withProgress } from "../../scripts/progress.mjs";
import { billOf } from "./bill.ts";
import { STAGE } from "./crowd.ts";
import { calibrationOfMany } from "./many-sales.ts";
import { metricsOf } from "./metrics.ts";
import type { SimulationOptions } from "./options.ts";
import { estimateLines, reportOf } from "./report.ts";
import { World } from "./world.ts";

/** @returns the exit code; a broken promise throws */
export async function simulateSale(options: SimulationOptions): Promise<number> {
  const began_ms = performance.now();
  if (options.sales > 1) await playMany(options);
  else await playOne(options);
  const took_s = (performance.now() - began_ms) / 1000;
  const memory_mib = process.resourceUsage().maxRSS / 1024;
  console.log(`\ntook ${took_s.toFixed(1)} s and ${memory_mib.toFixed(0)} MiB`);
  return 0;
}

async function playOne(options: SimulationOptions): Promise<void> {
  const { shoppers } = options;
  const world = await withProgress(`Drawing ${shoppers} shoppers`, async ({ show, tick }) => {
    const world = new World(options);
    const gone = () => world.crowd.stage.reduce((sum, at) => sum + Number(at === STAGE.gone), 0);
    show(() => `${world.seconds} s of virtual time, ${gone()} of ${shoppers} shoppers are done`);
    await world.run(tick);
    return world;
  });
  console.log(reportOf(world, metricsOf(world), billOf(world)));
}

async function playMany(options: SimulationOptions): Promise<void> {
  const { sales, shoppers, stock } = options;
  console.log(`${sales} sales of ${stock} units, each with ${shoppers} shoppers of its own kind\n`);
  const calibration = await withProgress("Playing the first sale", ({ show }) => {
    return calibrationOfMany(options, sales, (sale) => show(`${sale} of ${sales} sales`));
  });
  console.log(estimateLines(calibration).join("\n"));
}
