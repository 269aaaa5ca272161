/**
 * Two isolates of the orders Worker that share their breakers through a KV that shows a change a
 * minute late, in virtual time: their behaviour until each sees the other's writes, and after.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BREAKER_DEFAULTS, writtenBreakerSchema } from "../../../src/domain/breaker.ts";
import { Breaker, type HintStore } from "../../../queues/breakers.ts";

const KEY = "breaker:payment";

/** A KV whose readers see their own writes at once, and those of others `lag_ms` late. */
class LaggingKv {
  readonly #lag_ms: number;
  readonly #writes: { key: string; value: string; at_ms: number; place: string }[] = [];
  now = 0;
  down = false;

  constructor(lag_ms = 60_000) {
    this.#lag_ms = lag_ms;
  }

  seenFrom(place: string): HintStore {
    return {
      get: async (key) => {
        if (this.down) throw new Error("KV is down");
        const seen = this.#writes.filter((write) => {
          const lag_ms = write.place === place ? 0 : this.#lag_ms;
          return write.key === key && write.at_ms + lag_ms <= this.now;
        });
        return seen.toSorted((a, b) => a.at_ms - b.at_ms).at(-1)?.value ?? null;
      },
      put: async (key, value) => {
        if (this.down) throw new Error("KV is down");
        this.#writes.push({ key, value, at_ms: this.now, place });
      },
    };
  }

  get written(): { readonly place: string; readonly state: string; readonly epoch: number }[] {
    return this.#writes.map(({ value, place }) => {
      const shared = writtenBreakerSchema.parse(value);
      if (shared === null) throw new Error("nobody writes nothing");
      return { place, state: shared.state, epoch: shared.epoch };
    });
  }
}

class Isolate {
  readonly #breaker: Breaker;
  readonly #kv: LaggingKv;
  calls = 0;

  constructor(kv: LaggingKv, name: string) {
    this.#kv = kv;
    this.#breaker = new Breaker(kv.seenFrom(name), "payment", name);
  }

  /** Makes one call now, if the breaker permits it; true when it did. */
  async call(failed: boolean, duration_ms = 100): Promise<boolean> {
    const permission = await this.#breaker.ask(this.#kv.now);
    if (permission.kind === "wait") return false;
    this.calls += 1;
    const { probe } = permission;
    await this.#breaker.record({ failed, duration_ms, probe }, this.#kv.now);
    return true;
  }
}

async function times(count: number, act: () => Promise<unknown>): Promise<void> {
  for (let time = 0; time < count; time += 1) await act();
}

beforeEach(() => void vi.spyOn(console, "warn").mockImplementation(() => undefined));
afterEach(() => void vi.restoreAllMocks());

describe("two isolates while KV lags a minute", () => {
  test("each opens on its own failures, and writes once for each transition", async () => {
    const kv = new LaggingKv();
    const [here, there] = [new Isolate(kv, "here"), new Isolate(kv, "there")];
    await times(30, () => here.call(true));
    expect(here.calls).toBe(BREAKER_DEFAULTS.callsMin);
    expect(kv.written).toEqual([{ place: "here", state: "open", epoch: 1 }]);
    kv.now = 1000;
    expect(await there.call(true)).toBe(true);
    await times(30, () => there.call(true));
    expect(there.calls).toBe(BREAKER_DEFAULTS.callsMin);
    expect(kv.written).toHaveLength(2);
  });

  test("the other stops calling as soon as it sees the opening, without a failure of its own", async () => {
    const kv = new LaggingKv(20_000);
    const [here, there] = [new Isolate(kv, "here"), new Isolate(kv, "there")];
    await times(10, () => here.call(true));
    for (const at_ms of [5000, 15_000, 35_000]) {
      kv.now = at_ms;
      expect(await here.call(true)).toBe(true);
    }
    // It sees the opening until 35 s, which is over, then the one until 75 s, which is not.
    kv.now = 54_000;
    expect(await there.call(false)).toBe(true);
    kv.now = 59_000;
    expect(await there.call(false)).toBe(false);
    kv.now = 75_000;
    await times(3, () => there.call(false));
    expect(kv.written.at(-1)).toMatchObject({ place: "there", state: "closed" });
  });

  test("an opening that is over by the clock when it is seen only makes the other probe", async () => {
    const kv = new LaggingKv();
    const [here, there] = [new Isolate(kv, "here"), new Isolate(kv, "there")];
    await times(10, () => here.call(true));
    kv.now = 60_000;
    await times(3, () => there.call(false));
    expect(there.calls).toBe(3);
    expect(kv.written.at(-1)).toEqual({ place: "there", state: "closed", epoch: 2 });
  });

  test("an old copy does not reopen a breaker that another isolate has closed", async () => {
    const kv = new LaggingKv();
    const [here, there] = [new Isolate(kv, "here"), new Isolate(kv, "there")];
    await times(10, () => here.call(true));
    kv.now = 6000;
    await times(3, () => here.call(false));
    expect(kv.written.at(-1)).toMatchObject({ state: "closed", epoch: 2 });
    // The other sees the opening only now, when its `retryAt` has passed.
    kv.now = 61_000;
    expect(await there.call(false)).toBe(true);
    kv.now = 67_000;
    expect(await there.call(false)).toBe(true);
    expect(await here.call(false)).toBe(true);
    kv.now = 140_000;
    await times(20, () => there.call(false));
    await times(20, () => here.call(false));
    expect([here.calls, there.calls]).toEqual([34, 22]);
  });

  test("a late transition outranks the copy in KV, but not a write it cannot see yet", async () => {
    const kv = new LaggingKv();
    const [here, there] = [new Isolate(kv, "here"), new Isolate(kv, "there")];
    await times(10, () => here.call(true));
    kv.now = 6000;
    await times(3, () => here.call(false));
    expect(kv.written.map(({ epoch }) => epoch)).toEqual([1, 2]);
    // It reads KV, sees nothing, and opens on its own when KV shows it the first epoch.
    kv.now = 59_000;
    await there.call(true);
    kv.now = 63_900;
    await times(9, () => there.call(true));
    expect(kv.written.at(-1)).toEqual({ place: "there", state: "open", epoch: 2 });
    // Here its own closing has the same epoch: it stays closed and keeps its own count.
    kv.now = 130_000;
    expect(await here.call(false)).toBe(true);
  });

  test("with KV down each isolate works on its own", async () => {
    const kv = new LaggingKv();
    kv.down = true;
    const [here, there] = [new Isolate(kv, "here"), new Isolate(kv, "there")];
    await times(30, () => here.call(true));
    await times(30, () => there.call(false));
    expect([here.calls, there.calls]).toEqual([10, 30]);
    kv.now = 5000;
    await times(3, () => here.call(false));
    expect(here.calls).toBe(13);
    expect(kv.written).toEqual([]);
  });

  test("a KV value that is not a breaker counts as absent, and is logged", async () => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const kv = new LaggingKv();
    for (const key of [KEY, "force:payment"]) await kv.seenFrom("here").put(key, "{ open");
    const here = new Isolate(kv, "here");
    expect(await here.call(false)).toBe(true);
    const events = logged.mock.calls.map(([line]) => JSON.parse(String(line)).event);
    expect(new Set(events)).toEqual(new Set(["unreadable_breaker", "unreadable_force"]));
  });
});
