/**
 * The proof that a sale can require before it gives a place: its settings, and the reasons for
 * which a proof is refused.
 *
 * Guarantee: every field of a protection may be public; secrets belong to the deployment. The
 * reasons are stable codes: sent over HTTP, explained by the pages.
 */
import { z } from "zod";
import {
  ALTCHA_COST_MAX,
  ALTCHA_EXPIRY_MAX_S,
  ALTCHA_EXPIRY_MIN_S,
  ALTCHA_HARDER_BY,
  ALTCHA_MEMORY_DEFAULT_KIB,
  ALTCHA_MEMORY_MAX_KIB,
  ALTCHA_MEMORY_MIN_KIB,
  ALTCHA_NUMBER_MAX,
  TURNSTILE_HOSTNAMES_MAX,
} from "../limits.ts";

/** The action in Turnstile's answer: the token was solved to join a line, not for another form. */
export const TURNSTILE_ACTION = "sluice-join";

const turnstileSchema = z.strictObject({
  kind: z.literal("turnstile"),
  /** The widget's public key. */
  siteKey: z.string().regex(/^[A-Za-z0-9_-]{10,100}$/, "use the widget's site key"),
  /** Hosts on which the widget may be solved. Empty: only the host of the request. */
  hostnames: z
    .array(z.string().regex(/^[a-z0-9.-]{1,253}$/, "use a lower-case host name without a port"))
    .max(TURNSTILE_HOSTNAMES_MAX)
    .default([]),
  /** Whether joins are refused or allowed while siteverify does not answer. */
  onUnavailable: z.enum(["refuse", "allow"]).default("refuse"),
});

/**
 * With `cost` the work is PBKDF2, which the default was in the first versions and stored documents
 * still name; without it is scrypt.
 */
const altchaSchema = z
  .strictObject({
    kind: z.literal("altcha"),
    /** The number that solves the challenge lies in the upper half of 1 … maxNumber. */
    maxNumber: z.int().min(2).max(ALTCHA_NUMBER_MAX).default(1000),
    /** scrypt's memory for each number that is tried. Absent: the default. */
    memoryKiB: z
      .int()
      .min(ALTCHA_MEMORY_MIN_KIB)
      .max(ALTCHA_MEMORY_MAX_KIB)
      .refine((size) => Number.isInteger(Math.log2(size)), "use a power of two")
      .optional(),
    /** PBKDF2 iterations for each number that is tried. */
    cost: z.int().min(1).max(ALTCHA_COST_MAX).optional(),
    /** How long a challenge, and a proof made from it, is valid. */
    expiresSeconds: z.int().min(ALTCHA_EXPIRY_MIN_S).max(ALTCHA_EXPIRY_MAX_S).default(600),
  })
  .check(({ value, issues }) => {
    if (value.cost === undefined || value.memoryKiB === undefined) return;
    const message = "goes with scrypt, and cost with PBKDF2: leave one out";
    issues.push({ code: "custom", path: ["memoryKiB"], message, input: value });
  });

export const protectionSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("none") }),
  turnstileSchema,
  altchaSchema,
]);

export type Protection = z.output<typeof protectionSchema>;
export type TurnstileProtection = z.output<typeof turnstileSchema>;
export type AltchaProtection = z.output<typeof altchaSchema>;

/** The work of one challenge, as ALTCHA names its parts. */
export type AltchaWork = { readonly maxNumber: number } & (
  | {
      readonly algorithm: "SCRYPT";
      /** scrypt's N; with blocks of 1 KiB, its memory in KiB. */
      readonly cost: number;
      readonly memoryCost: number;
      readonly parallelism: number;
    }
  | { readonly algorithm: "PBKDF2/SHA-256"; readonly cost: number }
);

/** scrypt's r: blocks of 128 · 8 bytes. */
const SCRYPT_BLOCKS = 8;

/**
 * The work that a sale asks for. More numbers to try make it harder for the solver; making and
 * checking a challenge costs the gate the same.
 * @param asked how often this network has asked lately
 */
export function altchaWorkOf(
  { maxNumber, memoryKiB = ALTCHA_MEMORY_DEFAULT_KIB, cost }: AltchaProtection,
  asked: ChallengesAsked = "few",
): AltchaWork {
  const numbers = Math.min(maxNumber * HARDER[asked], ALTCHA_NUMBER_MAX);
  if (cost !== undefined) return { algorithm: "PBKDF2/SHA-256", cost, maxNumber: numbers };
  const scrypt = { algorithm: "SCRYPT", memoryCost: SCRYPT_BLOCKS, parallelism: 1 } as const;
  return { ...scrypt, cost: memoryKiB, maxNumber: numbers };
}

/** How many challenges a network, or its block, was given in the last minute. */
export type ChallengesAsked = "few" | "some" | "many";

const HARDER: Readonly<Record<ChallengesAsked, number>> = {
  few: 1,
  some: ALTCHA_HARDER_BY,
  many: ALTCHA_HARDER_BY * ALTCHA_HARDER_BY,
};

export const PROOF_REFUSALS = [
  "malformed",
  "unknown_key",
  "bad_signature",
  "other_sale",
  "expired",
  "wrong_solution",
  "not_verified",
  "expired_or_used",
  "other_host",
  "other_action",
  "already_used",
] as const;

export type ProofRefusal = (typeof PROOF_REFUSALS)[number];

/** The secrets that sign ALTCHA's challenges; two, because two different things are signed. */
export interface ProofSecret {
  readonly kid: string;
  /** Signs the challenge. */
  readonly challenge: string;
  /** Signs the derived key that a right solution must produce. */
  readonly solution: string;
}

/** The prefix differs from those of passes (`pass:`) and of shoppers without a proof (`sub_`). */
export function proofSubjectOf(fingerprint: string): string {
  return `proof:${fingerprint}`;
}
