/**
 * A small sale in virtual time: it is reproducible, every shopper has an outcome, and no promise is
 * broken even when booths and the room crash.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { billOf } from "../../../simulation/virtual-sale/bill.ts";
import { FATE } from "../../../simulation/virtual-sale/crowd.ts";
import { metricsOf, type OddsBucket } from "../../../simulation/virtual-sale/metrics.ts";
import { calibrationOfMany } from "../../../simulation/virtual-sale/many-sales.ts";
import { saleCommand, type SimulationOptions } from "../../../simulation/virtual-sale/options.ts";
import { reportOf } from "../../../simulation/virtual-sale/report.ts";
import { EventWheel } from "../../../simulation/virtual-sale/wheel.ts";
import { World } from "../../../simulation/virtual-sale/world.ts";
import { countersAgree } from "../../../src/domain/stock/stock-ledger.ts";

const SMALL = "--shoppers 3000 --stock 150 --max-active 30 --booths 8 --pre-queue 120".split(" ");

function optionsOf(...more: string[]): SimulationOptions {
  const parsed = saleCommand.parse([...SMALL, ...more]);
  if (parsed.kind !== "run") throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

async function play(...more: string[]): Promise<World> {
  const world = new World(optionsOf(...more));
  await world.run();
  return world;
}

function report(world: World): string {
  return reportOf(world, metricsOf(world), billOf(world));
}

describe.each([
  ["in a flash, with crashes", []],
  ["in a flash, without crashes", ["--crashes", "off"]],
  ["on a ramp", ["--arrive", "ramp"]],
  ["and half of which does not claim", ["--no-shows", "0.5", "--seed", "other"]],
])("a crowd that comes %s", (_how, more) => {
  let world: World;
  beforeAll(async () => {
    world = await play(...more);
  });

  test("ends admitted, lapsed, sold out, or gone", () => {
    expect([...world.crowd.fate]).not.toContain(FATE.none);
    const { admitted, lapsed, told, vanished } = metricsOf(world).fates;
    expect(admitted + lapsed + told + vanished).toBe(3000);
  });

  test("has distinct ranks, and nobody is called without one", () => {
    const ranks = [...world.crowd.rank].filter((rank) => rank >= 0);
    expect(new Set(ranks).size).toBe(ranks.length);
    expect(ranks.length + world.tally.deadRanks).toBe(world.shop.lane.places);
    expect(world.shop.lane.called).toBeLessThanOrEqual(world.shop.lane.places);
  });

  test("never takes more seats than there are, and frees all of them", () => {
    expect(world.tally.seatsMost).toBeLessThanOrEqual(30);
    expect(world.shop.room.seats.active).toBe(0);
  });

  test("buys no more than there is, and everything there is", () => {
    const counters = world.shop.stock.counters();
    expect(countersAgree(counters)).toBe(true);
    expect(counters).toMatchObject({ received: 150, sold: 150, available: 0, held: 0, ordered: 0 });
  });

  test("orders no faster than orders are processed, so the room is never throttled", () => {
    expect(world.tally.throttleLeast).toBe(1);
  });

  test("loses no turn while it polls in time", () => {
    expect(metricsOf(world).lapsedThoughThere).toBe(0);
  });

  test("waits as long as forecast in at least four of five cases", () => {
    const { judged, inside } = metricsOf(world).calibration;
    expect(judged).toBeGreaterThan(100);
    expect(inside / judged).toBeGreaterThanOrEqual(0.8);
  });
});

describe("odds", () => {
  const bandsOf = (buckets: readonly OddsBucket[]) =>
    buckets.filter(({ shoppers }) => shoppers >= 200);

  test("shown while waiting come true as often as they state, over sales with different crowds", async () => {
    const { laterOdds } = await calibrationOfMany(optionsOf("--crashes", "off"), 14);
    const bands = bandsOf(laterOdds);
    expect(bands.length).toBeGreaterThanOrEqual(6);
    for (const { from, to, shoppers, gotTheirTurn } of bands) {
      expect(gotTheirTurn / shoppers).toBeGreaterThanOrEqual(from - 0.1);
      expect(gotTheirTurn / shoppers).toBeLessThanOrEqual(to + 0.1);
    }
  }, 60_000);

  test("know the end: over sales that end by time or by stock, the odds promise no more than comes true", async () => {
    const ends = optionsOf("--crashes", "off", "--ends-after", "1500", "--stock", "200");
    const { laterOdds } = await calibrationOfMany(ends, 12);
    const bands = bandsOf(laterOdds);
    expect(bands.length).toBeGreaterThanOrEqual(4);
    for (const { from, shoppers, gotTheirTurn } of bands) {
      expect(gotTheirTurn / shoppers).toBeGreaterThanOrEqual(from - 0.1);
    }
    expect(laterOdds.at(-1)).toMatchObject({ from: 1 });
    const { shoppers = 0, gotTheirTurn = 0 } = laterOdds.at(-1) ?? {};
    expect(gotTheirTurn / shoppers).toBeGreaterThanOrEqual(0.99);
  }, 60_000);

  test("become more certain once some have bought: fewer are in the middle", async () => {
    const { odds, laterOdds } = metricsOf(await play()).calibration;
    const uncertain = (buckets: readonly OddsBucket[]): number =>
      buckets
        .filter(({ from, to }) => from >= 0.1 && to <= 0.75)
        .reduce((sum, { shoppers }) => sum + shoppers, 0);
    expect(uncertain(laterOdds)).toBeLessThan(uncertain(odds) / 2);
  });
});

describe("the simulation", () => {
  test("gives the same sale for the same seed, and another for another seed", async () => {
    const first = report(await play());
    expect(report(await play())).toBe(first);
    expect(report(await play("--seed", "2"))).not.toBe(first);
  });

  test("has booths that crash, and skips their places", async () => {
    expect((await play("--crashes", "off")).tally).toMatchObject({ boothCrashes: 0, deadRanks: 0 });
    expect((await play()).tally.boothCrashes).toBeGreaterThan(0);
  });

  test("keeps the seats filled while stock lasts, in spite of absent shoppers", async () => {
    const { seatsOnceFilled } = metricsOf(await play("--stock", "600", "--max-active", "100"));
    expect(seatsOnceFilled.seconds).toBeGreaterThan(60);
    expect(seatsOnceFilled.mean).toBeGreaterThan(0.95);
  });

  test.each([
    [["--shoppers", "0"], "--shoppers"],
    [["--no-shows", "2"], "--no-shows"],
    [["--arrive", "late"], "--arrive"],
    [["--sales", "0"], "--sales"],
    [["--frobnicate"], "frobnicate"],
  ])("refuses %j", (args, named) => {
    const parsed = saleCommand.parse(args);
    expect(parsed.kind).toBe("bad");
    expect(JSON.stringify(parsed)).toContain(named);
  });
});

describe("the wheel of events", () => {
  test("returns each shopper in the tenth of a second of their instant", () => {
    const wheel = new EventWheel(3);
    wheel.schedule(0, 250);
    wheel.schedule(1, 300);
    wheel.schedule(2, 100);
    const happened: [number, number][] = [];
    for (let now = 100; now <= 400; now += 100) {
      wheel.turnTo(now, (shopper) => {
        happened.push([now, shopper]);
        if (shopper === 2 && now === 100) wheel.schedule(2, now);
      });
    }
    expect(happened.toSorted(([a, x], [b, y]) => a - b || x - y)).toEqual([
      [100, 2],
      [200, 2],
      [300, 0],
      [300, 1],
    ]);
  });

  test("throws for an instant beyond its span", () => {
    expect(() => new EventWheel(1).schedule(0, 1e9)).toThrow(RangeError);
  });
});
