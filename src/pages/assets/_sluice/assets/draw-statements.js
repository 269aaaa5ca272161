/**
 * The signed statements of a draw, checked in the reader's own browser: when a cohort closed, and
 * when the secret was revealed. The form is specified in docs/fairness.md.
 *
 * Guarantee: uses no page and no network; where a time is stated, a signature is expected. A time
 * that is not signed, or not so, is a fault, and so is a cohort that closed after the revelation.
 */
import { keyIn, matches, objectIn, bytesOf } from "./receipt-signature.js";

const KINDS = {
  counts: { typ: "sluice-counts+jwt", aud: "sluice:counts" },
  manifest: { typ: "sluice-manifest+jwt", aud: "sluice:manifest" },
  secret: { typ: "sluice-secret+jwt", aud: "sluice:secret" },
};

/**
 * @param {unknown} token
 * @param {"counts" | "manifest" | "secret"} kind
 * @param {Readonly<Record<string, unknown>>} stated
 * @param {unknown} jwks every key that the shop publishes
 * @returns {Promise<"signed" | "not_signed" | "unsupported">} `unsupported`: this browser cannot
 *   verify such signatures
 */
export async function readStatement(token, kind, stated, jwks) {
  if (typeof token !== "string") return "not_signed";
  const [head = "", payload = "", mac = ""] = token.split(".");
  const header = objectIn(head);
  const claims = objectIn(payload);
  const signature = bytesOf(mac);
  if (header === null || claims === null || signature === null) return "not_signed";
  const { typ, aud } = KINDS[kind];
  if (header["alg"] !== "EdDSA" || header["typ"] !== typ || claims["aud"] !== aud) {
    return "not_signed";
  }
  const key = typeof header["kid"] === "string" ? keyIn(jwks, header["kid"]) : null;
  const isSame = Object.entries(stated).every(([name, value]) => {
    return JSON.stringify(claims[name]) === JSON.stringify(value);
  });
  if (key === null || !isSame) return "not_signed";
  const isSigned = await matches(key, signature, `${head}.${payload}`);
  if (isSigned === null) return "unsupported";
  return isSigned ? "signed" : "not_signed";
}

/**
 * @param {import("./draw.js").Manifest} manifest
 * @param {Readonly<Record<string, unknown>>} fairness as the shop publishes it
 * @param {unknown} jwks
 * @returns {Promise<readonly { readonly text: string, readonly isWrong: boolean }[]>}
 */
export async function timesOf({ signature, ...closed }, fairness, jwks) {
  const { sale, closedAt } = closed;
  const { commitment, secret, revealedAt = null } = fairness;
  const right = (/** @type {string} */ text) => ({ text, isWrong: false });
  const wrong = (/** @type {string} */ text) => ({ text, isWrong: true });
  const isTimed = closedAt !== undefined || signature !== undefined;
  const isRevealed = typeof secret === "string";
  if (!isTimed && revealedAt === null) {
    return [right("The closing time of your cohort is not known: the shop did not state it then.")];
  }
  const closing = isTimed ? await readStatement(signature, "manifest", closed, jwks) : null;
  const told = { sale, commitment, secret, revealedAt };
  const telling = isRevealed
    ? await readStatement(fairness["signature"], "secret", told, jwks)
    : null;
  const steps = [];
  if (closing === "unsupported" || telling === "unsupported") {
    steps.push(right("This browser cannot check signatures of this kind; verify-draw can."));
  }
  if (closing === null) steps.push(right("The closing time of your cohort is not known."));
  if (closing === "signed")
    steps.push(right(`Your cohort closed at ${closedAt}, the shop signed.`));
  if (closing === "not_signed" || (isTimed && closedAt === undefined)) {
    steps.push(wrong("The closing time of your cohort is not signed by the shop."));
  }
  if (telling === "signed") steps.push(right(`The secret was revealed at ${String(revealedAt)}.`));
  if (telling === "not_signed") {
    steps.push(wrong("The time at which the secret was revealed is not signed by the shop."));
  }
  if (Date.parse(closedAt ?? "") > Date.parse(String(revealedAt))) {
    steps.push(wrong("Your cohort closed after the secret was revealed, so it was not by chance."));
  }
  return steps;
}
