/**
 * Reads a receipt and verifies its signature in the reader's own browser: a JWS in compact form,
 * EdDSA with Ed25519 (RFC 7515, RFC 8037), by the keys that the shop publishes.
 *
 * Guarantee: uses no page and no network. Type, algorithm, audience and issuer are pinned, so a
 * token of another kind is refused; claims are given out only with a signature that matches. A
 * token has one spelling here, as at the gate, so nothing that was changed is called valid.
 */

const TYPE = "sluice-receipt+jwt";
const AUDIENCE = "sluice:receipt";

/** @typedef {import("./receipt-text.js").Receipt} Receipt */

/**
 * `unsupported`: this browser has no Ed25519.
 * @typedef {{ readonly kind: "valid", readonly receipt: Receipt, readonly kid: string }
 *   | { readonly kind: "invalid", readonly reason: string }
 *   | { readonly kind: "unsupported" }} Verdict
 */

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * @param {string} text base64url without padding
 * @returns {Uint8Array<ArrayBuffer> | null} null when it is not that, or when the unused bits of
 *   its last character are set: `atob` ignores these, so the text would not be what was signed
 */
export function bytesOf(text) {
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const again = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    if (again !== text) return null;
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

/**
 * @param {string} text base64url
 * @returns {Record<string, unknown> | null} null when it is no JSON object
 */
export function objectIn(text) {
  const bytes = bytesOf(text);
  if (bytes === null) return null;
  try {
    /** @type {unknown} */
    const value = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
}

/** @param {unknown} value */
const isCount = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

/** @param {unknown} value */
function isPlace(value) {
  if (value === null) return true;
  if (!isRecord(value) || typeof value["lane"] !== "string") return false;
  return ["cohort", "shard", "index", "rank"].every((name) => isCount(value[name]));
}

/** @param {unknown} value */
function isTimes(value) {
  if (!isRecord(value)) return false;
  const isTime = (/** @type {string} */ name) => isCount(value[name]);
  const mayBeNull = (/** @type {string} */ name) => value[name] === null || isTime(name);
  return isTime("ordered") && isTime("confirmed") && mayBeNull("joined") && mayBeNull("admitted");
}

/**
 * @param {Record<string, unknown>} claims
 * @returns {claims is Record<string, unknown> & Receipt}
 */
function isReceipt(claims) {
  const { lines, amounts, ticket } = claims;
  const texts = ["sale", "order", "booking", "entry", "currency"];
  return (
    texts.every((name) => typeof claims[name] === "string") &&
    (ticket === null || typeof ticket === "string") &&
    isPlace(claims["place"]) &&
    isTimes(claims["times"]) &&
    isRecord(amounts) &&
    isCount(amounts["total"]) &&
    Array.isArray(lines) &&
    lines.every((line) => {
      const isLine = isRecord(line) && typeof line["sku"] === "string";
      return isLine && isCount(line["quantity"]) && Number.isInteger(line["price"]);
    })
  );
}

/**
 * @param {unknown} jwks
 * @param {string} kid
 * @returns {JsonWebKey | null}
 */
export function keyIn(jwks, kid) {
  const keys = isRecord(jwks) && Array.isArray(jwks["keys"]) ? jwks["keys"] : [];
  const key = keys.find((item) => isRecord(item) && item["kid"] === kid);
  if (!isRecord(key) || typeof key["x"] !== "string") return null;
  return key["kty"] === "OKP" && key["crv"] === "Ed25519"
    ? { kty: "OKP", crv: "Ed25519", x: key["x"] }
    : null;
}

/**
 * Null: this browser has no Ed25519.
 * @param {JsonWebKey} jwk
 * @param {Uint8Array<ArrayBuffer>} signature
 * @param {string} signed
 */
export async function matches(jwk, signature, signed) {
  let key;
  try {
    key = await crypto.subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error instanceof DOMException && error.name === "NotSupportedError") return null;
    throw error;
  }
  return crypto.subtle.verify("Ed25519", key, signature, new TextEncoder().encode(signed));
}

/**
 * @param {string} token
 * @param {unknown} jwks as the shop publishes it
 * @param {string} issuer
 * @returns {Promise<Verdict>}
 */
export async function verifyReceipt(token, jwks, issuer) {
  /** @type {(reason: string) => Verdict} */
  const invalid = (reason) => ({ kind: "invalid", reason });
  const parts = token.trim().split(".");
  const [head = "", payload = "", mac = ""] = parts;
  const header = objectIn(head);
  const claims = objectIn(payload);
  const signature = bytesOf(mac);
  if (parts.length !== 3 || header === null || claims === null || signature === null) {
    return invalid("malformed");
  }
  const { alg, typ, kid, crit } = header;
  if (alg !== "EdDSA" || typ !== TYPE || crit !== undefined) return invalid("wrong_type");
  const key = typeof kid === "string" ? keyIn(jwks, kid) : null;
  if (key === null || typeof kid !== "string") return invalid("unknown_key");
  const isSigned = await matches(key, signature, `${head}.${payload}`);
  if (isSigned === null) return { kind: "unsupported" };
  if (!isSigned) return invalid("bad_signature");
  if (claims["aud"] !== AUDIENCE) return invalid("wrong_type");
  if (claims["iss"] !== issuer) return invalid("other_issuer");
  return isReceipt(claims) ? { kind: "valid", receipt: claims, kid } : invalid("malformed");
}
