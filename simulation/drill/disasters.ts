/**
 * Disasters that strike one after the other while the crowd of a drill buys (`--disaster`).
 *
 * Guarantee: each is undone before the next strikes, each recovery is awaited for a bounded time,
 * and one that did not recover breaks the verdict. Recovery is seen from outside: the audit
 * answers again and orders go on.
 *
 * A further disaster is one more entry of `DISASTERS`.
 */
import type { Audit } from "../crowd/gate-answers.ts";
import { setFaults } from "./chaos.ts";
import { FINAL_STATES, type Finding, resultOf } from "./evidence.ts";

/** What a disaster can reach. */
export interface Reach {
  readonly sandboxUrl: string;
  /** Kills all runtimes with -9. */
  readonly killRuntimes: () => void;
}

export interface Disaster {
  readonly name: string;
  readonly strike: (reach: Reach) => Promise<void>;
  readonly lasts_ms: number;
  /** Absent: it passes by itself. */
  readonly undo?: (reach: Reach) => Promise<void>;
  readonly isOver: (before: Audit, now: Audit) => boolean;
}

const THROTTLED_SHARE = 0.4;

export const DISASTERS: readonly Disaster[] = [
  {
    name: "runtimes killed",
    strike: async ({ killRuntimes }) => killRuntimes(),
    lasts_ms: 0,
    isOver: ordersGoOn,
  },
  {
    name: "provider throttled",
    strike: ({ sandboxUrl }) =>
      setFaults(sandboxUrl, { rate: THROTTLED_SHARE, kinds: ["rate_limit"] }),
    lasts_ms: 10_000,
    undo: ({ sandboxUrl }) => setFaults(sandboxUrl, { rate: 0, kinds: ["rate_limit"] }),
    isOver: ordersGoOn,
  },
];

/** How long a disaster took from its strike, or its undoing, to its end; null: it did not end. */
export interface Recovery {
  readonly name: string;
  readonly took_ms: number | null;
}

const RECOVERED_WITHIN_MS = 60_000;
const POLL_MS = 200;

/** More is sold than before, or no order is in progress any more. */
export function ordersGoOn(before: Audit, now: Audit): boolean {
  const sold = ({ skus }: Audit): number => skus.reduce((sum, sku) => sum + sku.sold, 0);
  const isOpen = ([state, orders]: [string, number]) => orders > 0 && !FINAL_STATES.has(state);
  return sold(now) > sold(before) || !Object.entries(now.orders).some(isOpen);
}

interface Watch {
  /** Null: no answer. */
  readonly audit: () => Promise<Audit | null>;
  readonly now: () => number;
  readonly pause: (duration_ms: number) => Promise<unknown>;
  readonly say: (line: string) => void;
}

/** Strikes with each disaster in turn, each when the sale goes on after the one before. */
export async function strikeAll(
  disasters: readonly Disaster[],
  reach: Reach,
  watch: Watch,
): Promise<Recovery[]> {
  const recoveries: Recovery[] = [];
  for (const { name, strike, lasts_ms, undo, isOver } of disasters) {
    const before = await firstAudit(watch);
    if (before === null) return [...recoveries, { name, took_ms: null }];
    watch.say(`Disaster: ${name}.`);
    await strike(reach);
    await watch.pause(lasts_ms);
    await undo?.(reach);
    const from_ms = watch.now();
    let took_ms: number | null = null;
    while (took_ms === null && watch.now() - from_ms <= RECOVERED_WITHIN_MS) {
      const audit = await watch.audit();
      if (audit !== null && isOver(before, audit)) took_ms = watch.now() - from_ms;
      else await watch.pause(POLL_MS);
    }
    watch.say(took_ms === null ? `No recovery from: ${name}.` : `Recovered from: ${name}.`);
    recoveries.push({ name, took_ms });
  }
  return recoveries;
}

/** The first that shows a sale: before that a disaster would strike nobody. */
async function firstAudit(watch: Watch): Promise<Audit | null> {
  const from_ms = watch.now();
  for (;;) {
    const audit = await watch.audit();
    if (audit !== null && audit.skus.some(({ sold }) => sold > 0)) return audit;
    if (watch.now() - from_ms > RECOVERED_WITHIN_MS) return null;
    await watch.pause(POLL_MS);
  }
}

export function judgeRecoveries(recoveries: readonly Recovery[]): Finding {
  const violations = recoveries
    .filter(({ took_ms }) => took_ms === null)
    .map(({ name }) => `${name}: no order went on within ${RECOVERED_WITHIN_MS / 1000} s`);
  const times = recoveries.map(({ name, took_ms }) => {
    return `${name} ${took_ms === null ? "never" : `${(took_ms / 1000).toFixed(1)} s`}`;
  });
  return {
    promise: "P14",
    claim: "it survives disasters",
    checked: times.join(", "),
    result: resultOf(violations),
  };
}
