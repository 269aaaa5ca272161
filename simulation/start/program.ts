/**
 * The local run: starts everything, opens a sample sale, sends a crowd, and stops in good order.
 */
import { withProgress } from "../../scripts/progress.mjs";
import { FatalError } from "../crowd/ask-again.ts";
import { drawCrowd, newTally, sendCrowd } from "../crowd/crowd.ts";
import { createGateClient, type GateClient } from "../crowd/gate-client.ts";
import { startCrons } from "../host/crons.ts";
import { type Host, startHost } from "../host/host.ts";
import { PortBusyError } from "../host/ports.ts";
import { onRunnerGone } from "../host/processes.ts";
import { FolderBusyError } from "../host/state-folder.ts";
import { type LocalRedis, startLocalRedis } from "../redis-rest/local-redis.ts";
import { describeRedis, describeRun } from "./addresses.ts";
import type { StartOptions } from "./options.ts";
import { openSampleSale, sampleCrowd, type SampleSale } from "./sample-sale.ts";

/** Stopping waits this long for the Workers to end in good order. */
const STOP_PATIENCE_MS = 3000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The crowd, from its first arrival until all have gone home or `signal` sends them. */
async function playCrowd(gate: GateClient, sale: SampleSale, signal: AbortSignal): Promise<void> {
  const arrivals = drawCrowd(sampleCrowd(sale, Date.now()));
  const tally = newTally(arrivals.length);
  await sendCrowd(arrivals, {
    gate: gate.shopper,
    sale: sale.id,
    seed: sale.id,
    claimWindow_s: sale.claimWindow_s,
    startsAt_ms: sale.startsAt_ms,
    signal,
    tally,
  });
  if (signal.aborted) return;
  say(`The crowd of ${sale.id} has gone home; ${tally.bought} of ${tally.shoppers} bought.`);
}

async function play(options: StartOptions, running: Running, signal: AbortSignal): Promise<void> {
  const { host, redis } = running;
  const gate = createGateClient({ url: host.gateUrl, adminToken: host.adminToken });
  try {
    const sale = options.sale
      ? await openSampleSale(gate, Date.now(), options.origin !== null)
      : null;
    say(describeRun(options, host, sale, Date.now()));
    if (redis !== null) say(describeRedis(redis));
    if (sale !== null && options.crowd) await playCrowd(gate, sale, signal);
  } finally {
    await gate.close();
  }
}

interface Running {
  readonly host: Host;
  readonly redis: LocalRedis | null;
}

/** True for an error whose message says all that its reader needs. */
function isRefusal(error: unknown): error is Error {
  return [PortBusyError, FolderBusyError, FatalError].some((type) => error instanceof type);
}

async function start(options: StartOptions, giveUp: () => void): Promise<Running | null> {
  say("Starting Sluice …");
  let redis: LocalRedis | null = null;
  try {
    if (options.redis) redis = await startLocalRedis();
    const settings = redis?.settings ?? {};
    const host = await startHost({
      port: options.port,
      sandboxPort: options.sandboxPort,
      ...(options.folder === null ? {} : { folder: options.folder }),
      fresh: options.fresh,
      startCrons,
      watcher: { say, giveUp },
      adminToken: options.adminToken ?? undefined,
      variables: {
        gate: { ...settings, ORIGIN: options.origin ?? "" },
        orders: settings,
      },
    });
    return { host, redis };
  } catch (error) {
    await redis?.stop();
    if (!isRefusal(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return null;
  }
}

/** Goes on until a signal or a failure stops it; the exit code is 1 when it could not start. */
export async function runSluice(options: StartOptions): Promise<number> {
  let running: Running | null = null;
  const leaving = new AbortController();
  const stop = (exitCode: number): void => {
    if (leaving.signal.aborted) return;
    leaving.abort();
    setTimeout(() => process.exit(exitCode), STOP_PATIENCE_MS);
    const stopped = async (part: { stop: () => Promise<void> } | null = null): Promise<void> => {
      await part?.stop();
    };
    void Promise.allSettled([stopped(running?.host), stopped(running?.redis)]).then(() =>
      process.exit(exitCode),
    );
  };
  onRunnerGone(() => stop(1));
  running = await withProgress("Starting Sluice", () => start(options, () => stop(1)));
  if (running === null) return 1;
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // Miniflare's own would end the process at once, whatever others still have to do.
    process.removeAllListeners(signal);
    process.on(signal, () => {
      if (!leaving.signal.aborted) say("\nStopping …");
      stop(0);
    });
  }
  try {
    await play(options, running, leaving.signal);
  } catch (error) {
    if (leaving.signal.aborted) return 0;
    const reason = error instanceof FatalError ? error.message : error;
    process.stderr.write(`The sample sale could not be played: ${String(reason)}\n`);
    stop(1);
    return 1;
  }
  return 0;
}
