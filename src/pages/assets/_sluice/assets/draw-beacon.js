/**
 * The part of the beacon in a draw, checked in the reader's own browser: that the counts were
 * signed for a round that was not made yet, that the round is the beacon's, and which beacon it is.
 * The form is specified in docs/fairness.md.
 *
 * Guarantee: uses no page; the library that verifies a round is loaded when a draw has one.
 */
import { bytesOf, hexOf, sum } from "./draw.js";
import { readStatement } from "./draw-statements.js";

/** drand's quicknet: no shop controls it. */
const QUICKNET = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971";
const DOMAIN = "BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_";
const LEAD_MS = 1000;

/**
 * @typedef {{ readonly chain: string, readonly id: string, readonly publicKey: string,
 *   readonly groupHash: string, readonly genesis_s: number, readonly period_s: number,
 *   readonly wait_s: number }} Beacon
 * @typedef {{ readonly text: string, readonly isWrong: boolean }} Step
 */

/**
 * @param {unknown} value
 * @returns {value is Beacon}
 */
function isBeacon(value) {
  if (typeof value !== "object" || value === null) return false;
  const texts = ["chain", "id", "publicKey", "groupHash"];
  const numbers = ["genesis_s", "period_s", "wait_s"];
  return (
    texts.every((name) => typeof Reflect.get(value, name) === "string") &&
    numbers.every((name) => Number.isSafeInteger(Reflect.get(value, name)))
  );
}

/** @param {Beacon} beacon */
async function hashOfChain({ id, publicKey, groupHash, genesis_s, period_s }) {
  const times = new DataView(new ArrayBuffer(12));
  times.setUint32(0, period_s);
  times.setBigInt64(4, BigInt(genesis_s));
  const name = new TextEncoder().encode(id);
  const parts = [new Uint8Array(times.buffer), bytesOf(publicKey), bytesOf(groupHash), name];
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return hexOf(await crypto.subtle.digest("SHA-256", bytes));
}

/**
 * Whether the chain's key signed the round.
 * @param {Beacon} beacon
 * @param {number} round
 * @param {string} signature hex
 */
export async function isRoundOf({ publicKey }, round, signature) {
  const { bls12_381: bls } = await import("./bls/bls12-381.js");
  const number = new DataView(new ArrayBuffer(8));
  number.setBigUint64(0, BigInt(round));
  const message = new Uint8Array(await crypto.subtle.digest("SHA-256", number));
  try {
    const point = bls.shortSignatures.hash(message, DOMAIN);
    return bls.shortSignatures.verify(bytesOf(signature), point, bytesOf(publicKey));
  } catch {
    return false;
  }
}

/**
 * @param {import("./draw.js").Manifest} manifest
 * @param {Readonly<Record<string, unknown>>} fairness as the shop publishes it
 * @param {unknown} jwks
 * @param {typeof isRoundOf} isRound
 * @returns {Promise<readonly Step[]>}
 */
export async function beaconSteps(manifest, fairness, jwks, isRound) {
  const { k, counts, draw } = manifest;
  const { beacon } = fairness;
  const wrong = (/** @type {string} */ text) => [{ text, isWrong: true }];
  const right = (/** @type {string} */ text) => [{ text, isWrong: false }];
  if (k > 0 || sum(counts) < 2) {
    return draw === undefined
      ? []
      : wrong("Your cohort is drawn with a beacon, and is not the first.");
  }
  if (!isBeacon(beacon)) {
    if (draw !== undefined) return wrong("The beacon of this draw was not named before the sale.");
    return beacon === null ? right("No beacon had a part in this draw.") : [];
  }
  if (draw === undefined) return wrong("The shop named a beacon, and drew your cohort without it.");
  if (beacon.chain !== draw.chain || (await hashOfChain(beacon)) !== draw.chain) {
    return wrong("The beacon of this draw is not the one that was named before the sale.");
  }
  return drawSteps(manifest, draw, beacon, await isCounted(manifest, draw, jwks), isRound);
}

/**
 * @param {import("./draw.js").Manifest} manifest
 * @param {import("./draw.js").Draw} draw
 * @param {unknown} jwks
 */
function isCounted({ sale, lane, k, base, counts }, draw, jwks) {
  const { countedAt, chain, round, countsSignature } = draw;
  const stated = { sale, lane, k, base, counts, countedAt, chain, round };
  return readStatement(countsSignature, "counts", stated, jwks);
}

/**
 * @param {import("./draw.js").Manifest} manifest
 * @param {import("./draw.js").Draw} draw
 * @param {Beacon} named
 * @param {"signed" | "not_signed" | "unsupported"} counted
 * @param {typeof isRoundOf} isRound
 * @returns {Promise<readonly Step[]>}
 */
async function drawSteps({ closedAt = "" }, draw, named, counted, isRound) {
  const { countedAt, round, beacon, chain } = draw;
  const made_ms = (named.genesis_s + (round - 1) * named.period_s) * 1000;
  const lead_ms = made_ms - Date.parse(countedAt);
  const drawn_ms = Date.parse(closedAt);
  /** @type {Step[]} */
  const steps = [];
  const wrong = (/** @type {string} */ text) => steps.push({ text, isWrong: true });
  const right = (/** @type {string} */ text) => steps.push({ text, isWrong: false });
  if (counted === "signed") right(`The counts were signed at ${countedAt}, before the draw.`);
  if (counted === "not_signed") wrong("The counts before the draw are not signed by the shop.");
  if (!(lead_ms >= LEAD_MS && lead_ms < LEAD_MS + named.period_s * 1000)) {
    wrong(`Round ${round} of the beacon is not the first one after the counts.`);
  }
  if (beacon === null) {
    right(
      `Round ${round} of the beacon was not to be had, the shop says: its secret alone decided.`,
    );
    right("So who knew the secret could have chosen this draw.");
    if (!(drawn_ms >= made_ms + named.wait_s * 1000)) wrong("It did not wait for the round.");
    return steps;
  }
  if (!(drawn_ms >= made_ms)) wrong(`It was drawn before round ${round} was made.`);
  if (!(await isRound(named, round, beacon))) wrong(`Round ${round} is not the beacon's.`);
  else right(`Round ${round} of the beacon decided; your browser verified its signature.`);
  if (chain === QUICKNET) right("The beacon is drand's quicknet, which no shop controls.");
  else right(`The beacon (${named.id}) is no public one: who holds its key knew every round.`);
  return steps;
}
