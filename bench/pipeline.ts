/**
 * Measures the order pipeline at a constant rate: the time from the acceptance of an order (the
 * 202) to its confirmation, with the sandbox as the payment provider.
 *
 * Orders are sent by the clock, whether or not earlier ones were answered, so that it shows when
 * the pipeline cannot keep up. Times are from each order's own history. This is not a capacity:
 * client, gate, objects, orders Worker and provider share one machine, and all except the client
 * and the provider share one thread.
 */
import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { quantile } from "../simulation/drill/statistics.ts";
import { createGateClient, type GateClient } from "../simulation/crowd/gate-client.ts";
import { startHost } from "../simulation/host/host.ts";
import { askAgain, failed, FatalError } from "../simulation/crowd/ask-again.ts";
import { findRuntimes, readProcessorTime_ms } from "./processor-time.ts";
import { openShop, PRICE, type Shop } from "./sales.ts";

const WARM_UP_ORDERS = 25;
const ADMITTED_AT_ONCE = 16;
const SETTLED_WITHIN_MS = 60_000;
const SETTLED_POLL_MS = 200;

/** @param rate orders per second */
export async function measurePipeline(seconds: number, rate: number): Promise<string> {
  const host = await startHost({ folder: null, port: 0, sandboxPort: 0 });
  const { gateUrl: url, adminToken } = host;
  const gate = createGateClient({ url, adminToken, connectionsMax: 64 });
  try {
    const shop = await openShop(gate, "bench-pipeline");
    const orders = Math.ceil(seconds * rate);
    const admissions = await admit(gate, shop, orders + WARM_UP_ORDERS);
    const buyers = admissions.map((admission, number) => ({ admission, number }));
    await confirmAll(gate, shop, buyers.slice(0, WARM_UP_ORDERS), rate);
    const confirmed = await confirmAll(gate, shop, buyers.slice(WARM_UP_ORDERS), rate);
    return report(confirmed, seconds);
  } finally {
    await gate.close();
    await host.stop();
  }
}

async function admit(gate: GateClient, { sale }: Shop, count: number): Promise<string[]> {
  const admissions: string[] = [];
  let requested = 0;
  const admitInSequence = async (): Promise<void> => {
    while (requested < count) {
      requested += 1;
      const joined = await askAgain(() => gate.shopper.join(sale, {}));
      if (joined.kind !== "answered" || !("admission" in joined.body)) {
        throw failed("admitting a shopper", joined);
      }
      admissions.push(joined.body.admission);
    }
  };
  await Promise.all(Array.from({ length: ADMITTED_AT_ONCE }, admitInSequence));
  return admissions;
}

interface Buyer {
  readonly admission: string;
  /** Of the buyer's card: each buys one unit, and a sale counts buyers by their card too. */
  readonly number: number;
}

/** Places an order for each buyer, by the clock, and measures when each is confirmed. */
async function confirmAll(gate: GateClient, shop: Shop, buyers: readonly Buyer[], rate: number) {
  const runtimes = findRuntimes();
  const processorsNow_ms = () => {
    return [0, 1].map((which) => readProcessorTime_ms(runtimes[which]) ?? Number.NaN);
  };
  const before_ms = processorsNow_ms();
  const begun_ms = performance.now();
  const placed = buyers.map(async ({ admission, number }, index) => {
    const due_ms = begun_ms + (index * 1000) / rate;
    await delay(Math.max(due_ms - performance.now(), 0));
    const sent_ms = performance.now();
    const key = randomUUID();
    const order = {
      sale: shop.sale,
      lines: [{ sku: shop.sku, quantity: 1 }],
      expectedTotal: PRICE,
      buyer: { email: `shopper-${key}@example.com`, name: "A shopper" },
      payment: { method: `pm_sandbox_visa_${number}` },
    };
    // After a lost connection the order is sent again, because the same key gets the same answer.
    const accepted = await askAgain(() => gate.shopper.placeOrder({ admission }, key, order));
    if (accepted.kind !== "answered") throw failed("placing an order", accepted);
    return { id: accepted.body.order.id, answered_ms: performance.now() - sent_ms };
  });
  const accepted = await Promise.all(placed);
  const spent_ms = performance.now() - begun_ms;
  const confirmed_ms: number[] = [];
  for (const { id } of accepted) confirmed_ms.push(await timeToConfirm(gate, id));
  const processor_ms = processorsNow_ms().map((now_ms, which) => {
    return now_ms - (before_ms[which] ?? Number.NaN);
  });
  const answered_ms = accepted.map((order) => order.answered_ms);
  return { answered_ms, confirmed_ms, spent_ms, processor_ms };
}

async function timeToConfirm(gate: GateClient, id: string): Promise<number> {
  const givenUpAt_ms = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const order = await askAgain(() => gate.merchant.order(id));
    if (order.kind !== "answered") throw failed(`reading order ${id}`, order);
    const { history, state } = order.body;
    const at = (wanted: string): number => {
      return Date.parse(history.find((entry) => entry.state === wanted)?.at ?? "");
    };
    if (state === "confirmed") return at("confirmed") - at("accepted");
    if (order.body.final || performance.now() > givenUpAt_ms) {
      throw new FatalError(`order ${id} is ${state} instead of confirmed`);
    }
    await delay(SETTLED_POLL_MS);
  }
}

function report(
  { answered_ms, confirmed_ms, spent_ms, processor_ms }: Awaited<ReturnType<typeof confirmAll>>,
  seconds: number,
): string {
  const line = (what: string, values: readonly number[]): string => {
    const sorted = values.toSorted((left, right) => left - right);
    const metrics = [0.5, 0.95, 1].map((share) => quantile(sorted, share).toFixed(0).padStart(8));
    return `  ${what.padEnd(28)}${metrics.join("")}`;
  };
  const names = ["p50", "p95", "max"].map((name) => name.padStart(8));
  const [gate, sandbox] = processor_ms.map((ms) => (ms / confirmed_ms.length).toFixed(1));
  const rate = (confirmed_ms.length * 1000) / spent_ms;
  const orders = `${confirmed_ms.length} orders in ${seconds} s`;
  return [
    `The order pipeline: ${orders}, ${rate.toFixed(1)} per second`,
    "",
    `  ${"ms".padEnd(28)}${names.join("")}`,
    line("sent to accepted", answered_ms),
    line("accepted to confirmed", confirmed_ms),
    "",
    `  CPU per order: ${gate} ms of the runtime, with reads; ${sandbox} ms of the provider`,
    "",
  ].join("\n");
}
