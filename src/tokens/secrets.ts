/**
 * The secrets of the gate, parsed once and imported as keys.
 *
 * Guarantee: a missing or malformed secret is reported by name at the first request, and no value
 * is ever logged. Keys are JWKS so that they overlap during a rotation: the first key signs, every
 * key verifies, and each set has one purpose and one pinned algorithm.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import { importJWK, type CryptoKey, type JWK } from "jose";
import { z } from "zod";
import { ADMIN_TOKEN_LENGTH_MIN } from "../domain/limits.ts";
import type { ProofSecret } from "../domain/sale/protection.ts";
import { jsonText, keyedDigestOf } from "../encoding/json.ts";
import type { SealingKey } from "./sealed-text.ts";

const keySetOf = <Key extends z.ZodType>(key: Key) =>
  jsonText.transform((value, context) => {
    const parsed = z.object({ keys: z.array(key).min(1) }).safeParse(value);
    if (parsed.success) return parsed.data.keys;
    context.addIssue({ code: "custom", message: "is not a JWKS of the right kind of keys" });
    return z.NEVER;
  });

const ticketKeySchema = z.object({
  kty: z.literal("oct"),
  kid: z.string().min(1),
  k: z.string().min(43),
});
const admissionKeySchema = z.object({
  kty: z.literal("OKP"),
  crv: z.literal("Ed25519"),
  kid: z.string().min(1),
  x: z.string(),
  d: z.string(),
});

/** A merchant's key: a shared secret for HS256, or the public key for EdDSA or ES256. */
const passKeySchema = z.discriminatedUnion("kty", [
  ticketKeySchema,
  admissionKeySchema.omit({ d: true }),
  z.object({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    kid: z.string().min(1),
    x: z.string(),
    y: z.string(),
  }),
]);

const secretsSchema = z.object({
  TICKET_KEYS: keySetOf(ticketKeySchema),
  ADMISSION_KEYS: keySetOf(admissionKeySchema),
  /** Optional: without it every pass is refused. An empty text counts as absent. */
  PASS_KEYS: z.union([z.literal("").transform(() => []), keySetOf(passKeySchema)]).default([]),
  /** Optional: without it no sale can require a proof of work. An empty text counts as absent. */
  PROOF_KEYS: z.union([z.literal("").transform(() => []), keySetOf(ticketKeySchema)]).default([]),
  /** Optional: without it no shop's server is known. An empty text counts as absent. */
  SERVER_KEYS: z.union([z.literal("").transform(() => []), keySetOf(ticketKeySchema)]).default([]),
  /** Optional: without it, keys derived from TICKET_KEYS. An empty text counts as absent. */
  BUYER_KEYS: z.union([z.literal("").transform(() => []), keySetOf(ticketKeySchema)]).default([]),
  ADMIN_TOKEN: z
    .string()
    .min(ADMIN_TOKEN_LENGTH_MIN, `has fewer than ${ADMIN_TOKEN_LENGTH_MIN} characters`),
});

export interface SigningKey {
  readonly kid: string;
  readonly key: CryptoKey;
}

/** What a shop's server sends as it is, to be known by. */
export interface ServerKey {
  readonly kid: string;
  readonly secret: string;
}

type PassAlgorithm = "HS256" | "EdDSA" | "ES256";

const PASS_ALGORITHMS: Readonly<Record<z.output<typeof passKeySchema>["kty"], PassAlgorithm>> = {
  oct: "HS256",
  OKP: "EdDSA",
  EC: "ES256",
};

export interface PassVerifier {
  readonly alg: PassAlgorithm;
  readonly key: CryptoKey;
}

export interface Keys {
  readonly ticketSigner: SigningKey;
  readonly ticketVerifiers: ReadonlyMap<string, CryptoKey>;
  readonly admissionSigner: SigningKey;
  readonly admissionVerifiers: ReadonlyMap<string, CryptoKey>;
  /** The merchant's keys, by `kid`. */
  readonly passVerifiers: ReadonlyMap<string, PassVerifier>;
  /** For challenges; the first signs, all verify. Empty without PROOF_KEYS. */
  readonly proofSecrets: readonly ProofSecret[];
  /** In no order: each is accepted. Empty without SERVER_KEYS. */
  readonly serverKeys: readonly ServerKey[];
  /** For hashes of buyers' addresses: the first is for new ones, all for searching. */
  readonly buyerKeys: readonly string[];
  /** For what a backup must not show: the first seals, all open. */
  readonly sealingKeys: readonly SealingKey[];
  /** The JWKS that origins fetch: public keys only. */
  readonly admissionJwks: { readonly keys: readonly JWK[] };
}

export type SecretsOutcome =
  | { readonly kind: "ready"; readonly keys: Keys; readonly adminToken: string }
  /** The name of each secret and what is wrong with it; never a value. */
  | { readonly kind: "not_configured"; readonly missing: readonly string[] };

const SECRETS = [
  "TICKET_KEYS",
  "ADMISSION_KEYS",
  "ADMIN_TOKEN",
  "PASS_KEYS",
  "PROOF_KEYS",
  "SERVER_KEYS",
  "BUYER_KEYS",
] as const;
type SecretsEnv = Partial<Record<(typeof SECRETS)[number], string>>;

async function imported(jwk: JWK, alg: string): Promise<CryptoKey> {
  const key = await importJWK(jwk, alg);
  if (key instanceof Uint8Array) {
    return crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
      "verify",
    ]);
  }
  return key;
}

/** Derives two independent secrets from one key, by HMAC-SHA-256 over the purpose of each. */
async function proofSecretOf(jwk: z.output<typeof ticketKeySchema>): Promise<ProofSecret> {
  const key = await imported(jwk, "HS256");
  const derived = async (purpose: string): Promise<string> => {
    const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(purpose));
    return bytesToHex(new Uint8Array(mac));
  };
  const [challenge, solution] = await Promise.all([
    derived("sluice-proof/challenge"),
    derived("sluice-proof/solution"),
  ]);
  return { kid: jwk.kid, challenge, solution };
}

/** The keys of before BUYER_KEYS was set stay behind it, because orders were hashed with them. */
function buyerKeysOf({
  BUYER_KEYS,
  TICKET_KEYS,
}: Pick<z.output<typeof secretsSchema>, "BUYER_KEYS" | "TICKET_KEYS">): string[] {
  const derived = TICKET_KEYS.map(({ k }) => keyedDigestOf(k, "sluice-buyers"));
  return [...BUYER_KEYS.map(({ k }) => k), ...derived];
}

function first<Value>(values: readonly Value[]): Value {
  const value = values[0];
  if (value === undefined) throw new Error("secrets: an empty key set passed its schema");
  return value;
}

async function prepare(secrets: z.output<typeof secretsSchema>): Promise<Keys> {
  const tickets = await Promise.all(
    secrets.TICKET_KEYS.map(async (jwk) => ({ kid: jwk.kid, key: await imported(jwk, "HS256") })),
  );
  const publicKeys = secrets.ADMISSION_KEYS.map(({ kty, crv, kid, x }) => {
    return { kty, crv, kid, x, alg: "EdDSA", use: "sig" };
  });
  const verifiers = await Promise.all(
    publicKeys.map(async (jwk) => [jwk.kid, await imported(jwk, "EdDSA")] as const),
  );
  const passes = secrets.PASS_KEYS.map(async (jwk) => {
    const alg = PASS_ALGORITHMS[jwk.kty];
    return [jwk.kid, { alg, key: await imported(jwk, alg) }] as const;
  });
  const { kty, crv, kid, x, d } = first(secrets.ADMISSION_KEYS);
  return {
    ticketSigner: first(tickets),
    ticketVerifiers: new Map(tickets.map(({ kid: id, key }) => [id, key])),
    admissionSigner: { kid, key: await imported({ kty, crv, kid, x, d }, "EdDSA") },
    admissionVerifiers: new Map(verifiers),
    passVerifiers: new Map(await Promise.all(passes)),
    serverKeys: secrets.SERVER_KEYS.map(({ kid: id, k }) => ({ kid: id, secret: k })),
    proofSecrets: await Promise.all(secrets.PROOF_KEYS.map(proofSecretOf)),
    buyerKeys: buyerKeysOf(secrets),
    sealingKeys: secrets.TICKET_KEYS.map(({ kid: id, k }) => {
      return { kid: id, secret: keyedDigestOf(k, "sluice-backups") };
    }),
    admissionJwks: { keys: publicKeys },
  };
}

let remembered: { readonly from: string; readonly outcome: SecretsOutcome } | null = null;

/** Parses and imports the keys once per isolate and set of secrets. */
export async function readSecrets(env: SecretsEnv): Promise<SecretsOutcome> {
  const from = SECRETS.map((name) => env[name]).join("\n");
  if (remembered?.from === from) return remembered.outcome;
  const outcome = await parseSecrets(env);
  remembered = { from, outcome };
  return outcome;
}

async function parseSecrets(env: SecretsEnv): Promise<SecretsOutcome> {
  const parsed = secretsSchema.safeParse(env);
  if (!parsed.success) {
    const missing = parsed.error.issues.map(({ path, message }) => {
      const name = String(path[0]);
      const absent = !Object.entries(env).some(
        ([key, value]) => key === name && value !== undefined,
      );
      return absent ? `${name} is missing` : `${name} ${message}`;
    });
    return { kind: "not_configured", missing };
  }
  try {
    const keys = await prepare(parsed.data);
    return { kind: "ready", keys, adminToken: parsed.data.ADMIN_TOKEN };
  } catch {
    return {
      kind: "not_configured",
      missing: ["TICKET_KEYS, ADMISSION_KEYS, PASS_KEYS or PROOF_KEYS hold unusable keys"],
    };
  }
}
