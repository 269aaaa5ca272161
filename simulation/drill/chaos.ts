/**
 * The payment provider's faults under `--chaos`: one call in five fails, and for half a minute in
 * the middle of the sale every call. Aborted objects and repeated messages come from the Workers
 * that such a drill starts, `chaos-gate.ts` and `chaos-orders-worker.ts`.
 */
import { setTimeout as delay } from "node:timers/promises";
import { request } from "undici";
import { z } from "zod";
import type { GateClient } from "../crowd/gate-client.ts";
import { FatalError } from "../crowd/ask-again.ts";
import type { Outage } from "./evidence.ts";
import type { DrillSale } from "./sale.ts";

/** Counts the faults that the Workers of `--chaos` log. */
export class TroubleCount {
  readonly #counts = new Map<string, number>();

  note(line: string): void {
    const parsed = chaosSchema.safeParse(line);
    if (!parsed.success) return;
    const { event } = parsed.data;
    this.#counts.set(event, (this.#counts.get(event) ?? 0) + 1);
  }

  /** Each event with its number, most frequent first. */
  get metrics(): readonly (readonly [string, number])[] {
    return [...this.#counts].toSorted(([, left], [, right]) => right - left);
  }
}

const chaosSchema = z
  .string()
  .startsWith('{"at":"chaos"')
  .transform((text): unknown => JSON.parse(text))
  .pipe(z.object({ at: z.literal("chaos"), event: z.string() }));

const FAULT_SHARE = 0.2;
const FAULTS = ["latency", "hang", "rate_limit", "error_before", "error_after", "disconnect"];
/** Longer than the adapter's timeout, so that a delayed answer counts as lost. */
const HANG_MS = 8000;
const LATENCY_MS = 400;

/** The outage begins when this share of the units is sold, or `OUTAGE_AFTER_MAX_MS` after start. */
const SOLD_SHARE_BEFORE_OUTAGE = 0.2;
const OUTAGE_AFTER_MAX_MS = 45_000;
const OUTAGE_MS = 30_000;
const CHECK_INTERVAL_MS = 500;

interface Faults {
  readonly rate: number;
  readonly kinds: readonly string[];
}

export async function setFaults(sandboxUrl: string, { rate, kinds }: Faults): Promise<void> {
  const { statusCode, body } = await request(new URL("/sandbox/faults", sandboxUrl), {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rate, kinds, hang_ms: HANG_MS, latency_ms: LATENCY_MS }),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new FatalError(`setting the sandbox's faults: ${text}`);
}

/** Runs until aborted. Returns the outage, or null when the crowd had settled before it. */
export async function causeTrouble(
  merchantGate: GateClient,
  sandboxUrl: string,
  sale: DrillSale,
  signal: AbortSignal,
  print: (line: string) => void,
): Promise<Outage | null> {
  const usual = { rate: FAULT_SHARE, kinds: FAULTS };
  await setFaults(sandboxUrl, usual);
  const pause = (duration_ms: number) => delay(duration_ms, undefined, { signal });
  try {
    const latest_ms = sale.startsAt_ms + OUTAGE_AFTER_MAX_MS;
    while (Date.now() < latest_ms && !(await isUnderWay(merchantGate, sale.id))) {
      await pause(CHECK_INTERVAL_MS);
    }
    const from_ms = Date.now();
    print("The payment provider is down.");
    await setFaults(sandboxUrl, { rate: 1, kinds: ["error_before", "hang"] });
    await delay(OUTAGE_MS);
    await setFaults(sandboxUrl, usual);
    print("The payment provider is back.");
    return { from_ms, until_ms: Date.now() };
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

async function isUnderWay(gate: GateClient, sale: string): Promise<boolean> {
  const answer = await gate.merchant.audit(sale);
  if (answer.kind !== "answered") return false;
  const units = (key: "sold" | "received"): number => {
    return answer.body.skus.reduce((sum, sku) => sum + sku[key], 0);
  };
  return units("sold") > 0 && units("sold") >= units("received") * SOLD_SHARE_BEFORE_OUTAGE;
}
