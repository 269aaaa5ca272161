/**
 * An admission of a room as its shopper carries it: signed with the deployment's keys, and beside
 * the token the facts that are in it, so that nobody verifies what the room has just signed.
 *
 * Guarantee: the same record and device give the very same token. It changes nothing.
 */
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import { signAdmission, type Admission } from "../../src/tokens/admissions.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import type { RoomCore } from "./room-core.ts";

/** The device that an admission is bound to (`domain/sale/device-binding.ts`); null: any. */
export type Device = string | null;

/** @property admission what `verifyAdmission` would read from the token, its end to the ms */
export type Admitted = {
  readonly kind: "admitted";
  readonly token: string;
  readonly admission: Admission;
};

/** What the core answers, with a signed admission in place of its record. */
type Signed<Outcome> = Admitted | Exclude<Outcome, { readonly kind: "admitted" | "extended" }>;
export type AdmitOutcome = Signed<Awaited<ReturnType<RoomCore["claim" | "admitNow"]>>>;
export type TurnOutcome = Signed<ReturnType<RoomCore["turn"]>>;

export async function signedAdmission(
  env: GateEnv,
  sale: string,
  record: AdmissionRecord,
  device: Device,
): Promise<Admitted> {
  const secrets = await readSecrets(env);
  if (secrets.kind !== "ready") throw new Error(secrets.missing.join("; "));
  const token = await signAdmission(secrets.keys, env.ISSUER, sale, record, device);
  const { id, subject, lane, expiresAt_ms } = record;
  return { kind: "admitted", token, admission: { id, sale, subject, lane, expiresAt_ms, device } };
}
