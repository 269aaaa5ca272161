/**
 * The simulation of orders under faults: all promises are kept, it is reproducible, every kind of
 * fault happens, and deliberate bugs are found.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { FAULT_KINDS } from "../../../simulation/faults/faults.ts";
import { faultsCommand } from "../../../simulation/faults/options.ts";
import { faultsReport } from "../../../simulation/faults/report.ts";
import { runSeed, runSeeds, type Summary } from "../../../simulation/faults/run.ts";
import { EPOCH_MS, VirtualTime } from "../../../simulation/faults/virtual-time.ts";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";
import { MUTANTS } from "../support/faults-mutants.ts";

const SEEDS = 300;
const MUTANT_SEEDS_MAX = 1000;
const LONG_MS = 120_000;

describe(`${SEEDS} small sales under faults`, () => {
  let summary: Summary;
  beforeAll(async () => {
    summary = await runSeeds({ firstSeed: 1, lastSeed: SEEDS });
  }, LONG_MS);

  test("keep every promise, step after step, and settle when the faults stop", () => {
    expect(summary.violations).toEqual([]);
    expect(summary.steps).toBeGreaterThan(100 * SEEDS);
  });

  test("end in every way an order can end", () => {
    const ends = ["confirmed", "declined", "failed", "cancelled", "rejected"];
    for (const end of ends) expect([end, summary.ends.get(end) ?? 0]).not.toEqual([end, 0]);
  });

  test("meet every kind of fault", () => {
    const met = FAULT_KINDS.filter((kind) => (summary.faults.get(kind) ?? 0) > 0);
    expect(met).toEqual([...FAULT_KINDS]);
  });
});

describe("a seed", () => {
  test("always gives the same run, and another seed gives another one", async () => {
    const trace: string[] = [];
    const show = (line: string): void => {
      trace.push(line);
    };
    const first = await runSeed(4, undefined, show);
    const firstTrace = trace.splice(0);
    const again = await runSeed(4, undefined, show);
    expect(trace).toEqual(firstTrace);
    expect(again).toEqual(first);
    expect((await runSeed(5)).hash).not.toBe(first.hash);
  });

  test("that breaks a promise is reported with the command that shows it again", () => {
    const violation = { seed: 4711, step: 12, promise: "P3", what: "ord_s1_1 was paid 2 times" };
    const report = faultsReport({
      seeds: 1,
      steps: 12,
      ends: new Map(),
      faults: new Map(),
      violations: [{ ...violation, promise: "P3" }],
    });
    expect(report).toContain("seed 4711, step 12, P3: ord_s1_1 was paid 2 times");
    expect(report).toContain("npm run simulate -- --faults --seed 4711 --trace");
  });
});

/** The seeds that docs/orders.md gives, by bug: tried first, because a search takes minutes. */
function documentedSeeds(): ReadonlyMap<string, number> {
  const guide = readFileSync(join(PROJECT_ROOT, "docs", "orders.md"), "utf8");
  const [, table = ""] = guide.split("| first seed |");
  const rows = table.matchAll(/^\| (.+?) +\| ([\d,]+) +\| \w+ +\|$/gm);
  return new Map([...rows].map(([, bug = "", seed = ""]) => [bug, Number(seed.replace(",", ""))]));
}

describe(`a deliberate bug is found within ${MUTANT_SEEDS_MAX} seeds`, () => {
  const documented = documentedSeeds();

  test("and the guide names each", () => {
    expect([...documented.keys()]).toEqual(MUTANTS.map(([name]) => name));
    expect(Math.max(...documented.values())).toBeLessThanOrEqual(MUTANT_SEEDS_MAX);
  });

  test.each(MUTANTS)(
    "%s",
    async (name, rules) => {
      let found = (await runSeed(documented.get(name) ?? 1, rules)).violation;
      // A change of the faults or the rules may have moved it.
      for (let seed = 1; seed <= MUTANT_SEEDS_MAX && found === null; seed += 1) {
        found = (await runSeed(seed, rules)).violation;
      }
      expect(found).not.toBeNull();
      expect(found?.promise).not.toBe("bug");
    },
    LONG_MS,
  );
});

describe("virtual time", () => {
  test("runs callbacks in the order of their instants, and then of their scheduling", async () => {
    const time = new VirtualTime();
    const happened: string[] = [];
    time.after(20, () => happened.push("late"));
    time.after(10, () => {
      happened.push("first");
      time.after(0, () => happened.push("at once"));
    });
    time.after(10, () => happened.push("second"));
    await time.run(EPOCH_MS + 15, () => undefined);
    expect(happened).toEqual(["first", "second", "at once"]);
    expect(time.now).toBe(EPOCH_MS + 15);
  });

  test("advances only when all pending microtasks have run", async () => {
    const time = new VirtualTime();
    let turns = 0;
    const turn = async (): Promise<void> => {
      await time.sleep(1);
      for (let step = 0; step < 50; step += 1) {
        await Promise.resolve();
        turns += 1;
      }
    };
    void turn();
    const seen: number[] = [];
    await time.run(EPOCH_MS + 10, () => seen.push(turns));
    expect(seen).toEqual([50]);
  });
});

describe("the command line of the faults", () => {
  test("means a thousand worlds, or the one that is named", () => {
    const many = { firstSeed: 1, lastSeed: 1000, trace: false };
    expect(faultsCommand.parse(["--faults"])).toEqual({ kind: "run", options: many });
    const one = { firstSeed: 7, lastSeed: 7, trace: true };
    expect(faultsCommand.parse(["--faults", "--seed", "7", "--trace"])).toEqual({
      kind: "run",
      options: one,
    });
  });

  const NO_SEEDS = '--seeds must be a count, or two seeds as "2001..4000", from 1 to 2147483647';

  test.each([
    [["--seeds", "0"], NO_SEEDS],
    [["--seeds", "2147483648"], NO_SEEDS],
    [["--seeds", "7..6"], NO_SEEDS],
    [["--seed", "many"], "--seed must be a whole number from 1 to 2147483647"],
    [["--seed", "1", "--seeds", "2"], "--seed is one world, --seeds are many: give one of them"],
    [["--trace"], "--trace prints the events of one world: give it with --seed"],
  ])("%j gets the sentence: %s", (args, message) => {
    expect(faultsCommand.parse(args)).toEqual({ kind: "bad", message });
  });

  test("--help ignores the other options", () => {
    expect(faultsCommand.parse(["--help", "--seeds", "0"])).toEqual({ kind: "help" });
  });
});
