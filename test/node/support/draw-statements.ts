/**
 * Statements of a draw, signed as a gate does, with a key of the tests and without the gate's code.
 */
import { generateKeyPairSync, sign } from "node:crypto";
import { z } from "zod";
import type { Fairness, Manifest } from "../../../simulation/crowd/gate-answers.ts";
import { commitmentTo } from "../../../simulation/drill/fairness.ts";

const pair = generateKeyPairSync("ed25519");
const { x } = z.object({ x: z.string() }).parse(pair.publicKey.export({ format: "jwk" }));

export const KEYS = [{ kid: "k1", x }];
export const JWKS = { keys: [{ kty: "OKP", crv: "Ed25519", kid: "k1", x }] };
export const CLOSED_AT = "2026-11-27T10:00:01.000Z";
export const REVEALED_AT = "2026-11-27T12:10:00.000Z";

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export function statement(kind: "counts" | "manifest" | "secret", claims: object): string {
  const header = { alg: "EdDSA", typ: `sluice-${kind}+jwt`, kid: "k1" };
  const payload = { ...claims, iss: "sluice", aud: `sluice:${kind}`, iat: 1 };
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${sign(null, Buffer.from(signed), pair.privateKey).toString("base64url")}`;
}

/** Signed as it is now; closed at `CLOSED_AT` unless it says otherwise. */
export function signedManifest({ signature: _, ...manifest }: Manifest): Manifest {
  const closed = { ...manifest, closedAt: manifest.closedAt ?? CLOSED_AT };
  return { ...closed, signature: statement("manifest", closed) };
}

/** What is published after the revelation. */
export function revealedFairness(
  sale: string,
  secret: string,
  change: Partial<Fairness> = {},
): Fairness {
  const fairness = { commitment: commitmentTo(secret), secret, revealedAt: REVEALED_AT, ...change };
  return { ...fairness, signature: statement("secret", { sale, ...fairness }) };
}
