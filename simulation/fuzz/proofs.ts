/**
 * The proofs of being human that the fuzz run starts from: of shoppers who have their places by
 * them, and such as are signed well and are good for nothing.
 *
 * Guarantee: every proof but `fresh` was brought or can never be good, so none gives a place.
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
  /** Of who stands in line by it. */
  readonly worked: string;
  /** Of who has left the shop. */
  readonly used: string;
  /** Signed by the gate's key: of a challenge that is over, and of another sale's. */
  readonly expired: string;
  readonly elsewhere: string;
  /** Right in every word, and signed by somebody else. */
  readonly stranger: string;
  /** Turnstile's, of who stands in line by it. */
  readonly checked: string;
  /** Turnstile's, and nobody has brought it. */
  readonly fresh: string;
}

/** As quick to solve as can be: what is tried here is not the work. */
export const ALTCHA = { kind: "altcha", maxNumber: 4, cost: 1 } as const;
export const TURNSTILE = { kind: "turnstile", siteKey: "1x00000000000000000000AA" } as const;
/** Of whoever joins the sale that tells devices apart. */
export const DEVICE = "fuzz-device-0123456789";

const EXPIRY_S = 3600;

const proofKeysSchema = z.object({
  keys: z.array(z.object({ kid: z.string(), k: z.string() })).min(1),
});

/** @param proofKeys the gate's own */
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

/** A token that is good but for what is changed. */
export function turnstileToken(id: string, change: Partial<SandboxToken> = {}): string {
  const told = { hostname: LOOPBACK, action: TURNSTILE_ACTION, cdata: FUZZ_SALES.checked };
  return sandboxToken({ id, solvedAt_ms: Date.now(), ...told, ...change });
}

/** The seats of the sale with a proof are taken, too, and the first of them was left. */
export async function settleProofs(ask: Ask, proofKeys: string): Promise<Proofs> {
  const { proven, checked } = FUZZ_SALES;
  const joinWith = async (sale: string, proof: string) => {
    const asked = { headers: { "sluice-device": DEVICE }, body: { proof } };
    return joinedSchema.parse(await ask("POST", `/v1/sales/${sale}/tickets`, asked));
  };
  const brought: { readonly proof: string; readonly ticket: string | null }[] = [];
  let left: string | undefined;
  while (brought.length < 2 * SEATS) {
    const proof = await solved(
      challengeSchema.parse(await ask("GET", `/v1/sales/${proven}/challenge`)),
    );
    const { ticket = null, admission } = await joinWith(proven, proof);
    left ??= admission;
    brought.push({ proof, ticket });
  }
  const headers = { "sluice-admission": left ?? "" };
  await ask("DELETE", `/v1/sales/${proven}/admissions/current`, { headers });
  const tickets = brought.flatMap(({ ticket }) => ticket ?? []);
  const queued = await takeFreedSeat(ask, proven, tickets);
  const token = turnstileToken("fuzz-checked");
  await joinWith(checked, token);
  return {
    worked: brought.find(({ ticket }) => ticket === queued)?.proof ?? "",
    used: brought[0]?.proof ?? "",
    checked: token,
    fresh: turnstileToken("fuzz-fresh"),
    ...(await forgedProofs(proofKeys)),
  };
}
