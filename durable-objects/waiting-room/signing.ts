/**
 * What a room signs with the deployment's keys: admissions, and statements of its draw.
 *
 * An admission is as its shopper carries it, and beside the token are the facts that are in it, so
 * that nobody verifies what the room has just signed.
 *
 * Guarantee: the same record and device give the very same token. It changes nothing.
 */
import type { CohortManifest } from "../../src/domain/line/cohort.ts";
import type { CountedCohort } from "../../src/domain/line/draw.ts";
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import { tokenNumberOf } from "../../src/domain/room/seat-devices.ts";
import { signAdmission, type Admission } from "../../src/tokens/admissions.ts";
import { signStatement, type SignedStatement } from "../../src/tokens/draw-statements.ts";
import { readSecrets, type Keys } from "../../src/tokens/secrets.ts";
import type { KeptSignature } from "./ports.ts";
import type { RoomCore } from "./room-core.ts";
import type { RoomFairness } from "./room-store.ts";

/** The device that an admission is bound to (`domain/sale/device-binding.ts`); null: any. */
export type Device = string | null;

/** @property admission what `verifyAdmission` would read from the token, its times to the ms */
export type Admitted = {
  readonly kind: "admitted";
  readonly token: string;
  readonly admission: Admission;
};

/** What the core answers, with a signed admission in place of its record. */
type Signed<Outcome> = Admitted | Exclude<Outcome, { readonly kind: "admitted" | "extended" }>;
export type AdmitOutcome = Signed<Awaited<ReturnType<RoomCore["claim" | "admitNow"]>>>;
export type TurnOutcome = Signed<ReturnType<RoomCore["turn"]>>;

/** @throws when a secret of the deployment is missing; the gate refuses every request then */
async function keysOf(env: GateEnv): Promise<Keys> {
  const secrets = await readSecrets(env);
  if (secrets.kind !== "ready") throw new Error(secrets.missing.join("; "));
  return secrets.keys;
}

export async function signedAdmission(
  env: GateEnv,
  sale: string,
  record: AdmissionRecord,
  device: Device,
): Promise<Admitted> {
  const number = tokenNumberOf(record.devices, device);
  const bound = { device, number };
  const token = await signAdmission(await keysOf(env), env.ISSUER, sale, record, bound);
  const { id, subject, lane, issuedAt_ms, expiresAt_ms, place } = record;
  const times = { issuedAt_ms, expiresAt_ms };
  return {
    kind: "admitted",
    token,
    admission: { id, sale, subject, lane, ...times, device, number, place },
  };
}

/** Of the counts of a cohort, before its draw. */
export async function signedCounts(env: GateEnv, cohort: CountedCohort): Promise<SignedStatement> {
  const at_ms = Date.parse(cohort.countedAt);
  return signStatement(await keysOf(env), env.ISSUER, "counts", cohort, at_ms);
}

/** Null: it is signed already, or has no closing time, which is what a signature is for. */
export async function signatureOf(
  env: GateEnv,
  { signature, ...manifest }: CohortManifest,
): Promise<KeptSignature | null> {
  const { lane, k, closedAt } = manifest;
  if (closedAt === undefined || signature !== undefined) return null;
  const at_ms = Date.parse(closedAt);
  const signed = await signStatement(await keysOf(env), env.ISSUER, "manifest", manifest, at_ms);
  return { of: { lane, k }, ...signed };
}

/** Null: it is signed already, or still secret. */
export async function signatureOfSecret(
  env: GateEnv,
  { sale, commitment, secret, revealed }: RoomFairness,
): Promise<KeptSignature | null> {
  if (revealed === null || revealed.signature !== null) return null;
  const { at_ms } = revealed;
  const claims = { sale, commitment, secret, revealedAt: new Date(at_ms).toISOString() };
  const signed = await signStatement(await keysOf(env), env.ISSUER, "secret", claims, at_ms);
  return { of: "secret", ...signed };
}
