/**
 * The faults of the sandbox: the settings that switch them on, and the seeded draw for each call.
 *
 * Guarantee: the same settings give the same faults for the first, second, … call after they were
 * set. Pure. Not a model of Stripe's reliability: it exists to produce every kind of failure.
 */
import { z } from "zod";

export const FAULT_KINDS = [
  "latency",
  "hang",
  "rate_limit",
  "error_before",
  "error_after",
  "disconnect",
] as const;

const Rate = z.number().min(0).max(1);
const NO_WEBHOOK_FAULTS = { lost: 0, late: 0, duplicate: 0, late_ms: 2000 };

/**
 * `latency`: the answer is delayed by `latency_ms`. `hang`: the call takes effect and its answer is
 * delayed by `hang_ms`. `rate_limit`: 429 without an effect, and its key is not remembered.
 * `error_before`: 500 without an effect. `error_after`: the effect, then 500. `disconnect`: the
 * effect, then the connection breaks in the middle of the answer.
 *
 * `webhooks`: the share of events that are never sent (`lost`), sent `late_ms` late, so that others
 * overtake them (`late`), and sent a second time after `late_ms` (`duplicate`).
 */
export const FaultSettings = z.strictObject({
  rate: Rate,
  kinds: z.array(z.enum(FAULT_KINDS)).min(1).max(FAULT_KINDS.length),
  latency_ms: z.int().min(0).max(60_000).default(500),
  hang_ms: z.int().min(0).max(120_000).default(30_000),
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  webhooks: z
    .strictObject({
      lost: Rate.default(0),
      late: Rate.default(0),
      duplicate: Rate.default(0),
      late_ms: z.int().min(0).max(60_000).default(2000),
    })
    .default(NO_WEBHOOK_FAULTS),
});

export type FaultSettings = z.infer<typeof FaultSettings>;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const NO_FAULTS: FaultSettings = {
  rate: 0,
  kinds: [...FAULT_KINDS],
  latency_ms: 500,
  hang_ms: 30_000,
  seed: 1,
  webhooks: NO_WEBHOOK_FAULTS,
};

/** The fault of call number `call`, counted from 0 since the settings were set, or null. */
export function drawFault(settings: FaultSettings, call: number): FaultKind | null {
  if (draw(settings.seed, call * 2) >= settings.rate) return null;
  const index = Math.floor(draw(settings.seed, call * 2 + 1) * settings.kinds.length);
  return settings.kinds[index] ?? null;
}

/** How long the answer is delayed, in milliseconds. */
export function held_ms(fault: FaultKind | null, settings: FaultSettings): number {
  if (fault === "latency") return settings.latency_ms;
  return fault === "hang" ? settings.hang_ms : 0;
}

/**
 * A number in [0, 1) for each pair: the finalizer of MurmurHash3 applied to a Weyl sequence
 * (the construction of SplitMix, https://doi.org/10.1145/2714064.2660195, in 32 bits).
 */
export function draw(seed: number, step: number): number {
  let x = (seed + Math.imul(step + 1, 0x9e3779b9)) >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return ((x ^ (x >>> 16)) >>> 0) / 0x1_0000_0000;
}
