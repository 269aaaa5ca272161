/**
 * ALTCHA's proof of work: creates challenges for a sale, and verifies proofs.
 *
 * The format is version 2 of ALTCHA's proof of work (https://altcha.org/docs), created and verified
 * by its official library, so that its official widget solves it. A challenge is signed together
 * with its sale, the id of the signing key, and its expiry. The server chooses the number that
 * solves it and signs the key derived from that number, so verifying a proof costs two HMACs
 * instead of the work, and a proof of any algorithm that was signed before its expiry is good.
 *
 * Guarantee: nothing is stored here; a proof is valid for one sale and until its expiry.
 * Not for one-time use: the caller remembers the fingerprint of a proof, so that it yields one
 * place.
 */
import { scryptAsync } from "@noble/hashes/scrypt.js";
import { createChallenge, type DeriveKeyFunction, randomInt, verifySolution } from "altcha-lib";
import { deriveKey as deriveByPbkdf2 } from "altcha-lib/algorithms/web/pbkdf2";
import { z } from "zod";
import { PROOF_LENGTH_MAX } from "../domain/limits.ts";
import type { AltchaWork, ProofRefusal, ProofSecret } from "../domain/sale/protection.ts";

const hex = (length: number) => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));

const parameters = {
  nonce: hex(32),
  salt: hex(32),
  cost: z.int(),
  keyLength: z.int(),
  keyPrefix: z.string().regex(/^[0-9a-f]{2,64}$/),
  keySignature: hex(64),
  expiresAt: z.int(),
  data: z.strictObject({ sale: z.string(), kid: z.string() }),
};

/** Exactly the fields that the library writes; a challenge with any other is not ours. */
const parametersSchema = z.discriminatedUnion("algorithm", [
  z.strictObject({
    algorithm: z.literal("SCRYPT"),
    ...parameters,
    memoryCost: z.int(),
    parallelism: z.int(),
  }),
  z.strictObject({ algorithm: z.literal("PBKDF2/SHA-256"), ...parameters }),
]);

const challengeSchema = z.strictObject({ parameters: parametersSchema, signature: hex(64) });

const payloadSchema = z.object({
  challenge: challengeSchema,
  solution: z.object({
    counter: z.int().min(0).max(0xffff_ffff),
    derivedKey: z.string().regex(/^([0-9a-f]{2}){1,64}$/),
  }),
});

export type AltchaChallenge = z.output<typeof challengeSchema>;

export type AltchaOutcome =
  /** `fingerprint` is the same for every proof of the same challenge. */
  | { readonly kind: "proven"; readonly fingerprint: string }
  | { readonly kind: "refused"; readonly reason: ProofRefusal };

/** The library's own function for scrypt needs Node's; this is the same by another library. */
const deriveByScrypt: DeriveKeyFunction = async (
  { cost, memoryCost = 8, parallelism = 1, keyLength },
  salt,
  password,
) => {
  const options = { N: cost, r: memoryCost, p: parallelism, dkLen: keyLength };
  const derivedKey = await scryptAsync(password, salt, options);
  return { parameters: { memoryCost, parallelism }, derivedKey };
};

/** Verifying compares signatures, so it derives nothing: another algorithm cannot be asked for. */
const derivesNothing: DeriveKeyFunction = () => {
  throw new Error("altcha: a challenge without the signature of its key");
};

/** @param secret the deployment's first, which signs */
export async function makeAltchaChallenge(
  secret: ProofSecret,
  sale: string,
  { work, expiresSeconds }: { readonly work: AltchaWork; readonly expiresSeconds: number },
  now: number,
): Promise<AltchaChallenge> {
  const { maxNumber, ...asked } = work;
  const challenge = await createChallenge({
    ...asked,
    counter: randomInt(maxNumber, Math.ceil(maxNumber / 2)),
    data: { sale, kid: secret.kid },
    deriveKey: work.algorithm === "SCRYPT" ? deriveByScrypt : deriveByPbkdf2,
    expiresAt: Math.floor(now / 1000) + expiresSeconds,
    hmacSignatureSecret: secret.challenge,
    hmacKeySignatureSecret: secret.solution,
  });
  return challengeSchema.parse(challenge);
}

/** @param proof as the widget writes it: JSON in base64 */
export async function verifyAltchaProof(
  secrets: readonly ProofSecret[],
  sale: string,
  proof: string,
  now: number,
): Promise<AltchaOutcome> {
  const refused = (reason: ProofRefusal): AltchaOutcome => ({ kind: "refused", reason });
  const payload = payloadSchema.safeParse(read(proof));
  if (!payload.success) return refused("malformed");
  const { challenge, solution } = payload.data;
  const { data, expiresAt } = challenge.parameters;
  const secret = secrets.find(({ kid }) => kid === data.kid);
  if (secret === undefined) return refused("unknown_key");
  // By `now`; the library also checks the expiry, by the current time.
  if (expiresAt * 1000 < now) return refused("expired");
  const result = await verifySolution({
    challenge,
    solution,
    deriveKey: derivesNothing,
    hmacSignatureSecret: secret.challenge,
    hmacKeySignatureSecret: secret.solution,
  });
  if (result.expired) return refused("expired");
  if (result.invalidSignature !== false) return refused("bad_signature");
  if (data.sale !== sale) return refused("other_sale");
  if (!result.verified) return refused("wrong_solution");
  return { kind: "proven", fingerprint: challenge.signature.slice(0, 40) };
}

/** Null for a text that is not JSON in base64. */
function read(proof: string): unknown {
  if (proof.length > PROOF_LENGTH_MAX) return null;
  try {
    const bytes = Uint8Array.from(atob(proof), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}
