/**
 * Admissions that are used from another device than they were given to: how a device is told, and
 * what becomes of the other one.
 *
 * A device is a random id that a browser keeps in a cookie (an app in a header), with its
 * User-Agent and, where the merchant asks for it, its network. An admission carries a digest of
 * these; so each use is judged by the token and the request alone, without asking anybody.
 *
 * Guarantee: the same device gives the same digest, so a claim that is repeated gets the very same
 * token. Not a proof: whoever copies the id and the User-Agent together with the token, or lends
 * them, is the same device.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import { DEVICE_ID_LENGTH_MAX, DEVICE_ID_LENGTH_MIN } from "../limits.ts";

export const replaySchema = z.strictObject({
  /** `allow`: not looked at. `report`: served, and told. `refuse`: not served. */
  handling: z.enum(["allow", "report", "refuse"]).default("allow"),
  /** Whether the network counts too: stricter, and wrong for phones that change theirs. */
  address: z.boolean().default(false),
});

export type ReplayRules = z.output<typeof replaySchema>;

export const deviceIdSchema = z
  .string()
  .min(DEVICE_ID_LENGTH_MIN)
  .max(DEVICE_ID_LENGTH_MAX)
  .regex(/^[A-Za-z0-9_-]+$/);

export interface DeviceFacts {
  /** Null when the request brings none. */
  readonly id: string | null;
  readonly userAgent: string;
  readonly address: string | null;
}

const DIGEST_BYTES = 16;

/** Null when nothing is to be told apart, or the request brings no id. */
export function deviceOf(rules: ReplayRules, { id, userAgent, address }: DeviceFacts) {
  if (rules.handling === "allow" || id === null) return null;
  const network = rules.address && address !== null ? networkOf(address) : "";
  const digest = sha256(utf8ToBytes(JSON.stringify([id, userAgent, network])));
  return toBase64Url(digest.slice(0, DIGEST_BYTES));
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

/**
 * @param bound the digest in the admission; null for one that was given to no device in
 *   particular, which stays good everywhere
 */
export function replayOf(rules: ReplayRules, bound: string | null, facts: DeviceFacts): Replay {
  if (rules.handling === "allow" || bound === null) return "own";
  if (deviceOf(rules, facts) === bound) return "own";
  return rules.handling === "report" ? "reported" : "refused";
}

/** Neither Node nor every browser has this of its own. */
function toBase64Url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
