/**
 * The signed statements of a draw, as a stranger checks them: the counts before a round, when each
 * cohort closed, and when the secret was revealed, by the keys that the gate publishes.
 *
 * Guarantee: written from docs/fairness.md, with Node's Ed25519, and without code of the gate. A
 * signature is expected where a time is stated. Cohorts that a release without closing times closed
 * are the first of their lane; one after a cohort with a time has lost its own.
 */
import { createPublicKey, verify } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { parseJson } from "../../src/encoding/json.ts";
import type { Fairness, Manifest, PublishedKey } from "../crowd/gate-answers.ts";

const KINDS = {
  counts: { typ: "sluice-counts+jwt", aud: "sluice:counts" },
  manifest: { typ: "sluice-manifest+jwt", aud: "sluice:manifest" },
  secret: { typ: "sluice-secret+jwt", aud: "sluice:secret" },
} as const;

const headerSchema = z.object({ alg: z.literal("EdDSA"), typ: z.string(), kid: z.string() });
const claimsSchema = z.looseObject({ aud: z.string() });

const decode = (part: string): unknown => parseJson(Buffer.from(part, "base64url").toString());

/** What is wrong with the signature of a statement with these members; null: nothing. */
export function signatureFault(
  signature: string | null | undefined,
  kind: keyof typeof KINDS,
  stated: Readonly<Record<string, unknown>>,
  keys: readonly PublishedKey[],
): string | null {
  if (signature === null || signature === undefined) return "it is not signed";
  const [head = "", payload = "", mac = ""] = signature.split(".");
  const header = headerSchema.safeParse(decode(head)).data;
  if (header?.typ !== KINDS[kind].typ) return "its signature is of another kind";
  const jwk = keys.find(({ kid }) => kid === header.kid);
  if (jwk === undefined) return `the key ${header.kid} that signed it is not published`;
  const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: jwk.x } });
  const isSigned = verify(
    null,
    Buffer.from(`${head}.${payload}`),
    key,
    Buffer.from(mac, "base64url"),
  );
  const claims = claimsSchema.safeParse(decode(payload)).data;
  if (!isSigned || claims?.aud !== KINDS[kind].aud) return "its signature does not match";
  const changed = Object.entries(stated).find(([name, value]) => {
    return !isDeepStrictEqual(claims[name], value);
  });
  return changed === undefined ? null : `its ${changed[0]} is not the one that was signed`;
}

/** Of one lane, in the order of the cohorts. */
export function closingFaults(
  manifests: readonly Manifest[],
  { revealedAt = null }: Fairness,
  keys: readonly PublishedKey[],
): string[] {
  let isTimed = false;
  return manifests.flatMap((manifest) => {
    const { signature, ...stated } = manifest;
    const { closedAt, k } = stated;
    if (closedAt === undefined && signature === undefined && !isTimed) return [];
    isTimed = true;
    const fault =
      closedAt === undefined
        ? "it has no closing time"
        : signatureFault(signature, "manifest", stated, keys);
    const isLate = revealedAt !== null && Date.parse(closedAt ?? "") > Date.parse(revealedAt);
    return [
      ...(fault === null ? [] : [`cohort ${k}: ${fault}`]),
      ...(isLate ? [`cohort ${k} closed at ${closedAt}, after the secret was revealed`] : []),
    ];
  });
}

/** What is wrong with what is stated of the revelation; null: nothing, or nothing is stated. */
export function revelationFault(
  sale: string,
  fairness: Fairness,
  keys: readonly PublishedKey[],
  isTimed: boolean,
): string | null {
  const { secret, commitment, revealedAt = null, signature } = fairness;
  if (secret === null) return revealedAt === null ? null : "it has a time, but is not published";
  if (revealedAt === null) {
    return isTimed ? "cohorts have closing times, and its revelation has none" : null;
  }
  return signatureFault(signature, "secret", { sale, commitment, secret, revealedAt }, keys);
}
