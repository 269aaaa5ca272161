/**
 * Measures the rows of the bench and prints their ratios.
 *
 * The rows take turns, round after round, so that what else the machine does hits all alike; a
 * first short round warms up and is not counted. Not a test: there are no thresholds. The client
 * runs on the same machine as the runtime, so absolute metrics say little about a deployment.
 */
import { cpus } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "undici";
import { z } from "zod";
import { createGateClient } from "../simulation/crowd/gate-client.ts";
import { type Host, startHost } from "../simulation/host/host.ts";
import { FatalError } from "../simulation/crowd/ask-again.ts";
import { withProgress } from "../scripts/progress.mjs";
import { generateGateSecrets } from "../scripts/secret-set.ts";
import { guardedTargets, startBenchOrigin } from "./guarded-shop.ts";
import { type BenchRequest, run, type Slice } from "./load.ts";
import { makeLine, type LineTools, type TicketKey } from "./line.ts";
import { type BenchOptions, ROW_GROUPS } from "./options.ts";
import { measurePipeline } from "./pipeline.ts";
import { findRuntimes } from "./processor-time.ts";
import { writeReport, type MeasuredTarget } from "./report.ts";
import { openShop } from "./sales.ts";
import {
  BASELINE_TARGETS,
  joinTarget,
  pollTargets,
  ShopTargets,
  StockTargets,
  type Side,
  type Target,
} from "./targets.ts";

const ROUNDS = 5;
const WARM_UP_SHARE = 0.25;
/** More than the last slice used, because this one may be luckier. */
const READY_RESERVE = 1.3;

class Bench {
  readonly #pools: Readonly<Record<Side, Pool>>;
  readonly #concurrency: number;
  readonly #runtime: number | undefined;
  readonly #perMs = new Map<string, number>();

  constructor(host: Host, baselineUrl: string, concurrency: number) {
    const poolTo = (url: string): Pool =>
      new Pool(url, { connections: concurrency, pipelining: 1 });
    this.#pools = { gate: poolTo(host.gateUrl), baseline: poolTo(baselineUrl) };
    this.#concurrency = concurrency;
    this.#runtime = findRuntimes()[0];
  }

  /** One target's turn: make ready, measure, clear up. */
  async measure(target: Target, duration_ms: number): Promise<Slice> {
    const { side, next, expectedStatus } = target;
    const wanted = (this.#perMs.get(target.name) ?? 1) * duration_ms * READY_RESERVE;
    for (const ready of target.prepare?.(Math.ceil(wanted)) ?? []) {
      await this.#send(ready.requests, ready.expectedStatus, ready.side);
    }
    const slice = await run({
      pool: this.#pools[side],
      next,
      expectedStatus,
      duration_ms,
      concurrency: this.#concurrency,
      runtime: this.#runtime,
    });
    this.#perMs.set(target.name, slice.latencies_ms.length / slice.elapsed_ms);
    await this.#send(target.tidy?.() ?? [], 200);
    if (target.rest_ms !== undefined) await delay(target.rest_ms);
    return slice;
  }

  async #send(
    requests: readonly BenchRequest[],
    expectedStatus: number,
    side: Side = "gate",
  ): Promise<void> {
    const waiting = [...requests];
    await run({
      pool: this.#pools[side],
      next: () => waiting.pop() ?? null,
      expectedStatus,
      duration_ms: Number.POSITIVE_INFINITY,
      concurrency: this.#concurrency,
      runtime: undefined,
    });
  }

  get baseline(): Pool {
    return this.#pools.baseline;
  }

  async close(): Promise<void> {
    await Promise.all([this.#pools.gate.destroy(), this.#pools.baseline.destroy()]);
  }
}

/** The rows of a round. Neighbours in a list are neighbours in time. */
type Rows = (round: number) => Promise<readonly Target[]>;

async function measureGroup(
  group: RowGroup,
  bench: Bench,
  tools: Tools,
  seconds: number,
): Promise<MeasuredTarget[]> {
  const rows = await rowsOf(group, tools);
  const measured = new Map<string, { against: readonly string[]; slices: Slice[] }>();
  for (let round = 0; round <= ROUNDS; round += 1) {
    const turn = round === 0 ? "warming up" : `round ${round} of ${ROUNDS}`;
    for (const target of await rows(round)) {
      tools.show(`Measuring ${group}, ${turn}: ${target.name}`);
      const share = round === 0 ? WARM_UP_SHARE : 1;
      const slice = await bench.measure(target, (seconds * 1000 * share) / ROUNDS);
      if (round === 0) continue;
      const { name, against } = target;
      const kept = measured.get(name) ?? { against, slices: [] };
      kept.slices.push(slice);
      measured.set(name, kept);
    }
  }
  return [...measured].map(([name, { against, slices }]) => ({ name, against, slices }));
}

type RowGroup = (typeof ROW_GROUPS)[number];

/** One group of rows, with what it needs standing ready. */
async function rowsOf(group: RowGroup, tools: Tools): Promise<Rows> {
  const { gate, adminToken, show } = tools;
  const { route, call, row, rowAgain, newRow } = BASELINE_TARGETS;
  if (group === "gate") {
    show("Letting a thousand into a shop behind the gate");
    const targets = await guardedTargets(gate, tools.originPort);
    return async () => targets;
  }
  if (group === "line") {
    show("Making a line of a thousand and a line of a million");
    const short = await makeLine(tools, "bench-line", 1000);
    const few = await pollTargets(short);
    const many = await pollTargets(await makeLine(tools, "bench-long-line", 1_000_000));
    const polls = [few.signed, few.again, few.first, many.again, many.first];
    return async () => [route, ...polls, call, joinTarget(short)];
  }
  return async (round) => {
    const shop = await openShop(gate, `bench-${group}-${round}`);
    const { letIn, hold, order } = new ShopTargets(shop, adminToken);
    // Objects made for one request are put away seconds later; the other rows shall not pay for it.
    if (group !== "shop") return [rowAgain, newRow, order];
    const stock = new StockTargets(shop);
    return [letIn, stock.hold, row, stock.order, hold];
  };
}

interface Tools extends LineTools {
  readonly adminToken: string;
  /** Where the shop behind the gate listens. */
  readonly originPort: number;
  /** Shows what is being done. */
  readonly show: (what: string) => void;
}

async function measureHost(
  host: Host,
  own: Pick<Tools, "ticketKey" | "originPort" | "show">,
  groups: readonly RowGroup[],
  { seconds, concurrency }: BenchOptions,
): Promise<string> {
  const [baselineUrl] = host.extraUrls;
  if (baselineUrl === undefined) throw new Error("bench: the host started no baseline Worker");
  const { adminToken } = host;
  const gate = createGateClient({ url: host.gateUrl, adminToken, connectionsMax: 8 });
  const bench = new Bench(host, baselineUrl, concurrency);
  const tools = { ...own, gate, adminToken, baseline: bench.baseline };
  const targets: MeasuredTarget[] = [];
  try {
    for (const group of groups) {
      targets.push(...(await measureGroup(group, bench, tools, seconds)));
    }
    const machine = `${cpus().length} cores, ${cpus()[0]?.model ?? "of unknown make"}`;
    const how = `${ROUNDS} rounds, ${seconds} s a row, ${concurrency} at a time, ${machine}`;
    return `${how}\n\n${writeReport(targets)}`;
  } finally {
    await Promise.all([bench.close(), gate.close()]);
  }
}

const keySetSchema = z.object({ keys: z.tuple([z.object({ kid: z.string(), k: z.string() })]) });

/** The gate's ticket key is the bench's own, so that it can sign for places it took in bulk. */
function drawTicketKey(): { ticketKey: TicketKey; TICKET_KEYS: string } {
  const { TICKET_KEYS } = generateGateSecrets();
  const [{ kid, k }] = keySetSchema.parse(JSON.parse(TICKET_KEYS)).keys;
  return { ticketKey: { kid, secret: Buffer.from(k, "base64url") }, TICKET_KEYS };
}

/** All but the pipeline, on a Sluice whose orders go no further than their acceptance. */
async function measureRows(
  groups: readonly RowGroup[],
  options: BenchOptions,
  show: Tools["show"],
): Promise<string> {
  const { ticketKey, TICKET_KEYS } = drawTicketKey();
  const origin = await startBenchOrigin();
  const ORIGIN = `http://127.0.0.1:${origin.port}`;
  const host = await startHost({
    folder: null,
    port: 0,
    sandboxPort: 0,
    pipeline: false,
    variables: { gate: { TICKET_KEYS, ORIGIN } },
    extraWorkers: ["bench/wrangler.toml"],
  });
  try {
    return await measureHost(host, { ticketKey, originPort: origin.port, show }, groups, options);
  } finally {
    await host.stop();
    await origin.stop();
  }
}

/** @returns the exit code */
export async function runBench(options: BenchOptions): Promise<number> {
  const { only, seconds, orders } = options;
  const groups = ROW_GROUPS.filter((group) => only === null || only === group);
  try {
    if (groups.length > 0) {
      const rows = await withProgress("Starting a fresh Sluice in memory", ({ show }) => {
        return measureRows(groups, options, show);
      });
      process.stdout.write(`\n${rows}`);
    }
    if (only === null || only === "pipeline") {
      const pipeline = await withProgress("Sending orders through the whole pipeline", () => {
        return measurePipeline(seconds, orders);
      });
      process.stdout.write(`\n${pipeline}`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    process.stderr.write(`The bench could not be finished: ${error.message}\n`);
    return 1;
  }
}
