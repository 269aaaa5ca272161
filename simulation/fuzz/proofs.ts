/**
 * The proofs that the fuzz run starts from: those of shoppers who already have places, and others
 * that are correctly signed but can give no place.
 *
 * Guarantee: every proof except `fresh` was used or can never be valid, so none gives a new place.
 */
import { createHmac } from "node:crypto";
import { createChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { z } from "zod";
import { TURNSTILE_ACTION } from "../../src/domain/sale/protection.ts";
import { LOOPBACK } from "../host/ports.ts";
import { challengeSchema, solved } from "../crowd/proof-of-work.ts";
import { type SandboxToken, sandboxToken } from "../sandbox/turnstile.ts";
import { FUZZ_SALES } from "./names.ts";
import { type Ask, joinedSchema, SEATS, takeFreedSeat } from "./setting-up.ts";

export interface Proofs {
  /** A proof of work whose shopper waits in line. */
  readonly worked: string;
  /** A proof of work whose shopper has left the shop. */
  readonly used: string;
  /** Signed with the gate's key, for a challenge that has expired. */
  readonly expired: string;
  /** Signed with the gate's key, for another sale. */
  readonly elsewhere: string;
  /** Correct, but signed with another key. */
  readonly stranger: string;
  /** A Turnstile token whose shopper waits in line. */
  readonly checked: string;
  /** A Turnstile token that was not used. */
  readonly fresh: string;
}

/** As cheap to solve as possible, because the work is not what is tested. */
export const ALTCHA = { kind: "altcha", maxNumber: 4, cost: 1 } as const;
export const TURNSTILE = { kind: "turnstile", siteKey: "1x00000000000000000000AA" } as const;
/** The device id of the shoppers in the sale that binds admissions to devices. */
export const DEVICE = "fuzz-device-0123456789";

const EXPIRY_S = 3600;

const proofKeysSchema = z.object({
  keys: z.array(z.object({ kid: z.string(), k: z.string() })).min(1),
});

/** @param proofKeys the gate's PROOF_KEYS */
async function forgedProofs(proofKeys: string) {
  const [key] = proofKeysSchema.parse(JSON.parse(proofKeys)).keys;
  if (key === undefined) throw new Error("an empty key set");
  const derived = (purpose: string): string => {
    const secret = Buffer.from(key.k, "base64url");
    return createHmac("sha256", secret).update(`sluice-proof/${purpose}`).digest("hex");
  };
  const now_s = Math.floor(Date.now() / 1000);
  const signed = async (sale: string, expiresAt: number, isOurs: boolean): Promise<string> => {
    const [challenge, solution] = isOurs ? ["challenge", "solution"].map(derived) : ["no", "nor"];
    const made = await createChallenge({
      algorithm: "PBKDF2/SHA-256",
      cost: ALTCHA.cost,
      counter: 2,
      data: { sale, kid: key.kid },
      deriveKey,
      expiresAt,
      hmacSignatureSecret: challenge ?? "",
      hmacKeySignatureSecret: solution ?? "",
    });
    return solved(made);
  };
  const { proven } = FUZZ_SALES;
  return {
    expired: await signed(proven, now_s - 1, true),
    elsewhere: await signed("another-sale", now_s + EXPIRY_S, true),
    stranger: await signed(proven, now_s + EXPIRY_S, false),
  };
}

/** A valid token except for the changes. */
export function turnstileToken(id: string, change: Partial<SandboxToken> = {}): string {
  const valid = { hostname: LOOPBACK, action: TURNSTILE_ACTION, cdata: FUZZ_SALES.checked };
  return sandboxToken({ id, solvedAt_ms: Date.now(), ...valid, ...change });
}

/** Takes all seats of the sale with proofs of work; the first shopper leaves, another follows. */
export async function settleProofs(ask: Ask, proofKeys: string): Promise<Proofs> {
  const { proven, checked } = FUZZ_SALES;
  const joinWith = async (sale: string, proof: string) => {
    const request = { headers: { "sluice-device": DEVICE }, body: { proof } };
    return joinedSchema.parse(await ask("POST", `/v1/sales/${sale}/tickets`, request));
  };
  const joined: { readonly proof: string; readonly ticket: string | null }[] = [];
  let left: string | undefined;
  while (joined.length < 2 * SEATS) {
    const proof = await solved(
      challengeSchema.parse(await ask("GET", `/v1/sales/${proven}/challenge`)),
    );
    const { ticket = null, admission } = await joinWith(proven, proof);
    left ??= admission;
    joined.push({ proof, ticket });
  }
  const headers = { "sluice-admission": left ?? "" };
  await ask("DELETE", `/v1/sales/${proven}/admissions/current`, { headers });
  const tickets = joined.flatMap(({ ticket }) => ticket ?? []);
  const queued = await takeFreedSeat(ask, proven, tickets);
  const token = turnstileToken("fuzz-checked");
  await joinWith(checked, token);
  return {
    worked: joined.find(({ ticket }) => ticket === queued)?.proof ?? "",
    used: joined[0]?.proof ?? "",
    checked: token,
    fresh: turnstileToken("fuzz-fresh"),
    ...(await forgedProofs(proofKeys)),
  };
}
