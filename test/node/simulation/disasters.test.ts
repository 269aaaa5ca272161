/**
 * The order of a drill's disasters, when one counts as over, and the verdict; without a Sluice.
 */
import { expect, test } from "vitest";
import {
  type Disaster,
  judgeRecoveries,
  ordersGoOn,
  strikeAll,
} from "../../../simulation/drill/disasters.ts";
import { auditOf, balance } from "../support/drill-evidence.ts";

const REACH = { sandboxUrl: "", killRuntimes: () => undefined };

/** A sale that answers, and sells one unit each poll, unless `isDown`. */
function saleOnVirtualTime(isDown: () => boolean) {
  let [now, sold] = [0, 0];
  const said: string[] = [];
  const audit = async () => {
    if (isDown()) return null;
    sold += 1;
    return { ...auditOf(balance(100 - sold, 0, 0, sold)), orders: { paying: 1 } };
  };
  const pause = async (ms: number) => void (now += ms);
  return { said, watch: { audit, now: () => now, pause, say: (line: string) => said.push(line) } };
}

function disaster(name: string, parts: Partial<Disaster>): Disaster {
  return { name, strike: async () => undefined, lasts_ms: 0, isOver: ordersGoOn, ...parts };
}

test("disasters strike one after the other, each undone and recovered from before the next", async () => {
  let polls = 0;
  const order: string[] = [];
  // After the first strike, four polls find nobody.
  const { watch, said } = saleOnVirtualTime(() => polls > 0 && polls++ < 5);
  const recoveries = await strikeAll(
    [
      disaster("first", { strike: async () => void (polls = 1) }),
      disaster("second", {
        strike: async () => void order.push("strike"),
        lasts_ms: 5000,
        undo: async () => void order.push("undo"),
      }),
    ],
    REACH,
    watch,
  );
  expect(recoveries).toEqual([
    { name: "first", took_ms: 800 },
    { name: "second", took_ms: 0 },
  ]);
  expect(order).toEqual(["strike", "undo"]);
  expect(said).toHaveLength(4);
  expect(judgeRecoveries(recoveries)).toMatchObject({
    checked: "first 0.8 s, second 0.0 s",
    result: { kind: "kept" },
  });
});

test("a disaster without recovery breaks the verdict after a bounded time", async () => {
  const { watch } = saleOnVirtualTime(() => false);
  const recoveries = await strikeAll([disaster("lost", { isOver: () => false })], REACH, watch);
  expect(watch.now()).toBeLessThan(61_000);
  expect(judgeRecoveries(recoveries).result).toEqual({
    kind: "broken",
    violations: ["lost: no order went on within 60 s"],
  });
});

test("orders go on when more is sold, or when none is in progress", () => {
  const at = (sold: number, orders: Record<string, number>) => ({
    ...auditOf(balance(10 - sold, 0, 0, sold)),
    orders,
  });
  expect(ordersGoOn(at(1, { paying: 2 }), at(1, { paying: 2 }))).toBe(false);
  expect(ordersGoOn(at(1, { paying: 2 }), at(2, { paying: 1 }))).toBe(true);
  expect(ordersGoOn(at(1, { paying: 2 }), at(1, { confirmed: 1, declined: 2 }))).toBe(true);
});
