/**
 * The simulation's figures in words and columns, and each target beside what was reached.
 *
 * Guarantee: for the same figures the same text; how long the machine took is printed elsewhere.
 */
import type { Bill } from "./bill.ts";
import type { Calibration, Metrics, OddsBucket, Percentiles, Seats } from "./metrics.ts";
import type { World } from "./world.ts";

function number(value: number, digits = 0): string {
  return value.toLocaleString("en-US", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

function percent(share: number): string {
  return `${number(share * 100, 1)} %`;
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function waits(who: string, waited: Percentiles): string {
  const { count, p10, p50, p90, p99, most } = waited;
  const cells = [p10, p50, p90, p99, most].map((value) => clock(value).padStart(8));
  return `  ${who.padEnd(14)}${number(count).padStart(10)}${cells.join("")}`;
}

function seats(when: string, { seconds, mean, least }: Seats): string {
  const cells = [clock(seconds).padStart(8), percent(mean).padStart(9), percent(least).padStart(9)];
  return `  ${when.padEnd(44)}${cells.join("")}`;
}

/** What a million shoppers must not cost or miss; the promises hold for a crowd of any size. */
export function targetsOf(world: World, metrics: Metrics, bill: Bill) {
  const { calibration, seatsWhileStockLasts: filled } = metrics;
  const inside = calibration.inside / Math.max(calibration.judged, 1);
  const most = Math.max(...[...world.tally.busiest.values()].map(({ perSecond }) => perSecond), 0);
  const { seatsMost } = world.tally;
  const { maxActive } = world.options;
  const dollars = bill.dollarsPerMillion;
  return [
    { name: "seats in use > 95 %", reached: percent(filled.mean), kept: filled.mean > 0.95 },
    {
      name: `never above ${maxActive} seats`,
      reached: `${seatsMost}`,
      kept: seatsMost <= maxActive,
    },
    { name: "real wait as stated >= 80 %", reached: percent(inside), kept: inside >= 0.8 },
    {
      name: "requests per shopper < 50",
      reached: number(metrics.requestsPerShopper, 1),
      kept: metrics.requestsPerShopper < 50,
    },
    { name: "no object > 500 requests/s", reached: number(most), kept: most <= 500 },
    { name: "dollars per million < 25", reached: number(dollars, 2), kept: dollars < 25 },
  ];
}

function becameOf(world: World, metrics: Metrics): string[] {
  const { fates } = metrics;
  const { tally, shop } = world;
  const { sold, available } = shop.stock.counters();
  const start_s = world.startsAt_ms / 1000;
  const out = tally.soldOutAt_ms;
  return [
    "What became of them",
    `  admitted ${number(fates.admitted)}, lapsed ${number(fates.lapsed)}, told that nothing is ` +
      `left ${number(fates.told)}, closed the tab ${number(fates.vanished)}, open ${fates.open}`,
    `  lapsed although they were there: ${metrics.lapsedThoughThere}`,
    `  sold ${number(sold)}, left over ${number(available)}; first sold out ` +
      (out === null ? "never" : `${clock(out / 1000 - start_s)} after the start`),
    `  cohorts ${number(tally.cohorts)}, booths died ${number(tally.boothCrashes)} times, ` +
      `the room ${number(tally.roomCrashes)}, cohorts delayed ${number(tally.lateCloses)} ticks, ` +
      `dead places ${number(tally.deadRanks)}`,
  ];
}

function loadLines(world: World, metrics: Metrics): string[] {
  const { tally } = world;
  const { p50, p99, most } = metrics.pollsOfPatient;
  const objects = [...tally.busiest].map(([kind, { perSecond, atSecond }]) => {
    const at = clock(atSecond - world.startsAt_ms / 1000).padStart(7);
    return `  ${kind.padEnd(14)}${number(perSecond).padStart(10)} requests/s, ${at} from the start`;
  });
  return [
    "Load",
    `  polls per shopper ${number(metrics.pollsPerShopper, 1)}; of those who stayed to the end ` +
      `median ${p50}, p99 ${p99}, most ${most}`,
    `  requests per shopper ${number(metrics.requestsPerShopper, 1)}; gates together at most ` +
      `${number(tally.pollsMostPerSecond)} a second`,
    ...objects,
    `  claims ${number(tally.claims)}, of which met full seats ${number(tally.seatsFull)}; ` +
      `least throttle ${number(tally.throttleLeast, 2)}`,
  ];
}

export function estimateLines(calibration: Calibration): string[] {
  const { judged, inside, earlier, later, width, odds, laterOdds } = calibration;
  const of = (count: number): string => percent(count / Math.max(judged, 1));
  const came = ({ shoppers, gotTheirTurn }: OddsBucket): string => {
    const share = shoppers === 0 ? "" : percent(gotTheirTurn / shoppers);
    return `${number(shoppers).padStart(10)}${share.padStart(10)}`;
  };
  const buckets = odds.map((bucket, at) => {
    const { from, to } = bucket;
    const range = (from === to ? `${to}` : `${from} to ${to}`).padEnd(14);
    const later = laterOdds[at];
    return `  odds ${range}${came(bucket)}${later === undefined ? "" : `    ${came(later)}`}`;
  });
  return [
    "Estimates",
    `  of ${number(judged)} who were called: wait as first told ${of(inside)}, ` +
      `earlier ${of(earlier)}, later ${of(later)}; median high / low ${number(width, 1)}`,
    `  turn came while any was left${"first told".padStart(11)}${"at a later poll".padStart(24)}`,
    ...buckets,
  ];
}

function billLines({ lines, dollars, dollarsPerMillion }: Bill): string[] {
  return [
    "Bill at list prices, US dollars",
    ...lines.map(({ what, amount, dollars: price }) => {
      return `  ${what.padEnd(24)}${number(amount).padStart(14)}${number(price, 2).padStart(9)}`;
    }),
    `  ${"in all".padEnd(38)}${number(dollars, 2).padStart(9)}`,
    `  ${"per million shoppers".padEnd(38)}${number(dollarsPerMillion, 2).padStart(9)}`,
  ];
}

export function reportOf(world: World, metrics: Metrics, bill: Bill): string {
  const { options, booths, seconds } = world;
  const crashes = options.crashes ? "with crashes" : "without crashes";
  const heading =
    `${number(options.shoppers)} shoppers (${options.arrive}), ${number(options.stock)} units, ` +
    `${options.maxActive} seats, ${options.ratePerMinute} calls a minute, ` +
    `${booths.count} booths, ${percent(options.noShows)} no-shows, ${crashes}, ` +
    `seed ${options.seed}; ${clock(seconds)} of virtual time`;
  const header = ["p10", "p50", "p90", "p99", "most"].map((name) => name.padStart(8)).join("");
  const targets = targetsOf(world, metrics, bill).map(({ name, reached, kept }) => {
    return `  ${kept ? "kept  " : "missed"}  ${name.padEnd(32)}${reached.padStart(9)}`;
  });
  return [
    heading,
    becameOf(world, metrics).join("\n"),
    [
      `Waits, from joining, min:s${header}`,
      waits("admitted", metrics.waitOfAdmitted_s),
      waits("told", metrics.waitOfTold_s),
    ].join("\n"),
    [
      `Seats in use, share of all ${"for".padStart(27)}${"mean".padStart(9)}${"least".padStart(9)}`,
      seats("while any wait and stock lasts", metrics.seatsWhileStockLasts),
      seats("  the same, after the first two minutes", metrics.seatsOnceFilled),
      seats("while any wait, to the last cart", metrics.seatsWhileAnyWait),
    ].join("\n"),
    loadLines(world, metrics).join("\n"),
    estimateLines(metrics.calibration).join("\n"),
    billLines(bill).join("\n"),
    ["Targets", ...targets].join("\n"),
  ].join("\n\n");
}
