/**
 * Sends a stretch of inputs and returns every broken rule, with the number of the input that broke
 * it.
 *
 * Answers are checked at once. Logs and stored data are checked after a stretch, so the input that
 * broke a rule about them is found by sending parts of the stretch again: see `find.ts`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { Forger } from "./forgeries.ts";
import { inputOf, type Which } from "./generate.ts";
import { type Ground, SETTLE_MS } from "./ground.ts";
import type { Family, Input } from "./input.ts";
import { type Broken, judgeLog, judgeReply } from "./judge.ts";
import { costOf, type Dearest, noteCost, routeOf } from "./costs.ts";
import { createSender, type Reply } from "./send.ts";
import { differences } from "./state.ts";

export interface Stretch extends Which {
  readonly first: number;
  readonly last: number;
}

export interface Violation extends Broken {
  /** Null when the input is not known. */
  readonly number: number | null;
  /** A description of the input, or of the stretch. */
  readonly input: string;
}

export interface Summary {
  readonly sent: number;
  readonly byFamily: ReadonlyMap<Family, number>;
  /** The number of answers by status; also of `closed` and `silent`. */
  readonly byStatus: ReadonlyMap<string, number>;
  readonly violations: readonly Violation[];
  /** Of each route, the request that called the most. */
  readonly dearest: ReadonlyMap<string, Dearest>;
}

const CONNECTIONS = 24;
/** The run stops after so many, because more would only repeat them. */
export const VIOLATIONS_MAX = 50;

interface Watch {
  readonly onReply?: (input: Input, reply: Reply) => void;
  readonly onSent?: (sent: number) => void;
}

export async function sendStretch(
  ground: Ground,
  stretch: Stretch,
  { onReply, onSent }: Watch = {},
): Promise<Summary> {
  const forger = new Forger(ground.secrets);
  const sender = createSender(ground.url, CONNECTIONS);
  const byFamily = new Map<Family, number>();
  const byStatus = new Map<string, number>();
  const violations: Violation[] = [];
  const dearest = new Map<string, Dearest>();
  let next = stretch.first;
  const worker = async (): Promise<void> => {
    while (
      next <= stretch.last &&
      violations.length + ground.origin.faults.length < VIOLATIONS_MAX
    ) {
      const input = inputOf(stretch, next, ground, forger);
      next += 1;
      const reply = await sender.send(input);
      count(byFamily, input.family);
      count(byStatus, reply.kind === "answered" ? String(reply.status) : reply.kind);
      const broken = judgeReply(input, reply, ground);
      if (broken !== null) {
        violations.push({ ...broken, number: input.number, input: input.what });
      }
      const cost = reply.kind === "answered" ? costOf(reply) : null;
      if (cost !== null)
        noteCost(dearest, routeOf(input, ground.routes), { cost, number: input.number });
      onReply?.(input, reply);
      onSent?.(next - stretch.first);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
  } finally {
    await sender.close();
  }
  for (const { number, ...broken } of ground.origin.faults.splice(0)) {
    violations.push({ ...broken, number, input: "as the shop received it" });
  }
  const sent = [...byFamily.values()].reduce((sum, families) => sum + families, 0);
  return { sent, byFamily, byStatus, violations, dearest };
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The log lines of a request can arrive this long after its answer. */
const LOGGED_WITHIN_MS = 300;

/** The log lines since the last call that break a rule. */
export async function logViolations(ground: Ground): Promise<Broken[]> {
  await delay(LOGGED_WITHIN_MS);
  return ground.logs.splice(0).flatMap((entry) => judgeLog(entry, ground.hidden) ?? []);
}

/** The differences between the stored data and `before`, once all writes are done. */
export async function stateViolations(
  ground: Ground,
  before: ReturnType<Ground["state"]>,
): Promise<Broken[]> {
  await delay(SETTLE_MS);
  return differences(before, ground.state()).map((what) => {
    return { rule: "stored data is unchanged", what };
  });
}
