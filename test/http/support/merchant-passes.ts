/**
 * The merchant's side of passes, for tests: the merchant's key, gate secrets with that key, and
 * passes signed with them.
 */
import { randomBytes } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import { generateGateSecrets } from "../../../scripts/secret-set.ts";

const { ADMIN_TOKEN: adminToken, ...secrets } = generateGateSecrets();
const key = { kty: "oct", kid: "merchant", k: randomBytes(32).toString("base64url") };

export const PASS_SECRETS = { ...secrets, PASS_KEYS: JSON.stringify({ keys: [key] }) };

/** Options of `startSluice`: a gate that accepts the merchant's passes. */
export const WITH_PASSES = { adminToken, variables: { gate: PASS_SECRETS } };

export const MEMBERS = { lanes: [{ id: "members", weight: 3 }] };

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** A pass for the members' lane, valid for ten minutes; `claims` override, `undefined` removes. */
export async function passFor(
  sale: string,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT({ aud: sale, exp: inSeconds(600), lane: "members", ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "sluice-pass+jwt", kid: key.kid })
    .sign(await importJWK(key, "HS256"));
}
