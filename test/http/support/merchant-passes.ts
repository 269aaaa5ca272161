/**
 * A merchant's side of passes, for tests: keys of their own, the gate's secrets that know them, and
 * passes signed with them.
 */
import { randomBytes } from "node:crypto";
import { importJWK, SignJWT } from "jose";
import { generateGateSecrets } from "../../../scripts/secret-set.ts";

const { ADMIN_TOKEN: adminToken, ...secrets } = generateGateSecrets();
const key = { kty: "oct", kid: "merchant", k: randomBytes(32).toString("base64url") };

export const PASS_SECRETS = { ...secrets, PASS_KEYS: JSON.stringify({ keys: [key] }) };

/** Of `startSluice`: a gate that knows the merchant's key. */
export const WITH_PASSES = { adminToken, variables: { gate: PASS_SECRETS } };

export const MEMBERS = { lanes: [{ id: "members", weight: 3 }] };

export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** Into the members' lane, good for ten minutes, but for the claims; `undefined` leaves one out. */
export async function passFor(
  sale: string,
  claims: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new SignJWT({ aud: sale, exp: inSeconds(600), lane: "members", ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "sluice-pass+jwt", kid: key.kid })
    .sign(await importJWK(key, "HS256"));
}
