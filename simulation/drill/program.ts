/**
 * The drill: a target, a sale, a crowd, and a verdict on what was seen. The report goes to standard
 * output, progress and errors to standard error.
 */
import { setTimeout as delay } from "node:timers/promises";
import { withProgress } from "../../scripts/progress.mjs";
import { FatalError } from "../crowd/ask-again.ts";
import {
  arrivalOf,
  type Arrival,
  drawCrowd,
  newTally,
  sendCrowd,
  type Tally,
} from "../crowd/crowd.ts";
import { createGateClient, type GateClient, type Timing } from "../crowd/gate-client.ts";
import { type LogEntry, startHost } from "../host/host.ts";
import { causeTrouble, TroubleCount } from "./chaos.ts";
import { auditAllAlong, collect } from "./collect.ts";
import { DISASTERS, judgeRecoveries, type Reach, type Recovery, strikeAll } from "./disasters.ts";
import type { DrillOptions } from "./options.ts";
import { crowdLine } from "./progress.ts";
import { writeReport } from "./report.ts";
import { type DrillSale, prepareSale } from "./sale.ts";
import { createTimings } from "./statistics.ts";
import { anyBroken, judge } from "./verdict.ts";

const BROWSE_MS = [500, 4000] as const;
const CHECKOUT_MS = [500, 3000] as const;
const IDLERS = [
  ["vanish", 0.15],
  ["no_show", 0.3],
] as const;
const LATE_SHARE = 0.02;
const EARLY_CLAIM_SHARE = 0.03;
/** A crowd that is still out after this is sent home, and the verdict given without it. */
const CROWD_PATIENCE_MS = 15 * 60 * 1000;
/** With more shoppers in error than this, too few were witnesses for a verdict to mean much. */
const ERROR_SHARE_MAX = 0.01;

interface Target {
  readonly url: string;
  readonly sandboxUrl: string | null;
  readonly adminToken: string;
  /** What went wrong on purpose; null without `--chaos`. */
  readonly trouble: TroubleCount | null;
  /** What disasters can reach; null without `--disaster`. */
  readonly reach: Reach | null;
  readonly stop: () => Promise<void>;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function findTarget(options: DrillOptions): Promise<Target> {
  if (options.target !== null) {
    return { ...options.target, trouble: null, reach: null, stop: async () => undefined };
  }
  const { chaos, disaster } = options;
  // What is killed on purpose complains as if it were not; with chaos the verdict is what counts.
  const trouble = new TroubleCount();
  const quiet =
    chaos || disaster ? { onLog: ({ message }: LogEntry) => trouble.note(message) } : {};
  const giveUp = (): void => process.exit(1);
  const watched = disaster ? { watcher: { say, giveUp } } : {};
  const host = await withProgress("Starting a fresh Sluice in memory", () => {
    return startHost({ folder: null, port: 0, sandboxPort: 0, chaos, ...quiet, ...watched });
  });
  const { gateUrl, sandboxUrl, adminToken } = host;
  const stop = () => host.stop();
  const { killRuntimes } = host;
  const reach = disaster ? { sandboxUrl, killRuntimes } : null;
  return { url: gateUrl, sandboxUrl, adminToken, trouble: chaos ? trouble : null, reach, stop };
}

interface Gates {
  readonly shoppers: GateClient;
  readonly merchant: GateClient;
  /** Null: no trouble is caused. */
  readonly troubled: string | null;
  readonly reach: Reach | null;
}

/** The crowd, the watcher and the trouble beside it, until everybody has settled. */
async function sendAndWatch(
  gates: Gates,
  sale: DrillSale,
  options: DrillOptions,
  arrivals: readonly Arrival[],
  tally: Tally,
  say: (line: string) => void,
) {
  const watching = new AbortController();
  const { signal } = watching;
  const audits = auditAllAlong(gates.merchant, sale.id, signal);
  const trouble =
    gates.troubled === null
      ? Promise.resolve(null)
      : causeTrouble(gates.merchant, gates.troubled, sale, signal, say);
  const disasters = gates.reach === null ? null : strikeIn(gates.merchant, sale, gates.reach, say);
  const crowd = sendCrowd(arrivals, {
    gate: gates.shoppers.shopper,
    sale: sale.id,
    seed: options.seed,
    claimWindow_s: sale.claimWindow_s,
    startsAt_ms: sale.startsAt_ms,
    signal: AbortSignal.timeout(CROWD_PATIENCE_MS),
    tally,
  });
  const [shoppers, recoveries] = await Promise.all([crowd, disasters]);
  watching.abort();
  return { shoppers, recoveries, audits: await audits, outage: await trouble };
}

/** All disasters, each after the sale went on after the one before. */
function strikeIn(
  merchant: GateClient,
  sale: DrillSale,
  reach: Reach,
  print: (line: string) => void,
): Promise<Recovery[]> {
  const audit = async () => {
    const answer = await merchant.merchant.audit(sale.id);
    return answer.kind === "answered" ? answer.body : null;
  };
  return strikeAll(DISASTERS, reach, { audit, now: Date.now, pause: delay, say: print });
}

async function drill(options: DrillOptions, target: Target): Promise<boolean> {
  const timings = createTimings();
  const { url, adminToken } = target;
  const onTiming = (timing: Timing): void => timings.note(timing);
  const shoppersGate = createGateClient({ url, onTiming });
  const merchantGate = createGateClient({ url, adminToken, connectionsMax: 8, onTiming });
  try {
    const sale = await withProgress("Preparing the sale", (progress) => {
      return prepareSale(merchantGate, options, Date.now, progress.say);
    });
    const { shoppers, buyRate, arrive, seed } = options;
    const arrivals = drawCrowd({
      name: `drill-${seed}`.toLowerCase().replaceAll(/[^a-z0-9-]/g, "-"),
      seed,
      shoppers,
      buyRate,
      skus: sale.skus,
      browse_ms: BROWSE_MS,
      checkout_ms: CHECKOUT_MS,
      idlers: IDLERS,
      lateShare: LATE_SHARE,
      earlyClaimShare: EARLY_CLAIM_SHARE,
      arrival: arrivalOf(arrive, sale.prequeue_ms),
    });
    say(`${shoppers} shoppers (${arrive}, seed ${seed}) come to ${url}, sale ${sale.id}`);
    const tally = newTally(shoppers);
    const startedAt_ms = Date.now();
    const describe = () => crowdLine(tally, timings.requests);
    const { sandboxUrl } = target;
    const troubled = options.chaos ? sandboxUrl : null;
    const { reach } = target;
    const gates = { shoppers: shoppersGate, merchant: merchantGate, troubled, reach };
    const seen = await withProgress(describe, (progress) => {
      return sendAndWatch(gates, sale, options, arrivals, tally, progress.say);
    });
    const duration_ms = Date.now() - startedAt_ms;
    say(describe());
    const { shoppers: records, audits, outage, recoveries } = seen;
    const evidence = await withProgress(
      "Waiting for the last orders, then reading the results",
      () => {
        return collect(merchantGate, sale, sandboxUrl, records, audits, outage);
      },
    );
    const survived = recoveries === null ? [] : [judgeRecoveries(recoveries)];
    const findings = [...judge(evidence), ...survived];
    const audit = evidence.audits.at(-1);
    if (audit === undefined) throw new FatalError("no audit was taken");
    const routes = timings.metrics();
    const trouble = target.trouble?.metrics ?? [];
    const about = { sale: sale.id, duration_ms, routes, trouble };
    const report = writeReport({ ...about, shoppers: records, audit, findings });
    process.stdout.write(`\n${report}`);
    const errors = records.filter((record) => record.outcome.kind === "error").length;
    if (errors > shoppers * ERROR_SHARE_MAX) {
      throw new FatalError(`${errors} of ${shoppers} shoppers ended in an error, see above`);
    }
    return !anyBroken(findings);
  } finally {
    await Promise.all([shoppersGate.close(), merchantGate.close()]);
  }
}

/** @returns the exit code */
export async function runDrill(options: DrillOptions): Promise<number> {
  const target = await findTarget(options);
  let isInterrupted = false;
  const interrupt = (): void => {
    if (isInterrupted) return;
    isInterrupted = true;
    say("\nInterrupted; no verdict.");
    void target.stop().finally(() => process.exit(130));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  try {
    return (await drill(options, target)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    say(`The drill could not be finished: ${error.message}`);
    return 1;
  } finally {
    await target.stop();
  }
}
