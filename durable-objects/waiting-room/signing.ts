/**
 * An admission of a room as its shopper is told of it: signed with the deployment's keys.
 *
 * Guarantee: the same record and device give the very same token. It changes nothing.
 */
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import { signAdmission } from "../../src/tokens/admissions.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";

/** The device that an admission is bound to (`domain/sale/device-binding.ts`); null: any. */
export type Device = string | null;

export async function signedAdmission(
  env: GateEnv,
  sale: string,
  admission: AdmissionRecord,
  device: Device,
) {
  const secrets = await readSecrets(env);
  if (secrets.kind !== "ready") throw new Error(secrets.missing.join("; "));
  const token = await signAdmission(secrets.keys, env.ISSUER, sale, admission, device);
  const { id, expiresAt_ms } = admission;
  return { kind: "admitted", token, id, expiresAt_ms } as const;
}
