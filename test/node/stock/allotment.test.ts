/**
 * Laws of transfers between a merchant's Redis and the edge: whatever crashes, gets lost or comes
 * late, a unit is in one place, and every transfer ends exactly once.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  begin,
  compare,
  isSettled,
  nextStep,
  redisRetry_ms,
  report,
  type Seal,
  type StepOutcome,
  type Transfer,
  transferName,
} from "../../../src/domain/stock/allotment.ts";
import {
  REDIS_RETRY_MAX_MS,
  REDIS_RETRY_MIN_MS,
  TRANSFER_WATCH_MS,
} from "../../../src/domain/limits.ts";
import { counterKeySchema, transfersKey } from "../../../src/domain/formats/redis-keys.ts";
import { accountOf } from "../support/stock-account.ts";
import { withdraw } from "../../../src/domain/stock/withdrawal.ts";
import { type Counters, KEY, SKU, stories, TransferWorld } from "../support/transfer-world.ts";

const UNITS = 10;

/** The effects of the scripts, in memory. */
function countersOf(units: number): Counters {
  let count = units;
  const seals = new Map<string, Seal>();
  const sealed = (name: string, decide: () => Seal): Seal => {
    const seal = seals.get(name) ?? decide();
    seals.set(name, seal);
    return seal;
  };
  const readable = (seal: Seal, expected: Seal["kind"]): StepOutcome =>
    seal.kind === expected || seal.kind === "refused"
      ? seal
      : { kind: "unknown", why: "unreadable" };
  return {
    take: async (name, quantity) => {
      const seal = sealed(name, () => {
        if (count < quantity) return { kind: "refused", reason: "not_enough", available: count };
        count -= quantity;
        return { kind: "taken", quantity };
      });
      return readable(seal, "taken");
    },
    give: async (name, quantity) => {
      const seal = sealed(name, () => {
        count += quantity;
        return { kind: "given", quantity };
      });
      return readable(seal, "given");
    },
    check: async (name) => {
      if (!seals.has(name)) return { kind: "countable" };
      return { kind: "refused", reason: "id_used", available: null };
    },
    seals: async (names) => new Map(names.map((name) => [name, seals.get(name) ?? null])),
    count: async () => count,
    change: async (by) => {
      count += by;
    },
  };
}

describe("after every event", () => {
  test("the units in Redis, at the edge and in flight add up to all units", async () => {
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const world = new TransferWorld(countersOf(UNITS), UNITS);
        for (const deed of story) {
          await world.live(deed);
          const { redis, edge, underWay, agrees } = await world.account();
          expect(redis + edge + underWay).toBe(world.total);
          expect(redis).toBeGreaterThanOrEqual(0);
          expect(agrees).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("once faults end nothing is in flight, and both sides have recorded the same", async () => {
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        const world = new TransferWorld(countersOf(UNITS), UNITS);
        for (const deed of story) await world.live(deed);
        await world.settle();
        const { redis, edge, underWay } = await world.account();
        expect([redis + edge, underWay]).toEqual([world.total, 0]);
        const seals = await world.seals();
        for (const transfer of world.transfers) {
          expect(isSettled(transfer)).toBe(true);
          expect(compare(transfer, seals.get(transferName(transfer)))).toBe("agrees");
        }
      }),
      { numRuns: 300 },
    );
  });
});

const ALLOTMENT = { kind: "allotment", id: "first", sku: SKU, key: KEY, quantity: 5 } as const;
const RETURN = { kind: "return", id: "first", sku: SKU, key: KEY, quantity: null } as const;

function begun(command: typeof ALLOTMENT | typeof RETURN): Transfer {
  const outcome = begin(null, command, 0);
  if (outcome.kind !== "begun") throw new Error(outcome.kind);
  return outcome.transfer;
}

function after(transfer: Transfer, ...outcomes: readonly StepOutcome[]): Transfer {
  return outcomes.reduce((found, outcome) => report(found, outcome, 1000), transfer);
}

test("an allotment is taken in Redis and then received at the edge", () => {
  const transfer = begun(ALLOTMENT);
  expect(nextStep(transfer)).toEqual({ kind: "take", quantity: 5 });
  const taken = after(transfer, { kind: "taken", quantity: 5 });
  expect(nextStep(taken)).toEqual({ kind: "receive", quantity: 5 });
  const received = after(taken, { kind: "received" });
  expect(received).toMatchObject({ standing: { state: "received" }, due_ms: null });
  expect(nextStep(received)).toBeNull();
});

test("a return is checked, withdrawn from the edge, and then given to Redis", () => {
  const transfer = begun(RETURN);
  expect(nextStep(transfer)).toEqual({ kind: "check" });
  const checked = after(transfer, { kind: "countable" });
  expect(nextStep(checked)).toEqual({ kind: "withdraw", quantity: null });
  const withdrawn = after(checked, { kind: "withdrawn", quantity: 3 });
  expect(nextStep(withdrawn)).toEqual({ kind: "give", quantity: 3 });
  const returned = after(withdrawn, { kind: "given", quantity: 3 });
  expect(returned.standing).toEqual({ state: "returned", quantity: 3 });
});

test("the same id with the same key and quantity is the same transfer, with others a conflict", () => {
  const transfer = after(begun(ALLOTMENT), { kind: "taken", quantity: 5 });
  expect(begin(transfer, ALLOTMENT, 9)).toEqual({ kind: "known", transfer });
  for (const change of [{ quantity: 6 }, { key: "another" }]) {
    expect(begin(transfer, { ...ALLOTMENT, ...change }, 9).kind).toBe("conflict");
  }
});

test("a step after units have left one side is never refused, only repeated", () => {
  const no = { kind: "refused", reason: "key_not_found", available: null } as const;
  const receiving = after(begun(ALLOTMENT), { kind: "taken", quantity: 5 });
  const checked = after(begun(RETURN), { kind: "countable" });
  const returning = after(checked, { kind: "withdrawn", quantity: 3 });
  for (const transfer of [receiving, returning]) {
    const next = after(transfer, no, { kind: "given", quantity: 99 });
    expect(next).toMatchObject({ standing: transfer.standing, problem: "unexpected_given" });
    expect(next.due_ms).not.toBeNull();
  }
});

test("an id that Redis knows with another quantity is refused, and nothing is received", () => {
  const transfer = after(begun(ALLOTMENT), { kind: "taken", quantity: 7 });
  expect(transfer.standing).toMatchObject({ state: "refused", reason: "id_used" });
});

test("a step without an answer is repeated with back-off, and at least once a minute", () => {
  const lost: StepOutcome = { kind: "unknown", why: "timeout" };
  let transfer = begun(ALLOTMENT);
  expect(transfer.due_ms).toBe(TRANSFER_WATCH_MS);
  const delays: number[] = [];
  for (let attempt = 0; attempt < 8; attempt += 1) {
    transfer = report(transfer, lost, 0);
    delays.push(transfer.due_ms ?? -1);
  }
  expect(delays.slice(0, 3)).toEqual([1, 2, 4].map((factor) => factor * REDIS_RETRY_MIN_MS));
  expect(delays.at(-1)).toBe(REDIS_RETRY_MAX_MS);
  expect(redisRetry_ms(1_000_000)).toBe(REDIS_RETRY_MAX_MS);
  expect(transfer).toMatchObject({ attempts: 8, problem: "timeout" });
  expect(after(transfer, { kind: "taken", quantity: 5 })).toMatchObject({ attempts: 0 });
});

test("a settled transfer does not change any more, whatever is reported", () => {
  const settled = after(begun(ALLOTMENT), { kind: "taken", quantity: 5 }, { kind: "received" });
  expect(after(settled, { kind: "unknown", why: "late" }, { kind: "received" })).toBe(settled);
});

test("comparing shows a write that Redis lost, and one that should not be there", () => {
  const taken: Seal = { kind: "taken", quantity: 5 };
  const taking = begun(ALLOTMENT);
  const received = after(taking, { kind: "taken", quantity: 5 }, { kind: "received" });
  const refusal = { kind: "refused", reason: "not_enough", available: 1 } as const;
  const refused = after(taking, refusal);
  expect(compare(taking, null)).toBe("pending");
  expect(compare(received, taken)).toBe("agrees");
  expect(compare(received, null)).toBe("missing");
  expect(compare(received, { kind: "taken", quantity: 4 })).toBe("differs");
  expect(compare(received, undefined)).toBe("unknown");
  expect(compare(refused, refusal)).toBe("agrees");
  expect(compare(refused, taken)).toBe("differs");
});

describe("a withdrawal", () => {
  test("takes the available units and no held ones, once", () => {
    const account = accountOf(5);
    account.hold("ann", 2);
    account.rows();
    const all = { id: "back", quantity: null, reason: "unsold" };
    const take = () => account.book.apply(withdraw(account.book, all, 0));
    expect(take()).toEqual({ kind: "withdrawn", quantity: 3 });
    account.move("receive", 4);
    expect(take()).toEqual({ kind: "withdrawn", quantity: 3 });
    expect(account.rows()).toEqual([
      "adjust -3 back → 0/2/0/0/0",
      "receive 4 receive 4 → 4/2/0/0/0",
    ]);
  });

  test("of more than is available takes nothing, also when repeated later", () => {
    const account = accountOf(2);
    const withdrawal = { id: "back", quantity: 3, reason: "unsold" };
    const take = () => account.book.apply(withdraw(account.book, withdrawal, 0));
    expect(take()).toEqual({ kind: "not_available", available: 2 });
    account.move("receive", 4);
    expect(take()).toEqual({ kind: "not_available", available: 6 });
    expect(account.rows()).toEqual(["receive 4 receive 4 → 6/0/0/0/0"]);
  });

  test("of all units where none is available is refused", () => {
    const account = accountOf(2);
    account.move("buffer", 2);
    const all = { id: "back", quantity: null, reason: "unsold" };
    const outcome = account.book.apply(withdraw(account.book, all, 0));
    expect(outcome).toEqual({ kind: "not_available", available: 0 });
  });

  test("under the id of another movement is a conflict", () => {
    const account = accountOf(2);
    const withdrawal = { id: "receive 2", quantity: 1, reason: "unsold" };
    expect(account.book.apply(withdraw(account.book, withdrawal, 0))).toEqual({ kind: "conflict" });
  });
});

describe("keys", () => {
  test.each([
    ["stock:AIR-42", "sluice:{stock:AIR-42}:transfers:stock:AIR-42"],
    ["{shop}:AIR-42", "sluice:{shop}:transfers:{shop}:AIR-42"],
    ["größe", "sluice:{größe}:transfers:größe"],
  ])("the transfers of %s are at %s, in the same slot", (key, beside) => {
    expect(counterKeySchema.safeParse(key).success).toBe(true);
    expect(transfersKey(key)).toBe(beside);
  });

  test.each(["", "a b", "a}b", "{", "{a}{b}", "{}", "sluice:orders", "x".repeat(201), "a\nb"])(
    "%j is not a valid key of a merchant",
    (key) => {
      expect(counterKeySchema.safeParse(key).success).toBe(false);
    },
  );
});
