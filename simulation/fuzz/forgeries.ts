/**
 * Tokens with exactly one fault, signed with the gate's own keys where the fault is elsewhere, and
 * text that is not a token.
 *
 * Guarantee: none of them is a valid token of its kind for its sale.
 */
import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { z } from "zod";
import type { GateSecrets } from "../../scripts/secret-set.ts";
import type { Random } from "../seeded-random.ts";
import { corrupted, encoded, noise, notAToken } from "./broken-tokens.ts";
import { oddText, pick, visibleText } from "./input.ts";

export type TokenKind = "ticket" | "admission" | "pass";

const keySetSchema = z.object({
  keys: z
    .array(
      z.looseObject({
        kid: z.string(),
        k: z.string().optional(),
        d: z.string().optional(),
        x: z.string().optional(),
      }),
    )
    .min(1),
});

type Json = Readonly<Record<string, unknown>>;
/** Changes to a header or to claims: the new value of a field, or `undefined` to remove it. */
type Change = Readonly<Record<string, unknown>>;

interface Signer {
  readonly kid: string;
  readonly secret: Buffer | null;
  readonly key: KeyObject | null;
  /** What an attacker can know of the key: the public key, or the kid of a secret. */
  readonly known: Buffer;
}

const TYPES: Readonly<Record<TokenKind, string>> = {
  ticket: "sluice-ticket+jwt",
  admission: "sluice-admission+jwt",
  pass: "sluice-pass+jwt",
};
const KINDS: readonly TokenKind[] = ["ticket", "admission", "pass"];
const DAY_S = 86_400;

function signerOf(text: string): Signer {
  const [jwk] = keySetSchema.parse(JSON.parse(text)).keys;
  if (jwk === undefined) throw new Error("an empty key set");
  const { kid, k, d = "", x = "" } = jwk;
  if (k !== undefined) {
    return { kid, secret: Buffer.from(k, "base64url"), key: null, known: Buffer.from(kid) };
  }
  const known = Buffer.from(x, "base64url");
  const key = createPrivateKey({ key: { kty: "OKP", crv: "Ed25519", d, x }, format: "jwk" });
  return { kid, secret: null, key, known };
}

export class Forger {
  readonly #signers: Readonly<Record<TokenKind, Signer>>;
  readonly #stranger = generateKeyPairSync("ed25519").privateKey;

  constructor(secrets: GateSecrets) {
    this.#signers = {
      ticket: signerOf(secrets.TICKET_KEYS),
      admission: signerOf(secrets.ADMISSION_KEYS),
      pass: signerOf(secrets.PASS_KEYS),
    };
  }

  /** @param good a valid token of the kind, to be corrupted; null when there is none */
  forge(
    random: Random,
    kind: TokenKind,
    sale: string,
    good: string | null,
  ): { readonly what: string; readonly token: string } {
    const ways = [
      () => this.#wrongHeader(random, kind, sale),
      () => this.#wrongClaims(random, kind, sale),
      () => this.#wrongSignature(random, kind, sale),
      () => this.#wrongKind(random, kind, sale),
      () => notAToken(random),
      ...(good === null ? [] : [() => corrupted(random, good)]),
    ];
    const { what, token } = pick(random, ways)();
    return { what: `${kind} ${what}`, token };
  }

  #claims(kind: TokenKind, sale: string): Json {
    const now = Math.floor(Date.now() / 1000);
    const common = { aud: sale, sub: "sub_fuzz", jti: "fuzz", iat: now, lane: "general" };
    if (kind === "ticket") return { ...common, cohort: 0, shard: 0, index: 0 };
    if (kind === "pass") return { aud: sale, exp: now + DAY_S, lane: "members", sub: "member" };
    return { ...common, jti: "adm_fuzz", iss: "sluice", exp: now + DAY_S };
  }

  #header(kind: TokenKind): Json {
    const alg = kind === "admission" ? "EdDSA" : "HS256";
    return { alg, typ: TYPES[kind], kid: this.#signers[kind].kid };
  }

  #signed(kind: TokenKind, header: string, payload: string, by: Signer = this.#signers[kind]) {
    const text = `${header}.${payload}`;
    const signature =
      by.key === null
        ? createHmac("sha256", by.secret ?? by.known)
            .update(text)
            .digest()
        : sign(null, Buffer.from(text), by.key);
    return `${text}.${encoded(signature)}`;
  }

  #token(kind: TokenKind, sale: string, header: Change, claims: Change): string {
    const head = encoded(JSON.stringify({ ...this.#header(kind), ...header }));
    const payload = encoded(JSON.stringify({ ...this.#claims(kind, sale), ...claims }));
    return this.#signed(kind, head, payload);
  }

  /** The signature is valid, but the header is not the one header of this kind. */
  #wrongHeader(random: Random, kind: TokenKind, sale: string) {
    const header = pick(random, HEADERS)(random);
    return {
      what: `with the header ${JSON.stringify(header).slice(0, 60)}`,
      token: this.#token(kind, sale, header, {}),
    };
  }

  #wrongClaims(random: Random, kind: TokenKind, sale: string) {
    const claims = pick(random, CLAIMS[kind])(random);
    return {
      what: `with the claims ${JSON.stringify(claims).slice(0, 60)}`,
      token: this.#token(kind, sale, {}, claims),
    };
  }

  /** Header and claims are valid, but the signature is by another key or one that is public. */
  #wrongSignature(random: Random, kind: TokenKind, sale: string) {
    const good = this.#token(kind, sale, {}, {});
    const [head = "", payload = ""] = good.split(".");
    const { kid, known } = this.#signers[kind];
    const admissionKey = this.#signers.admission.known;
    const by = (secret: Buffer): Signer => ({ kid, secret, key: null, known });
    const hs = encoded(JSON.stringify({ ...this.#header(kind), alg: "HS256" }));
    const ways: readonly (readonly [string, () => string])[] = [
      ["without a signature", () => `${head}.${payload}.`],
      ["signed with zeros", () => this.#signed(kind, head, payload, by(Buffer.alloc(32)))],
      ["signed with its kid", () => this.#signed(kind, head, payload, by(Buffer.from(kid)))],
      [
        "signed with HS256 and the public key",
        () => this.#signed(kind, hs, payload, by(admissionKey)),
      ],
      [
        "signed with an unknown key",
        () => this.#signed(kind, head, payload, { ...by(known), key: this.#stranger }),
      ],
      ["with a random signature", () => `${head}.${payload}.${encoded(noise(random, 64))}`],
    ];
    const [what, token] = pick(random, ways);
    return { what, token: token() };
  }

  /** A token of another kind, with the `typ` of this kind or with its own. */
  #wrongKind(random: Random, kind: TokenKind, sale: string) {
    const other = pick(
      random,
      KINDS.filter((one) => one !== kind),
    );
    const isDisguised = random() < 0.5;
    const header = isDisguised ? { typ: TYPES[kind] } : {};
    const token = this.#token(other, sale, header, this.#claims(kind, sale));
    return { what: `that is a ${other}${isDisguised ? " with its typ changed" : ""}`, token };
  }
}

const EVIL_KEY = "https://evil.example/jwks.json";

const HEADERS: readonly ((random: Random) => Change)[] = [
  () => ({ alg: "none" }),
  () => ({ alg: "None" }),
  () => ({ alg: "nOnE", typ: undefined }),
  (random) => ({ alg: pick(random, ["HS384", "HS512", "RS256", "ES256K", "PS512", "dir"]) }),
  () => ({ alg: undefined }),
  () => ({ alg: 5 }),
  () => ({ alg: ["EdDSA"] }),
  (random) => ({ kid: visibleText(random, 40) }),
  (random) => ({
    kid: pick(random, ["../../dev/null", "' UNION SELECT 1 --", "__proto__", "", "/"]),
  }),
  () => ({ kid: undefined }),
  () => ({ kid: { toString: 1 } }),
  (random) => ({ typ: pick(random, ["JWT", "at+jwt", "", "SLUICE", "sluice-ticket", "jose"]) }),
  () => ({ typ: undefined }),
  () => ({ kid: "another", jku: EVIL_KEY }),
  () => ({ kid: "another", x5u: EVIL_KEY, x5c: ["MIIB"] }),
  () => ({ kid: undefined, jwk: { kty: "oct", k: encoded("a key of mine") } }),
  () => ({ crit: ["exp"], exp: 1 }),
  () => ({ crit: ["b64"], b64: false }),
  () => ({ zip: "DEF", alg: "dir", enc: "A256GCM" }),
  () => ({ cty: "JWT", kid: "another" }),
];

const COMMON_CLAIMS: readonly ((random: Random) => Change)[] = [
  () => ({ aud: "another-sale" }),
  () => ({ aud: undefined }),
  () => ({ aud: { evil: true } }),
  (random) => ({ aud: oddText(random) }),
];

const TICKET_CLAIMS: readonly ((random: Random) => Change)[] = [
  ...COMMON_CLAIMS,
  () => ({ sub: "" }),
  () => ({ sub: undefined }),
  () => ({ jti: undefined }),
  () => ({ iat: "yesterday" }),
  () => ({ cohort: -1 }),
  () => ({ shard: 1e300 }),
  () => ({ index: 0.5 }),
  () => ({ index: "0" }),
  () => ({ lane: "vip" }),
  () => ({ lane: "__proto__" }),
  () => ({ lane: null }),
];

const TIMED_CLAIMS: readonly ((random: Random) => Change)[] = [
  ...COMMON_CLAIMS,
  () => ({ exp: 1 }),
  () => ({ exp: 0 }),
  () => ({ exp: -1e15 }),
  () => ({ exp: undefined }),
  () => ({ exp: "tomorrow" }),
  () => ({ exp: null }),
  () => ({ nbf: Math.floor(Date.now() / 1000) + DAY_S }),
  () => ({ nbf: "soon" }),
  () => ({ sub: "" }),
  () => ({ sub: 7 }),
  () => ({ lane: 7 }),
];

const CLAIMS: Readonly<Record<TokenKind, readonly ((random: Random) => Change)[]>> = {
  ticket: TICKET_CLAIMS,
  pass: TIMED_CLAIMS,
  admission: [
    ...TIMED_CLAIMS,
    () => ({ iss: undefined }),
    () => ({ iss: "somebody" }),
    () => ({ iss: ["sluice", 1] }),
    () => ({ jti: undefined }),
    () => ({ sub: undefined }),
  ],
};
