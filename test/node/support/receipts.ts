/**
 * Receipts for tests: the gate's keys, a confirmed order, and its receipt signed by them.
 */
import { createLocalJWKSet, type JSONWebKeySet } from "jose";
import { generateGateSecrets } from "../../../scripts/secret-set.ts";
import { receiptOf, type Receipt } from "../../../src/domain/order/receipt.ts";
import { orderIntentSchema, type OrderIntent } from "../../../src/domain/order/order.ts";
import { readSecrets, type Keys } from "../../../src/tokens/secrets.ts";
import { INTENT, orderAt, STANDINGS } from "./order-records.ts";

export const ISSUER = "sluice";

export async function newKeys(): Promise<Keys> {
  const secrets = await readSecrets({ ...generateGateSecrets() });
  if (secrets.kind !== "ready") throw new Error(secrets.missing.join("; "));
  return secrets.keys;
}

/** The keys as the gate publishes them. */
export function jwksOf(keys: Keys): JSONWebKeySet {
  return { keys: keys.admissionJwks.keys.map((jwk) => ({ ...jwk, kty: jwk.kty ?? "" })) };
}

export const verifierOf = (keys: Keys) => createLocalJWKSet(jwksOf(keys));

export const PLACE = { lane: "general", cohort: 3, shard: 1, index: 17, rank: 412 };
export const ADMITTED = { ticket: "tkt_1", at_ms: 90_500, until_ms: 690_500 };

/** The intent of an order from the line. */
export const FROM_LINE: OrderIntent = orderIntentSchema.parse({
  ...INTENT,
  admission: "adm_tkt_1",
  placedAt_ms: 120_250,
  place: { ...PLACE, joinedAt_ms: 30_000 },
  admitted: ADMITTED,
});

const HISTORY = [
  { version: 1, at_ms: 120_250, state: "accepted", reason: null },
  { version: 5, at_ms: 125_900, state: "confirmed", reason: null },
];

/** The receipt of a confirmed order with this intent. */
export function receiptFor(intent: OrderIntent = FROM_LINE): Receipt {
  const record = { ...orderAt(STANDINGS.confirmed, { updatedAt_ms: 999_000 }), intent };
  const receipt = receiptOf(record, HISTORY);
  if (receipt === null) throw new Error("a confirmed order has a receipt");
  return receipt;
}
