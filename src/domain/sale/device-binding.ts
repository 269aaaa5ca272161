/**
 * Device binding: what identifies a device, and what happens when an admission is used on another
 * device than it was issued to.
 *
 * A device is a random id in a cookie (for an app: in a header), with its User-Agent and, if the
 * merchant wants it, its network. An admission carries a digest of these, so checking needs only
 * the token and the request. No I/O.
 *
 * Guarantee: the same device gives the same digest, so a repeated claim gets the same token. Weak:
 * a copied admission counts as the same device when the id and the User-Agent are copied with it.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import * as base64url from "jose/base64url";
import { z } from "zod";
import {
  DEVICE_ID_LENGTH_MAX,
  DEVICE_ID_LENGTH_MIN,
  SEAT_DEVICES_DEFAULT,
  SEAT_DEVICES_MAX,
} from "../limits.ts";
import { networkBlockOf } from "../network.ts";

export const replaySchema = z.strictObject({
  /** `allow`: not checked. `report`: served, and logged. `refuse`: not served. */
  handling: z.enum(["allow", "report", "refuse"]).default("allow"),
  /**
   * Whether the network is part of a device: stricter, but fails for phones that change networks.
   */
  address: z.boolean().default(false),
  /** With `refuse`: how many devices one seat may have; the newest ends the oldest. */
  devices: z.int().min(1).max(SEAT_DEVICES_MAX).optional(),
});

export type ReplayRules = z.output<typeof replaySchema>;

export const deviceIdSchema = z
  .string()
  .min(DEVICE_ID_LENGTH_MIN)
  .max(DEVICE_ID_LENGTH_MAX)
  .regex(/^[A-Za-z0-9_-]+$/);

export interface DeviceFacts {
  /** Null when the request has none. */
  readonly id: string | null;
  readonly userAgent: string;
  readonly address: string | null;
}

const DIGEST_BYTES = 16;

/** The device's digest; null when devices are not checked or the request has no id. */
export function deviceOf(rules: ReplayRules, { id, userAgent, address }: DeviceFacts) {
  if (rules.handling === "allow" || id === null) return null;
  const network = rules.address && address !== null ? networkBlockOf(address) : "";
  const digest = sha256(utf8ToBytes(JSON.stringify([id, userAgent, network])));
  return base64url.encode(digest.slice(0, DIGEST_BYTES));
}

/**
 * The digest that a ticket is bound to; null as for an admission. Of the id alone, because a place
 * is kept for hours: meanwhile browsers are updated, and phones change networks.
 */
export function ticketDeviceOf(rules: ReplayRules, id: string | null): string | null {
  if (rules.handling === "allow" || id === null) return null;
  const digest = sha256(utf8ToBytes(JSON.stringify(["ticket", id])));
  return base64url.encode(digest.slice(0, DIGEST_BYTES));
}

/** How many devices may use one seat; null where a token is good on every device. */
export function seatDevicesOf({ handling, devices }: ReplayRules): number | null {
  return handling === "refuse" ? (devices ?? SEAT_DEVICES_DEFAULT) : null;
}

const SEEN_BYTES = 6;

/**
 * What tells devices apart for counting, in every sale: short, and no proof of anything. A device
 * without an id is told apart by its network.
 */
export function seenOf({ id, userAgent, address }: DeviceFacts): string {
  const network = id === null && address !== null ? networkBlockOf(address) : "";
  const digest = sha256(utf8ToBytes(JSON.stringify(["seen", id, userAgent, network])));
  return base64url.encode(digest.slice(0, SEEN_BYTES));
}

export type Replay = "own" | "reported" | "refused";

/** @param bound the digest in the admission; null for one that is valid on every device */
export function replayOf(rules: ReplayRules, bound: string | null, facts: DeviceFacts): Replay {
  if (rules.handling === "allow" || bound === null) return "own";
  if (deviceOf(rules, facts) === bound) return "own";
  return rules.handling === "report" ? "reported" : "refused";
}
