/**
 * The crons of the local host: fired at the same minutes as on the platform, until the host stops.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cronPeriod_ms, startCrons, type Crons } from "../../../simulation/host/crons.ts";
import { readWorkerConfig } from "../../../scripts/worker-config.ts";

const MINUTE_MS = 60_000;
const CRON = "*/5 * * * *";

type Fire = (cron: string) => Promise<void>;

let table: Crons | null = null;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-27T10:03:00Z") });
});
afterEach(() => {
  table?.stop();
  table = null;
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function start(fire: Fire): string[] {
  const problems: string[] = [];
  table = startCrons([CRON], fire, (problem) => problems.push(problem));
  return problems;
}

describe("a cron", () => {
  test("is fired when it is due, and at every next time", async () => {
    const fired: string[] = [];
    start(async () => {
      fired.push(new Date().toISOString());
    });
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS - 1);
    expect(fired).toEqual([]);
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS + 1);
    expect(fired.map((at) => at.slice(11, 19))).toEqual(["10:05:00", "10:10:00", "10:15:00"]);
  });

  test("is fired once even if a timer is early, and not for times missed in sleep", async () => {
    const fire = vi.fn<Fire>(async () => undefined);
    start(fire);
    vi.setSystemTime(Date.parse("2026-11-27T10:02:59.999Z"));
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(fire).toHaveBeenCalledTimes(1);
    vi.setSystemTime(Date.parse("2026-11-27T18:02:00Z"));
    await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
    expect(fire).toHaveBeenCalledTimes(2);
  });

  test("that fails is reported, and is fired again at the next time", async () => {
    const fire = vi.fn<Fire>(() => Promise.reject(new Error("no database")));
    const problems = start(fire);
    await vi.advanceTimersByTimeAsync(7 * MINUTE_MS);
    expect(fire).toHaveBeenCalledTimes(2);
    const problem = `The cron ${CRON} failed: no database`;
    expect(problems).toEqual([problem, problem]);
  });

  test("keeps no process alive, and is not fired after the end", async () => {
    const timers = vi.spyOn(globalThis, "setTimeout");
    let end = (): void => undefined;
    const fire = vi.fn<Fire>(() => {
      return new Promise<void>((_, reject) => {
        end = () => reject(new Error("cut off"));
      });
    });
    const problems = start(fire);
    await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
    expect(timers.mock.results.map(({ value }) => value.hasRef())).toEqual([false, false]);
    table?.stop();
    end();
    await vi.advanceTimersByTimeAsync(60 * MINUTE_MS);
    expect(fire).toHaveBeenCalledTimes(1);
    expect(problems).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("the local host supports the orders Worker's crons", () => {
  const { crons } = readWorkerConfig("queues/wrangler.toml", "lifted");
  expect(crons.map(cronPeriod_ms)).toEqual([5 * MINUTE_MS]);
});

test.each(["0 3 * * *", "*/7 * * * *", "*/0 * * * *", "* * * * *", "*/5 9 * * *", ""])(
  "the cron '%s' is refused",
  (cron) => {
    expect(() => cronPeriod_ms(cron)).toThrow("does not support the cron");
  },
);
