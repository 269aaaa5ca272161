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
import { DEVICE_ID_LENGTH_MAX, DEVICE_ID_LENGTH_MIN } from "../limits.ts";

export const replaySchema = z.strictObject({
  /** `allow`: not checked. `report`: served, and logged. `refuse`: not served. */
  handling: z.enum(["allow", "report", "refuse"]).default("allow"),
  /**
   * Whether the network is part of a device: stricter, but fails for phones that change networks.
   */
  address: z.boolean().default(false),
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
  const network = rules.address && address !== null ? networkOf(address) : "";
  const digest = sha256(utf8ToBytes(JSON.stringify([id, userAgent, network])));
  return base64url.encode(digest.slice(0, DIGEST_BYTES));
}

/** The first 24 bits of an IPv4 address, the first 48 of an IPv6 one. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address.split(".").slice(0, 3).join(".");
  const [head = "", tail] = address.toLowerCase().split("::");
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(8 - before.length - after.length, 0);
  const groups = [...before, ...Array.from({ length: zeros }, () => "0"), ...after];
  return groups
    .slice(0, 3)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}

export type Replay = "own" | "reported" | "refused";

/** @param bound the digest in the admission; null for one that is valid on every device */
export function replayOf(rules: ReplayRules, bound: string | null, facts: DeviceFacts): Replay {
  if (rules.handling === "allow" || bound === null) return "own";
  if (deviceOf(rules, facts) === bound) return "own";
  return rules.handling === "report" ? "reported" : "refused";
}
