/**
 * An admission of a room as its shopper carries it: signed with the deployment's keys, and beside
 * the token the facts that are in it, so that nobody verifies what the room has just signed.
 *
 * Guarantee: the same record and device give the very same token. It changes nothing.
 */
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import type { Place } from "../../src/domain/line/cohort.ts";
import { signAdmission } from "../../src/tokens/admissions.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import type { Admitted } from "./outcomes.ts";
import type { RoomBook } from "./room-store.ts";

/** The device that an admission is bound to (`domain/sale/device-binding.ts`); null: any. */
export type Device = string | null;

/** What a room needs to know of a ticket. */
export type ClaimedTicket = Place & { readonly id: string; readonly subject: string };

export async function signedAdmission(
  env: GateEnv,
  book: RoomBook,
  record: AdmissionRecord,
  device: Device,
): Promise<Admitted> {
  const secrets = await readSecrets(env);
  if (secrets.kind !== "ready") throw new Error(secrets.missing.join("; "));
  const sale = book.foundation.sale.id;
  const token = await signAdmission(secrets.keys, env.ISSUER, sale, record, device);
  const { id, subject, lane, expiresAt_ms } = record;
  return { kind: "admitted", token, admission: { id, sale, subject, lane, expiresAt_ms, device } };
}
