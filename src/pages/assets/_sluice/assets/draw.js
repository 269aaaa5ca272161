/**
 * The draw, computed in a shopper's own browser: SHA-256 and HMAC come from the browser, the rest
 * is here, and none of it is the server's code. The algorithm is specified in docs/fairness.md.
 *
 * Guarantee: uses no page and no network; the same input gives the same place anywhere.
 */

const ROUNDS = 90;
const POSITIONS_PER_HASH = 256;

/**
 * @typedef {{ readonly lane: string, readonly cohort: number, readonly shard: number,
 *   readonly index: number, readonly aud: string }} Ticket
 * @typedef {{ readonly sale: string, readonly lane: string, readonly k: number,
 *   readonly base: number, readonly counts: readonly number[], readonly seed: string,
 *   readonly closedAt?: string | undefined, readonly draw?: Draw | undefined,
 *   readonly signature?: string | undefined }} Manifest
 * @typedef {{ readonly countedAt: string, readonly countsSignature: string,
 *   readonly chain: string, readonly round: number, readonly beacon: string | null }} Draw
 */

/** @param {unknown} value */
function isCount(value) {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The claims of a ticket; null when it is not one. Its signature is not checked, because only the
 * gate can.
 * @param {string} token
 * @returns {Ticket | null}
 */
export function readTicket(token) {
  const payload = (token.trim().split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  try {
    /** @type {unknown} */
    const claims = JSON.parse(atob(payload));
    if (!isRecord(claims)) return null;
    const { aud, lane, cohort, shard, index } = claims;
    if (typeof aud !== "string" || typeof lane !== "string") return null;
    if (typeof cohort !== "number" || typeof shard !== "number" || typeof index !== "number") {
      return null;
    }
    if (![cohort, shard, index].every(isCount)) return null;
    return { aud, lane, cohort, shard, index };
  } catch {
    return null;
  }
}

/**
 * @param {unknown} body
 * @returns {body is Manifest}
 */
export function isManifest(body) {
  if (!isRecord(body) || !Array.isArray(body["counts"])) return false;
  return (
    typeof body["sale"] === "string" &&
    typeof body["lane"] === "string" &&
    isCount(body["k"]) &&
    isCount(body["base"]) &&
    body["counts"].every(isCount) &&
    typeof body["seed"] === "string" &&
    /^[0-9a-f]{64}$/.test(body["seed"]) &&
    ["closedAt", "signature"].every((name) => {
      return body[name] === undefined || typeof body[name] === "string";
    }) &&
    (body["draw"] === undefined || isDraw(body["draw"]))
  );
}

/** @param {unknown} draw */
function isDraw(draw) {
  if (!isRecord(draw) || !isCount(draw["round"])) return false;
  const texts = ["countedAt", "countsSignature", "chain"].map((name) => typeof draw[name]);
  const { beacon } = draw;
  return (
    texts.every((type) => type === "string") &&
    (beacon === null || (typeof beacon === "string" && /^[0-9a-f]{96}$/.test(beacon)))
  );
}

/** @param {readonly number[]} counts */
export function sum(counts) {
  return counts.reduce((total, count) => total + count, 0);
}

/**
 * @param {string} hex
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** @param {ArrayBuffer} buffer */
export function hexOf(buffer) {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {string} secret hex
 * @returns {Promise<string>} hex
 */
export async function commitmentTo(secret) {
  return hexOf(await crypto.subtle.digest("SHA-256", bytesOf(secret)));
}

/**
 * `HMAC-SHA-256(secret, sale || 0x00 || lane || 0x00 || uint32_be(k))`, in hex.
 * @param {string} secret hex
 * @param {string} sale
 * @param {string} lane
 * @param {number} k
 */
export async function seedFrom(secret, sale, lane, k) {
  const names = new TextEncoder().encode(`${sale}\0${lane}\0`);
  const message = new Uint8Array(names.length + 4);
  message.set(names);
  new DataView(message.buffer).setUint32(names.length, k, false);
  return hmac(secret, message);
}

/**
 * The seed that a manifest should have: with a round of the beacon it follows from the counts and
 * from the round's random value too.
 * @param {string} secret hex
 * @param {Manifest} manifest
 */
export async function seedDue(secret, { sale, lane, k, counts, draw }) {
  if (typeof draw?.beacon !== "string") return seedFrom(secret, sale, lane, k);
  const names = new TextEncoder().encode(`sluice-draw-2\0${sale}\0${lane}\0`);
  const numbers = [k, counts.length, ...counts];
  const message = new Uint8Array(names.length + numbers.length * 4 + 32);
  message.set(names);
  const view = new DataView(message.buffer);
  numbers.forEach((number, index) => view.setUint32(names.length + index * 4, number, false));
  const random = await crypto.subtle.digest("SHA-256", bytesOf(draw.beacon));
  message.set(new Uint8Array(random), message.length - 32);
  return hmac(secret, message);
}

/**
 * @param {string} secret hex
 * @param {Uint8Array<ArrayBuffer>} message
 * @returns {Promise<string>} hex
 */
async function hmac(secret, message) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytesOf(secret), algorithm, false, ["sign"]);
  return hexOf(await crypto.subtle.sign("HMAC", key, message));
}

/**
 * `compute_shuffled_index` of the Ethereum consensus specification, phase 0.
 * @param {number} index counted from 0
 * @param {number} n places in all
 * @param {string} seed hex
 */
export async function shuffledIndex(index, n, seed) {
  const source = new Uint8Array(37);
  source.set(bytesOf(seed));
  const numbers = new DataView(source.buffer);
  let current = index;
  for (let round = 0; round < ROUNDS; round += 1) {
    source[32] = round;
    const start = new DataView(await crypto.subtle.digest("SHA-256", source.slice(0, 33)));
    const pivot = Number(start.getBigUint64(0, true) % BigInt(n));
    const flip = (pivot + n - current) % n;
    const position = Math.max(current, flip);
    numbers.setUint32(33, Math.floor(position / POSITIONS_PER_HASH), true);
    const bits = new Uint8Array(await crypto.subtle.digest("SHA-256", source));
    const bit = position % POSITIONS_PER_HASH;
    if (((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1) current = flip;
  }
  return current;
}

/**
 * @param {Ticket} ticket
 * @param {Manifest} manifest of the ticket's cohort
 * @returns {Promise<{ readonly start: number, readonly n: number, readonly drawn: number,
 *   readonly rank: number } | null>} null when no such place was handed out
 */
export async function drawPlace(ticket, manifest) {
  const { counts, base, seed } = manifest;
  if (ticket.index >= (counts[ticket.shard] ?? 0)) return null;
  const n = sum(counts);
  const start = sum(counts.slice(0, ticket.shard)) + ticket.index;
  const drawn = await shuffledIndex(start, n, seed);
  return { start, n, drawn, rank: base + drawn };
}
