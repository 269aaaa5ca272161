/**
 * Admissions: signed tokens that let a shopper into the shop until `exp`.
 *
 * JWT (RFC 7519), EdDSA with Ed25519, `typ: sluice-admission+jwt`, `iss` the deployment, `aud` the
 * sale, `place` the place in line it was claimed with. Any origin can verify them with the JWKS.
 * Signing is deterministic: the same admission yields the same token, so a repeated claim gets the
 * identical answer (P6).
 *
 * An isolate caches verified tokens until they expire; refused ones are not cached. A valid token
 * does not prove that its seat is still taken: only the room knows that.
 */
import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import type { AdmissionPlace, AdmissionRecord } from "../domain/room/admission.ts";
import { BoundedMap } from "../domain/bounded-map.ts";
import { ADMISSIONS_REMEMBERED_MAX, TOKEN_LENGTH_MAX } from "../domain/limits.ts";
import { isCompact } from "./compact-form.ts";
import type { Keys } from "./secrets.ts";

const ADMISSION_TYPE = "sluice-admission+jwt";

/** `joinedAt` in seconds, as `iat`; the lane of the place is the admission's. */
const placeClaimSchema = z.object({
  cohort: z.int().min(0),
  shard: z.int().min(0),
  index: z.int().min(0),
  rank: z.int().min(0),
  joinedAt: z.int().nullable(),
});

const admissionClaimsSchema = z.object({
  sub: z.string().min(1),
  jti: z.string().min(1),
  aud: z.string(),
  lane: z.string(),
  iat: z.number(),
  exp: z.number(),
  dev: z.string().optional(),
  n: z.int().min(0).optional(),
  /** Null: let in without a ticket. Absent from admissions of earlier releases. */
  place: placeClaimSchema.nullish(),
});

export interface Admission {
  readonly id: string;
  readonly sale: string;
  readonly subject: string;
  readonly lane: string;
  readonly issuedAt_ms: number;
  readonly expiresAt_ms: number;
  /** Digest of the device it is bound to; null when it is not bound. */
  readonly device: string | null;
  /** The token's number in its room (`domain/room/seat-devices.ts`); null in older admissions. */
  readonly number: number | null;
  /** Null: let in without a ticket. Undefined: the admission does not say. */
  readonly place: AdmissionPlace | null | undefined;
}

export type AdmissionOutcome =
  | { readonly kind: "valid"; readonly admission: Admission }
  /** Correctly signed but expired: only for repeating a request that was answered before. */
  | { readonly kind: "expired"; readonly admission: Admission }
  /** Forged, malformed, of another type, key, algorithm or sale. */
  | { readonly kind: "invalid" };

const UNBOUND = { device: null, number: null } as const;

/**
 * `exp` has whole seconds; it is rounded down, so a token never outlives its admission.
 * @param bound digest of the device it is bound to (`dev`), and the token's number in its room
 * (`n`); null omits the claim
 */
export async function signAdmission(
  keys: Keys,
  issuer: string,
  sale: string,
  record: AdmissionRecord,
  { device, number }: Pick<Admission, "device" | "number"> = UNBOUND,
): Promise<string> {
  const { kid, key } = keys.admissionSigner;
  const place = placeClaimOf(record.place);
  const claims = {
    lane: record.lane,
    ...(device === null ? {} : { dev: device }),
    ...(number === null ? {} : { n: number }),
    ...(place === undefined ? {} : { place }),
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", typ: ADMISSION_TYPE, kid })
    .setIssuer(issuer)
    .setAudience(sale)
    .setSubject(record.subject)
    .setJti(record.id)
    .setIssuedAt(Math.floor(record.issuedAt_ms / 1000))
    .setExpirationTime(Math.floor(record.expiresAt_ms / 1000))
    .sign(key);
}

function placeClaimOf(
  place: AdmissionRecord["place"],
): z.infer<typeof placeClaimSchema> | null | undefined {
  if (place === null || place === undefined) return place;
  const { joinedAt_ms, ...where } = place;
  return { ...where, joinedAt: joinedAt_ms === null ? null : Math.floor(joinedAt_ms / 1000) };
}

function placeOf(
  claim: z.infer<typeof placeClaimSchema> | null | undefined,
): AdmissionRecord["place"] {
  if (claim === null || claim === undefined) return claim;
  const { joinedAt, ...where } = claim;
  return { ...where, joinedAt_ms: joinedAt === null ? null : joinedAt * 1000 };
}

interface Verified {
  readonly issuer: string;
  readonly admission: Admission;
}

/** Verified admissions by token, per set of keys, so that removing a key clears the cache. */
const remembered = new WeakMap<Keys, BoundedMap<Verified>>();

function memoryOf(keys: Keys): BoundedMap<Verified> {
  const memory = remembered.get(keys) ?? new BoundedMap<Verified>(ADMISSIONS_REMEMBERED_MAX);
  remembered.set(keys, memory);
  return memory;
}

export async function verifyAdmission(
  keys: Keys,
  issuer: string,
  sale: string,
  token: string,
  now: number,
): Promise<AdmissionOutcome> {
  const memory = memoryOf(keys);
  const known = memory.get(token);
  if (known !== undefined && known.issuer === issuer) {
    const { admission } = known;
    if (admission.sale === sale && now < admission.expiresAt_ms)
      return { kind: "valid", admission };
  }
  const outcome = await verifyToken(keys, issuer, sale, token, now);
  if (outcome.kind === "valid") memory.set(token, { issuer, admission: outcome.admission });
  return outcome;
}

async function verifyToken(
  keys: Keys,
  issuer: string,
  sale: string,
  token: string,
  now: number,
): Promise<AdmissionOutcome> {
  if (token.length > TOKEN_LENGTH_MAX || !isCompact(token)) return { kind: "invalid" };
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid }) => {
        const key = keys.admissionVerifiers.get(kid ?? "");
        if (key === undefined) throw new errors.JWKSNoMatchingKey();
        return key;
      },
      {
        algorithms: ["EdDSA"],
        typ: ADMISSION_TYPE,
        audience: sale,
        issuer,
        currentDate: new Date(now),
      },
    );
    const admission = admissionFrom(payload);
    return admission === null ? { kind: "invalid" } : { kind: "valid", admission };
  } catch (error) {
    if (error instanceof errors.JWTExpired) {
      const admission = admissionFrom(error.payload);
      return admission === null ? { kind: "invalid" } : { kind: "expired", admission };
    }
    if (error instanceof errors.JOSEError) return { kind: "invalid" };
    throw error;
  }
}

function admissionFrom(payload: unknown): Admission | null {
  const claims = admissionClaimsSchema.safeParse(payload);
  if (!claims.success) return null;
  const { sub, jti, aud, lane, iat, exp, dev = null, n = null, place } = claims.data;
  return {
    id: jti,
    sale: aud,
    subject: sub,
    lane,
    issuedAt_ms: iat * 1000,
    expiresAt_ms: exp * 1000,
    device: dev,
    number: n,
    place: placeOf(place),
  };
}
