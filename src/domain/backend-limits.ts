/**
 * The limits of the calls to each backend: a document that operators change while sales run.
 *
 * Guarantee: a stored document always yields limits that work together. Reading is loose, so that
 * another release reads what this one wrote: an unknown field is ignored, a missing or unusable
 * value is the default, and a document that is no JSON is all defaults. A document that an operator
 * sends is read strictly, with an issue for each field that is wrong.
 * Not for pacing (`pace.ts`) or for counting failures (`breaker.ts`).
 */
import { z } from "zod";
import { jsonText } from "../encoding/json.ts";
import { BREAKER_DEFAULTS, type Backend, type BreakerRules } from "./breaker.ts";
import {
  BACKEND_CALLS_AT_ONCE_MAX,
  BACKEND_CALLS_PER_MINUTE_MAX,
  BACKEND_TIMEOUT_MAX_MS,
  BACKEND_TIMEOUT_MIN_MS,
  ORDER_BOOK_TIMEOUT_MS,
  ORDER_CALLS_AT_ONCE,
  PAYMENT_CALLS_AT_ONCE,
  PAYMENT_TIMEOUT_MS,
} from "./limits.ts";

const part = z.number().min(0.01).max(1);
const count = (min: number, max: number) => z.int().min(min).max(max);
const seconds = (min: number, max: number) => z.number().min(min).max(max);

const BREAKER_FIELDS = {
  windowSeconds: seconds(5, 600),
  /** With fewer calls in the window it does not open. */
  callsMin: count(2, 1000),
  failureRate: part,
  slowCallSeconds: seconds(0.1, 60),
  slowRate: part,
  openSeconds: seconds(1, 600),
  openSecondsMax: seconds(1, 3600),
  probes: count(1, 20),
  successesToClose: count(1, 20),
} as const;

const LIMIT_FIELDS = {
  /** All isolates together; null: as many as the backend takes. */
  callsPerMinute: count(1, BACKEND_CALLS_PER_MINUTE_MAX).nullable(),
  /** Of one batch of orders. */
  callsAtOnce: count(1, BACKEND_CALLS_AT_ONCE_MAX),
  timeoutSeconds: seconds(BACKEND_TIMEOUT_MIN_MS / 1000, BACKEND_TIMEOUT_MAX_MS / 1000),
} as const;

export type BackendLimits = z.infer<typeof limitsShape>;
const limitsShape = z.object({ ...LIMIT_FIELDS, breaker: z.object(BREAKER_FIELDS) });

const BREAKER_LIMITS: BackendLimits["breaker"] = {
  windowSeconds: BREAKER_DEFAULTS.window_ms / 1000,
  callsMin: BREAKER_DEFAULTS.callsMin,
  failureRate: BREAKER_DEFAULTS.failureRate,
  slowCallSeconds: BREAKER_DEFAULTS.slowCall_ms / 1000,
  slowRate: BREAKER_DEFAULTS.slowRate,
  openSeconds: BREAKER_DEFAULTS.openFor_ms / 1000,
  openSecondsMax: BREAKER_DEFAULTS.openForMax_ms / 1000,
  probes: BREAKER_DEFAULTS.probes,
  successesToClose: BREAKER_DEFAULTS.successesToClose,
};

export const LIMIT_DEFAULTS: Readonly<Record<Backend, BackendLimits>> = {
  payment: {
    callsPerMinute: null,
    callsAtOnce: PAYMENT_CALLS_AT_ONCE,
    timeoutSeconds: PAYMENT_TIMEOUT_MS / 1000,
    breaker: BREAKER_LIMITS,
  },
  orders: {
    callsPerMinute: null,
    callsAtOnce: ORDER_CALLS_AT_ONCE,
    timeoutSeconds: ORDER_BOOK_TIMEOUT_MS / 1000,
    breaker: BREAKER_LIMITS,
  },
};

const requestShape = z.strictObject({
  callsPerMinute: LIMIT_FIELDS.callsPerMinute.optional(),
  callsAtOnce: LIMIT_FIELDS.callsAtOnce.optional(),
  timeoutSeconds: LIMIT_FIELDS.timeoutSeconds.optional(),
  breaker: z.strictObject(BREAKER_FIELDS).partial().optional(),
});
type LimitsRequest = z.infer<typeof requestShape>;

/** What an operator sends: a field that is left out has its default. */
export const limitsRequestSchema = requestShape.check((context) => {
  const { openSeconds, openSecondsMax } = breakerOf(context.value.breaker ?? {});
  if (openSecondsMax >= openSeconds) return;
  const message = `must not be less than openSeconds (${openSeconds})`;
  const path = ["breaker", "openSecondsMax"];
  context.issues.push({ code: "custom", input: context.value, path, message });
});

/** The limits that a document states, with the defaults for what it leaves out. */
export function limitsOf(backend: Backend, { breaker, ...stated }: LimitsRequest): BackendLimits {
  const defaults = LIMIT_DEFAULTS[backend];
  return {
    callsPerMinute: stated.callsPerMinute ?? null,
    callsAtOnce: stated.callsAtOnce ?? defaults.callsAtOnce,
    timeoutSeconds: stated.timeoutSeconds ?? defaults.timeoutSeconds,
    breaker: breakerOf(breaker ?? {}),
  };
}

function breakerOf(stated: NonNullable<LimitsRequest["breaker"]>): BackendLimits["breaker"] {
  return {
    windowSeconds: stated.windowSeconds ?? BREAKER_LIMITS.windowSeconds,
    callsMin: stated.callsMin ?? BREAKER_LIMITS.callsMin,
    failureRate: stated.failureRate ?? BREAKER_LIMITS.failureRate,
    slowCallSeconds: stated.slowCallSeconds ?? BREAKER_LIMITS.slowCallSeconds,
    slowRate: stated.slowRate ?? BREAKER_LIMITS.slowRate,
    openSeconds: stated.openSeconds ?? BREAKER_LIMITS.openSeconds,
    openSecondsMax: stated.openSecondsMax ?? BREAKER_LIMITS.openSecondsMax,
    probes: stated.probes ?? BREAKER_LIMITS.probes,
    successesToClose: stated.successesToClose ?? BREAKER_LIMITS.successesToClose,
  };
}

export interface StoredLimits {
  readonly limits: BackendLimits;
  /** What was stored and could not be used, by its path; empty for a document that is fine. */
  readonly unusable: readonly string[];
}

/** Reads a stored document. @param text null when none is stored */
export function readStoredLimits(backend: Backend, text: string | null): StoredLimits {
  if (text === null) return { limits: LIMIT_DEFAULTS[backend], unusable: [] };
  const document = jsonText.pipe(recordSchema).safeParse(text);
  if (!document.success) return { limits: LIMIT_DEFAULTS[backend], unusable: ["the document"] };
  const ofBreaker = recordSchema.safeParse(document.data["breaker"] ?? {});
  const own = usableOf(LIMIT_FIELDS, document.data, "");
  const inner = usableOf(BREAKER_FIELDS, ofBreaker.data ?? {}, "breaker.");
  const unusable = [...own.unusable, ...inner.unusable];
  if (!ofBreaker.success) unusable.push("breaker");
  const usable = limitsRequestSchema.safeParse({ ...own.values, breaker: inner.values });
  if (usable.success) return { limits: limitsOf(backend, usable.data), unusable };
  // Each value may be used, but not together.
  return { limits: LIMIT_DEFAULTS[backend], unusable: [...unusable, "breaker.openSecondsMax"] };
}

const recordSchema = z.record(z.string(), z.unknown());

function usableOf(
  fields: Readonly<Record<string, z.ZodType>>,
  stored: Readonly<Record<string, unknown>>,
  prefix: string,
): { readonly values: Record<string, unknown>; readonly unusable: string[] } {
  const values: Record<string, unknown> = {};
  const unusable: string[] = [];
  for (const [name, schema] of Object.entries(fields)) {
    if (stored[name] === undefined) continue;
    const read = schema.safeParse(stored[name]);
    if (read.success) values[name] = read.data;
    else unusable.push(`${prefix}${name}`);
  }
  return { values, unusable };
}

export function breakerRulesOf({ breaker }: BackendLimits): BreakerRules {
  return {
    ...BREAKER_DEFAULTS,
    window_ms: breaker.windowSeconds * 1000,
    callsMin: breaker.callsMin,
    failureRate: breaker.failureRate,
    slowCall_ms: breaker.slowCallSeconds * 1000,
    slowRate: breaker.slowRate,
    openFor_ms: breaker.openSeconds * 1000,
    openForMax_ms: breaker.openSecondsMax * 1000,
    probes: breaker.probes,
    successesToClose: breaker.successesToClose,
  };
}

export interface LimitDifference {
  /** Such as `breaker.openSeconds`. */
  readonly path: string;
  readonly from: number | null;
  readonly to: number | null;
}

/** What differs between two documents, for the log of a change and for readiness. */
export function limitDifferences(from: BackendLimits, to: BackendLimits): LimitDifference[] {
  const before = new Map(flat(from));
  return flat(to).flatMap(([path, value]) => {
    const was = before.get(path) ?? null;
    return was === value ? [] : [{ path, from: was, to: value }];
  });
}

function flat({ breaker, ...own }: BackendLimits): [string, number | null][] {
  const inner = Object.entries(breaker).map(([name, value]): [string, number] => {
    return [`breaker.${name}`, value];
  });
  return [...Object.entries(own), ...inner];
}

export interface LimitsReading {
  readonly backend: Backend;
  readonly limits: BackendLimits;
}

/** The backends whose document is not as Sluice comes, each with what differs. */
export function unusualLimits(readings: readonly LimitsReading[]): string[] {
  return readings.flatMap(({ backend, limits }) => {
    const changes = limitDifferences(LIMIT_DEFAULTS[backend], limits).map(({ path, from, to }) => {
      return `${path} ${to ?? "none"} instead of ${from ?? "none"}`;
    });
    return changes.length === 0 ? [] : [`${backend}: ${changes.join(", ")}`];
  });
}
