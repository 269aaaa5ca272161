/**
 * The rules of rotating a set of keys: a new key becomes the first and signs; the old ones stay
 * after it and verify, until every token they signed has expired.
 *
 * Guarantee: the first key is never dropped; a key of unknown age is dropped only by its `kid`;
 * messages name keys by `kid` and never show one. A key counts as no longer signing from the time
 * at which the key before it was made, so a rotated set must be deployed soon.
 */
import { z } from "zod";
import type { KeyPurpose } from "../../scripts/secret-set.ts";
import { parseJson } from "../../src/encoding/json.ts";

const SECRET_NAMES: Readonly<Record<KeyPurpose, string>> = {
  tickets: "TICKET_KEYS",
  admissions: "ADMISSION_KEYS",
  passes: "PASS_KEYS",
  webhooks: "WEBHOOK_KEYS",
  proofs: "PROOF_KEYS",
  servers: "SERVER_KEYS",
  buyers: "BUYER_KEYS",
};

/** Ten of the larger keys are less than half of the 5 kB that a Worker's secret can have. */
export const KEYS_PER_SET_MAX = 10;

/** A session lasts at most a day; the second day is for the deployment and for late requests. */
export const ADMISSION_OVERLAP_DAYS = 2;
/** A challenge lasts at most an hour. */
const PROOF_OVERLAP_DAYS = 1;

const DAY_S = 24 * 60 * 60;

const kid = z.string("must be a text").min(1, "must not be empty");
const iat = z.int("must be a whole number of seconds").min(0, "must not be negative").optional();
const coordinate = z.string("is missing").regex(/^[\w-]{43}$/, "must be 32 bytes in base64url");
const sharedKey = z.looseObject(
  {
    kty: z.literal("oct", "must be oct"),
    kid,
    k: z.string("is missing").regex(/^[\w-]{43,}$/, "must be 32 bytes or more in base64url"),
    iat,
  },
  "must be a key",
);
const privateKey = z.looseObject(
  {
    kty: z.literal("OKP", "must be OKP"),
    crv: z.literal("Ed25519", "must be Ed25519"),
    kid,
    x: coordinate,
    d: coordinate,
    iat,
  },
  "must be a key",
);

/** A JWK; other members are kept unchanged. */
export interface StoredKey {
  readonly kid: string;
  /** When it was made, in seconds. */
  readonly iat?: number | undefined;
  readonly [member: string]: unknown;
}

/** The input: a set of keys, alone or among the gate's secrets. */
export interface KeySet {
  readonly purpose: KeyPurpose;
  readonly keys: readonly [StoredKey, ...StoredKey[]];
  /** The secrets that contain it, by name; null for a set alone. */
  readonly secrets: Readonly<Record<string, unknown>> | null;
}

export type KeySetOutcome =
  | { readonly kind: "read"; readonly set: KeySet }
  /** A sentence for the operator that names the field and shows no value. */
  | { readonly kind: "bad"; readonly message: string };

function bad(message: string): { readonly kind: "bad"; readonly message: string } {
  return { kind: "bad", message };
}

/** @param text a JWKS, or JSON as `npm run keys` prints it, where the JWKS is a string */
export function readKeySet(purpose: KeyPurpose, text: string): KeySetOutcome {
  const name = SECRET_NAMES[purpose];
  const input = z.record(z.string(), z.unknown()).safeParse(parseJson(text));
  if (!input.success) return bad(`The input must be JSON: a JWKS, or secrets with ${name}.`);
  if ("keys" in input.data) return readKeys(purpose, input.data, null);
  const secret = input.data[name];
  if (secret === undefined) return bad(`The input has neither keys nor ${name}.`);
  const value = typeof secret === "string" ? parseJson(secret) : secret;
  return readKeys(purpose, value, input.data);
}

function readKeys(purpose: KeyPurpose, value: unknown, secrets: KeySet["secrets"]): KeySetOutcome {
  const name = SECRET_NAMES[purpose];
  const key = purpose === "admissions" ? privateKey : sharedKey;
  const error = "must be a list of at least one key";
  const schema = z.object({ keys: z.tuple([key], error).rest(key) }, "must be a JWKS");
  const parsed = schema.safeParse(value);
  const issue = parsed.error?.issues[0];
  if (!parsed.success) {
    const field = (issue?.path ?? []).map((part) => {
      return typeof part === "number" ? `[${part}]` : `.${String(part)}`;
    });
    return bad(`${name}${field.join("")} ${issue?.message ?? "is unusable"}.`);
  }
  const { keys } = parsed.data;
  const repeated = keys.findIndex((key, at) => keys.findIndex(({ kid }) => kid === key.kid) < at);
  if (repeated > 0) return bad(`${name}.keys[${repeated}].kid is also the kid of another key.`);
  return { kind: "read", set: { purpose, keys, secrets } };
}

/** In the form of the input: the JWKS, or all secrets with the JWKS replaced. */
export function printKeySet({ purpose, keys, secrets }: KeySet): string {
  if (secrets === null) return JSON.stringify({ keys });
  return JSON.stringify({ ...secrets, [SECRET_NAMES[purpose]]: JSON.stringify({ keys }) }, null, 2);
}

export type ChangeOutcome =
  | { readonly kind: "changed"; readonly set: KeySet; readonly advice: string }
  | { readonly kind: "bad"; readonly message: string };

export function rotate(set: KeySet, fresh: StoredKey): ChangeOutcome {
  const name = SECRET_NAMES[set.purpose];
  if (set.keys.length >= KEYS_PER_SET_MAX) {
    return bad(`${name}.keys has ${set.keys.length} keys; run --retire ${set.purpose} first.`);
  }
  const old = set.keys.map(({ kid }) => kid).join(", ");
  const advice = [
    set.purpose === "servers"
      ? `${name}: ${fresh.kid} is new, and the first key.`
      : `${name}: ${fresh.kid} is new, is the first key, and signs.`,
    `Still ${inUse(set.purpose)}: ${old}.`,
    `Next: ${storing(set.purpose)}`,
    UNTIL_RETIRED[set.purpose],
  ];
  return { kind: "changed", set: { ...set, keys: [fresh, ...set.keys] }, advice: text(advice) };
}

/** Only for tokens with a maximum lifetime. */
const OVERLAP_DAYS: Readonly<Partial<Record<KeyPurpose, number>>> = {
  admissions: ADMISSION_OVERLAP_DAYS,
  proofs: PROOF_OVERLAP_DAYS,
};

export interface Retirement {
  /** These keys are dropped at any age. */
  readonly kids: readonly string[];
  /** Null: the default of the purpose, which only admissions and proofs have. */
  readonly overlapDays: number | null;
}

/** @param now in milliseconds */
export function retire(set: KeySet, { kids, overlapDays }: Retirement, now: number): ChangeOutcome {
  const name = SECRET_NAMES[set.purpose];
  const [first, ...old] = set.keys;
  for (const kid of kids) {
    if (kid === first.kid) {
      const use = set.purpose === "servers" ? "is the newest" : "signs: it is the first key";
      return bad(`--kid ${kid} ${use}. Rotate first.`);
    }
    if (!old.some((key) => key.kid === kid)) return bad(`--kid ${kid} is not a key of ${name}.`);
  }
  const days = overlapDays ?? OVERLAP_DAYS[set.purpose] ?? null;
  if (kids.length === 0 && days === null) {
    const how = set.purpose === "webhooks" ? "--kid" : "--kid or --overlap-days";
    return bad(`--retire ${set.purpose} needs ${how}. ${UNTIL_RETIRED[set.purpose]}`);
  }
  if (set.purpose === "webhooks" && days !== null) {
    return bad(`--overlap-days does not apply to webhooks. ${UNTIL_RETIRED.webhooks}`);
  }
  const isOver = (key: StoredKey, at: number): boolean => {
    if (kids.length > 0) return kids.includes(key.kid);
    const replacedAt = set.keys[at]?.iat;
    return replacedAt !== undefined && replacedAt + (days ?? 0) * DAY_S <= now / 1000;
  };
  const kept = old.filter((key, at) => !isOver(key, at));
  const dropped = old.filter((key) => !kept.includes(key));
  const undated = kept.filter((key) => set.keys[old.indexOf(key)]?.iat === undefined);
  const advice = [
    dropped.length === 0
      ? `${name}: no key could be dropped; the output is the unchanged input.`
      : `${name}: dropped ${listed(dropped)}. ${refusedThen(set.purpose)}`,
    ...(kept.length > 0 ? [`Still ${inUse(set.purpose)}: ${listed(kept)}.`] : []),
    ...(kids.length === 0 && undated.length > 0
      ? [`It is not known when ${listed(undated)} stopped signing: drop by --kid.`]
      : []),
    ...(dropped.length > 0 ? [`Next: ${storing(set.purpose)}`] : []),
  ];
  return { kind: "changed", set: { ...set, keys: [first, ...kept] }, advice: text(advice) };
}

/** A server's key is sent as it is; all others sign tokens. */
function inUse(purpose: KeyPurpose): string {
  return purpose === "servers" ? "accepted" : "verifying";
}

function refusedThen(purpose: KeyPurpose): string {
  const what = purpose === "servers" ? "Servers that send them" : "Tokens signed with them";
  return `${what} will be refused.`;
}

function listed(keys: readonly StoredKey[]): string {
  return keys.map(({ kid }) => kid).join(", ");
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** The commands that give the printed set to the Workers. */
function storing(purpose: KeyPurpose): string {
  const put = `npx wrangler secret put ${SECRET_NAMES[purpose]}`;
  if (purpose !== "webhooks") return `give the gate the new set: ${put}`;
  // Orders first, because the gate tells the orders Worker to sign with the newest key.
  const toBoth = `${put} --config queues/wrangler.toml; ${put}`;
  return `give both Workers the new set, orders first: ${toBoth}`;
}

/** How long an old key is needed: the maximum lifetime of the tokens it signed. */
const UNTIL_RETIRED: Readonly<Record<KeyPurpose, string>> = {
  tickets:
    "A ticket lasts as long as its sale: keep an old key until every sale is over that was " +
    "open when the new key was deployed; then --retire tickets --kid <its kid>.",
  admissions:
    `An admission lasts sessionSeconds, at most a day: keep an old key for ` +
    `${ADMISSION_OVERLAP_DAYS} days; then --retire admissions.`,
  passes:
    "The signer of a pass chooses its lifetime: give the new key to the signer, and keep the old " +
    "one until the last pass signed with it has expired; then --retire passes --kid <its kid>.",
  webhooks:
    "An endpoint's secret is derived from the first key at that time: keep an old key until " +
    "every endpoint's secret was rotated and a day has passed; then --retire webhooks --kid " +
    "<its kid>.",
  proofs:
    `A challenge lasts at most an hour: keep an old key for ${PROOF_OVERLAP_DAYS} day; then ` +
    "--retire proofs.",
  servers:
    "A shop's server sends its key with each request: give it the new one (the member k of the " +
    "first key), and keep the old one until no server sends it; then --retire servers --kid " +
    "<its kid>.",
  buyers:
    "Orders are found by the e-mail address with the key that was the first when they were " +
    "placed: keep an old key while there are orders of its time whose buyers are not erased; " +
    "then --retire buyers --kid <its kid>.",
};
