/**
 * Invalid proofs with one fault each: proofs of work, and Turnstile tokens.
 *
 * Guarantee: none of them was ever valid for its sale, or it is used up.
 */
import { z } from "zod";
import { PROOF_LENGTH_MAX } from "../../src/domain/limits.ts";
import type { Random } from "../seeded-random.ts";
import { noise } from "./broken-tokens.ts";
import type { Ground } from "./ground.ts";
import { chance, oddText, pick, visibleText, wholeIn } from "./input.ts";
import { FUZZ_SALES } from "./names.ts";
import { challengeSchema, encoded } from "../crowd/proof-of-work.ts";
import { turnstileToken } from "./proofs.ts";

export interface SpoiledProof {
  readonly what: string;
  readonly proof: string;
}

/** New values of fields; `undefined` removes the field. */
type Change = Readonly<Record<string, unknown>>;

const payloadSchema = z.object({
  challenge: challengeSchema,
  solution: z.object({ counter: z.int(), derivedKey: z.string() }),
});
type Payload = z.output<typeof payloadSchema>;
type Parameters = Payload["challenge"]["parameters"];

function flipped(random: Random, hex: string): string {
  const at = wholeIn(random, 0, hex.length - 1);
  return hex.slice(0, at) + (hex[at] === "0" ? "1" : "0") + hex.slice(at + 1);
}

const PARAMETERS: readonly ((good: Parameters, random: Random) => Change)[] = [
  ({ salt }, random) => ({ salt: flipped(random, salt) }),
  ({ nonce }, random) => ({ nonce: flipped(random, nonce) }),
  ({ keyPrefix }, random) => ({ keyPrefix: flipped(random, keyPrefix) }),
  ({ keySignature }, random) => ({ keySignature: flipped(random, keySignature) }),
  ({ cost }) => ({ cost: cost + 1 }),
  ({ keyLength }) => ({ keyLength: keyLength + 1 }),
  ({ expiresAt }) => ({ expiresAt: expiresAt + 3600 }),
  (_, random) => ({ expiresAt: pick(random, [0, -1, 1e300, 0.5, "never", null]) }),
  (_, random) => ({ algorithm: pick(random, ["SHA-256", "none", "PBKDF2/SHA-512", "", null, 7]) }),
  (_, random) => ({ cost: pick(random, [-1, 0, 1e15, "1", null, [1]]) }),
  ({ data }) => ({ data: { ...data, sale: FUZZ_SALES.checked } }),
  ({ data }, random) => ({ data: { ...data, kid: pick(random, ["__proto__", "", "x", 7]) } }),
  ({ data }) => ({ data: { ...data, admin: true } }),
  () => ({ memoryCost: 1 }),
  (_, random) => ({ salt: oddText(random) }),
  (good, random) => ({ [pick(random, Object.keys(good))]: undefined }),
];

const SOLUTIONS: readonly ((good: Payload["solution"], random: Random) => Change)[] = [
  ({ derivedKey }, random) => ({ derivedKey: flipped(random, derivedKey) }),
  (_, random) => ({ derivedKey: pick(random, ["", "0", "00".repeat(32), "zz", null, 7]) }),
  (_, random) => ({ derivedKey: oddText(random) }),
  (_, random) => ({ counter: pick(random, [-1, 0x1_0000_0000, 0.5, 1e300, "1", null, []]) }),
  (good, random) => ({ [pick(random, Object.keys(good))]: undefined }),
];

function spoiledWork(random: Random, good: Payload): SpoiledProof {
  const { challenge, solution } = good;
  const { parameters, signature } = challenge;
  const ways: readonly (() => readonly [string, unknown])[] = [
    () => {
      const change = pick(random, PARAMETERS)(parameters, random);
      const changed = { ...challenge, parameters: { ...parameters, ...change } };
      const what = `a changed ${Object.keys(change).join()} in its challenge`;
      return [what, { ...good, challenge: changed }];
    },
    () => {
      const change = pick(random, SOLUTIONS)(solution, random);
      const what = `a changed ${Object.keys(change).join()} in its solution`;
      return [what, { ...good, solution: { ...solution, ...change } }];
    },
    () => {
      const other = pick(random, [flipped(random, signature), "", "0".repeat(64), null, 7]);
      return ["another signature", { ...good, challenge: { ...challenge, signature: other } }];
    },
    () => ["an unknown field", { ...good, challenge: { ...challenge, surprise: 1 } }],
    () => ["no solution", { challenge }],
    () => ["no challenge", { solution }],
    () => ["its challenge in a list", { ...good, challenge: [challenge] }],
    () => ["its challenge as text", { ...good, challenge: JSON.stringify(challenge) }],
  ];
  const [what, payload] = pick(random, ways)();
  return { what: `a proof of work with ${what}`, proof: encoded(payload) };
}

/** Text that is not a document of ALTCHA's, in base64 or not. */
function notAProof(random: Random, good: string): SpoiledProof {
  const text = Buffer.from(good, "base64").toString();
  const twice = text.replace("{", '{"challenge":{},').replace(/}$/, ',"solution":7}');
  const depth = wholeIn(random, 100, 700);
  const [what, proof] = pick(random, [
    ["truncated", good.slice(0, wholeIn(random, 1, good.length - 8))],
    ["not in base64", text],
    ["with text after it", `${good}${visibleText(random, 20)}!`],
    ["with duplicate fields", Buffer.from(twice).toString("base64")],
    ["of JSON that is not a proof", encoded(pick(random, [null, 7, [], {}, "proof", true]))],
    ["of odd text", encoded(oddText(random))],
    ["of unterminated JSON", Buffer.from("[".repeat(depth)).toString("base64")],
    ["of random bytes", noise(random, wholeIn(random, 1, 300)).toString("base64")],
    ["of odd text that is not in base64", oddText(random)],
    ["in another alphabet", "απόδειξη 🗝".repeat(wholeIn(random, 1, 20))],
    ["of the greatest length", "A".repeat(PROOF_LENGTH_MAX)],
    ["that is too long", "A".repeat(PROOF_LENGTH_MAX + wholeIn(random, 1, 4000))],
  ] as const);
  return { what: `a proof ${what}`, proof };
}

export function spoiledAltcha(random: Random, { proofs, tokens }: Ground): SpoiledProof {
  const good = payloadSchema.parse(JSON.parse(Buffer.from(proofs.worked, "base64").toString()));
  if (chance(random, 0.4)) return spoiledWork(random, good);
  if (chance(random, 0.5)) return notAProof(random, proofs.worked);
  const [what, proof] = pick(random, [
    ["a proof that is used up", proofs.used],
    ["a proof of an expired challenge", proofs.expired],
    ["a proof of another sale", proofs.elsewhere],
    ["a proof signed with an unknown key", proofs.stranger],
    ["a Turnstile token", proofs.fresh],
    ["a ticket instead of a proof", tokens.prequeued],
    ["an admission instead of a proof", tokens.admission],
  ] as const);
  return { what, proof };
}

const LIFETIME_MS = 300_000;

export function spoiledTurnstile(random: Random, { proofs, tokens }: Ground): SpoiledProof {
  if (chance(random, 0.3)) return notAProof(random, proofs.worked);
  const id = `fuzz-${wholeIn(random, 0, 1e9)}`;
  const late_ms = Date.now() - LIFETIME_MS - wholeIn(random, 1000, 1e9);
  const host = pick(random, ["", "evil.example", "127.0.0.1.evil.example", "127.0.0.1:80", "*"]);
  const action = pick(random, ["", "login", "SLUICE-JOIN", "__proto__", oddText(random)]);
  const sale = pick(random, ["", FUZZ_SALES.proven, "FUZZ-CHECKED", oddText(random)]);
  const [what, proof] = pick(random, [
    ["for another host", turnstileToken(id, { hostname: host })],
    ["for another action", turnstileToken(id, { action })],
    ["for another sale", turnstileToken(id, { cdata: sale })],
    ["that is too old", turnstileToken(id, { solvedAt_ms: late_ms })],
    [
      "that was redeemed, with another time",
      turnstileToken("fuzz-checked", { solvedAt_ms: late_ms }),
    ],
    ["that is a proof of work", pick(random, [proofs.worked, proofs.elsewhere])],
    ["that is a ticket", tokens.prequeued],
    ["that is an admission", tokens.admission],
  ] as const);
  return { what: `a Turnstile token ${what}`, proof };
}
