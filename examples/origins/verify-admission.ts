/**
 * Verifies Sluice's admissions on a shop's server, with jose and the gate's published keys.
 *
 * Guarantee: `valid` means that this gate admitted the subject to this sale and that the admission
 * has not expired. It does not mean that the seat is still taken: after leaving, or after an order,
 * the same token verifies until its `exp`. Only the gate decides whether it allows an order.
 */
import { createRemoteJWKSet, errors, jwtVerify } from "jose";

export interface Admission {
  readonly id: string;
  readonly sale: string;
  readonly subject: string;
  readonly lane: string;
  /** In seconds since 1970, as in the token. */
  readonly expiresAt: number;
}

export type Verdict =
  | { readonly kind: "valid"; readonly admission: Admission }
  | { readonly kind: "refused"; readonly code: RefusalCode }
  /** The gate's keys could not be fetched, so the token was not checked. Do not let it pass. */
  | { readonly kind: "unavailable" };

/** The gate's own API answers with the same codes. */
export type RefusalCode = "admission_required" | "admission_expired" | "admission_invalid";

/** Never rejects. @param token the token of the request; null when it has none */
export type VerifyAdmission = (sale: string, token: string | null) => Promise<Verdict>;

/**
 * Create one verifier and keep it, because it caches the keys. It fetches them again when a token
 * has an unknown `kid`, at most every thirty seconds.
 *
 * @param gate the gate's address, as in `https://shop.example`
 * @param issuer the gate's variable ISSUER
 */
export function admissionVerifier(gate: string, issuer: string): VerifyAdmission {
  const keys = createRemoteJWKSet(new URL("/_sluice/.well-known/jwks.json", gate));
  return async (sale, token) => {
    if (token === null) return { kind: "refused", code: "admission_required" };
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ["EdDSA"],
        typ: "sluice-admission+jwt",
        issuer,
        audience: sale,
        requiredClaims: ["exp", "sub", "jti", "lane"],
      });
      const { jti: id, sub: subject, exp: expiresAt, lane } = payload;
      if (id === undefined || subject === undefined || expiresAt === undefined) return INVALID;
      if (typeof lane !== "string") return INVALID;
      return { kind: "valid", admission: { id, sale, subject, lane, expiresAt } };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { kind: "refused", code: "admission_expired" };
      return isAboutTheToken(error) ? INVALID : { kind: "unavailable" };
    }
  };
}

const INVALID: Verdict = { kind: "refused", code: "admission_invalid" };

/** Codes of jose's errors that are about the key set and not about the token. */
const KEY_SET_FAILURES = new Set(["ERR_JOSE_GENERIC", "ERR_JWKS_INVALID", "ERR_JWKS_TIMEOUT"]);

function isAboutTheToken(error: unknown): boolean {
  return error instanceof errors.JOSEError && !KEY_SET_FAILURES.has(error.code);
}

/**
 * The admission of a request: the header is preferred to the cookie, as at the gate.
 *
 * @param header of the request: `Sluice-Admission`
 * @param cookies of the request: `Cookie`
 */
export function carriedAdmission(
  sale: string,
  header: string | undefined,
  cookies: string | undefined,
): string | null {
  if (header !== undefined) return header;
  const name = `__Host-sluice-admission-${sale}=`;
  const cookie = cookies?.split(/; */).find((pair) => pair.startsWith(name));
  return cookie === undefined ? null : cookie.slice(name.length);
}

export interface Refusal {
  readonly status: 401 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly title: string; readonly status: number; readonly code: string };
}

const TITLES: Readonly<Record<RefusalCode, string>> = {
  admission_required: "The request has no admission",
  admission_expired: "The admission has expired",
  admission_invalid: "The admission is not valid for this sale",
};

/** The answer to a request without a valid admission: a problem document (RFC 9457). */
export function refusalOf(verdict: Exclude<Verdict, { readonly kind: "valid" }>): Refusal {
  const type = { "Content-Type": "application/problem+json", "Cache-Control": "no-store" };
  if (verdict.kind === "unavailable") {
    const title = "Admissions cannot be checked at the moment";
    const headers = { ...type, "Retry-After": "5" };
    return { status: 503, headers, body: { title, status: 503, code: "keys_unavailable" } };
  }
  const { code } = verdict;
  const headers = { ...type, "WWW-Authenticate": "Bearer" };
  return { status: 401, headers, body: { title: TITLES[code], status: 401, code } };
}
