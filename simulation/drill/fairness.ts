/**
 * An independent implementation of the draw, to check the gate's.
 *
 * Written from the published algorithm alone (`compute_shuffled_index` of the Ethereum consensus
 * specification, phase 0: swap-or-not, 90 rounds, SHA-256) with Node's SHA-256. It shares no code
 * with the gate, because a comparison with the gate's own code would not find its faults.
 */
import { createHash, createHmac } from "node:crypto";
import { jsonText } from "../../src/encoding/json.ts";
import { ticketClaimsSchema, type Manifest, type TicketClaims } from "../crowd/gate-answers.ts";

const ROUNDS = 90;
const POSITIONS_PER_HASH = 256;

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** One cohort's permutation. Caches its hashes, because many places need the same ones. */
export class CohortDraw {
  readonly #seed: Uint8Array;
  readonly #size: number;
  readonly #pivots: readonly number[];
  readonly #sources = new Map<number, Buffer>();

  constructor(size: number, seed: Uint8Array) {
    this.#seed = seed;
    this.#size = size;
    this.#pivots = Array.from({ length: ROUNDS }, (_, round) => {
      const digest = sha256(seed, Uint8Array.of(round));
      return Number(digest.readBigUInt64LE(0) % BigInt(size));
    });
  }

  /** The shuffled position of place `index`, both counted from 0. */
  shuffledIndex(index: number): number {
    if (!(index >= 0 && index < this.#size)) throw new RangeError(`no place ${index}`);
    return this.#pivots.reduce((current, pivot, round) => {
      const flip = (pivot + this.#size - current) % this.#size;
      return this.#swaps(round, Math.max(current, flip)) ? flip : current;
    }, index);
  }

  #swaps(round: number, position: number): boolean {
    const block = Math.floor(position / POSITIONS_PER_HASH);
    const name = block * ROUNDS + round;
    let source = this.#sources.get(name);
    if (source === undefined) {
      const number = Buffer.alloc(4);
      number.writeUInt32LE(block);
      source = sha256(this.#seed, Uint8Array.of(round), number);
      this.#sources.set(name, source);
    }
    const bit = position % POSITIONS_PER_HASH;
    return ((source.readUInt8(Math.floor(bit / 8)) >> (bit % 8)) & 1) === 1;
  }
}

export function commitmentTo(secret: string): string {
  return sha256(Buffer.from(secret, "hex")).toString("hex");
}

/** `HMAC-SHA-256(secret, sale || 0x00 || lane || 0x00 || uint32_be(k))`, in hex. */
export function seedFrom(secret: string, sale: string, lane: string, k: number): string {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(k);
  const hmac = createHmac("sha256", Buffer.from(secret, "hex"));
  return hmac.update(`${sale}\0${lane}\0`).update(number).digest("hex");
}

/** With the round's signature, whose SHA-256 is its random value. */
export function seedWithRound(
  secret: string,
  { sale, lane, k, counts }: Manifest,
  signature: string,
): string {
  const numbers = [k, counts.length, ...counts];
  const bytes = Buffer.alloc(numbers.length * 4);
  numbers.forEach((value, index) => bytes.writeUInt32BE(value, index * 4));
  const hmac = createHmac("sha256", Buffer.from(secret, "hex"));
  hmac.update(`sluice-draw-2\0${sale}\0${lane}\0`).update(bytes);
  return hmac.update(sha256(Buffer.from(signature, "hex"))).digest("hex");
}

/** The seed that a manifest should have. */
export function seedDue(secret: string, manifest: Manifest): string {
  const { sale, lane, k, draw } = manifest;
  const round = draw?.beacon ?? null;
  return round === null ? seedFrom(secret, sale, lane, k) : seedWithRound(secret, manifest, round);
}

export function sizeOf(manifest: Manifest): number {
  return manifest.counts.reduce((sum, count) => sum + count, 0);
}

/** Computes ranks of tickets from manifests. Null: no manifest has the ticket's place. */
export function rankReader(manifests: readonly Manifest[]) {
  const cohorts = new Map<string, { manifest: Manifest; draw: CohortDraw | null }>();
  for (const manifest of manifests) {
    const size = sizeOf(manifest);
    const draw = size === 0 ? null : new CohortDraw(size, Buffer.from(manifest.seed, "hex"));
    cohorts.set(`${manifest.lane}/${manifest.k}`, { manifest, draw });
  }
  return (ticket: TicketClaims): number | null => {
    const cohort = cohorts.get(`${ticket.lane}/${ticket.cohort}`);
    if (cohort === undefined || cohort.draw === null) return null;
    const { base, counts } = cohort.manifest;
    if (ticket.index >= (counts[ticket.shard] ?? 0)) return null;
    const earlier = counts.slice(0, ticket.shard).reduce((sum, count) => sum + count, 0);
    return base + cohort.draw.shuffledIndex(earlier + ticket.index);
  };
}

/** A ticket's claims. The signature is not verified, because only the gate has the key. */
export function claimsOf(token: string): TicketClaims | null {
  const [, payload] = token.split(".");
  if (payload === undefined) return null;
  const json = Buffer.from(payload, "base64url").toString("utf8");
  return jsonText.pipe(ticketClaimsSchema).safeParse(json).data ?? null;
}
