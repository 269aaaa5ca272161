/**
 * How many places each network has taken at a booth, for sales with `maxPlacesPerNetwork`: a
 * count-min sketch, which has one size however many networks come.
 *
 * Guarantee: a count is never too low, so no network takes more places than the limit and no block
 * more than `NETWORKS_PER_BLOCK` times the limit. All joins of a block reach the same booth of
 * their lane (`boothFor`), so its counts are the only ones. Nothing is kept of an address: a place
 * adds one to some of the cells that a salted hash names, and nobody without the salt can choose
 * addresses that fill another network's cells. Pure but for its own cells.
 *
 * Weak: a count may be too high, when others share all its cells: for a booth with 5,000 networks
 * by one in about three hundred of them, and by two in one of a million
 * (`test/node/line/network-counts.test.ts`). Counts begin again each period.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import {
  NETWORK_CELLS_PER_CHUNK,
  NETWORK_CELLS_PER_ROW,
  NETWORK_PLACES_PERIOD_MS,
  NETWORKS_PER_BLOCK,
} from "../limits.ts";

/** Independent rows of cells: a count is the least of its cells. */
const ROWS = 4;
const CELLS = ROWS * NETWORK_CELLS_PER_ROW;

/** A join that counts for its network, and for the block that the network lies in. */
export interface NetworkJoin {
  readonly subject: string;
  readonly network: string;
  readonly block: string;
}

export interface NetworkRule {
  /** Places that one network may take in a period. */
  readonly limit: number;
  readonly startsAt_ms: number;
}

/** A part of the cells, as it is stored. */
export interface CountChunk {
  readonly chunk: number;
  readonly period: number;
  readonly cells: Uint8Array;
}

/**
 * The whole prequeue is one period, because each place in it is a chance in one draw; after the
 * start each hour is one, because places are used up and a room may stand for years.
 */
export function placesPeriod({ startsAt_ms }: NetworkRule, now: number): number {
  if (now < startsAt_ms) return 0;
  return 1 + Math.floor((now - startsAt_ms) / NETWORK_PLACES_PERIOD_MS);
}

export class NetworkCounts {
  readonly #salt: Uint8Array;
  readonly #cells = new Uint16Array(CELLS);
  readonly #changed = new Set<number>();
  #period: number;

  /** @param stored as `changed` gave it; of several periods the last counts */
  constructor(salt: Uint8Array, stored: readonly CountChunk[] = []) {
    this.#salt = salt;
    this.#period = Math.max(0, ...stored.map(({ period }) => period));
    for (const { chunk, period, cells } of stored) {
      if (period !== this.#period) continue;
      const view = new DataView(cells.buffer, cells.byteOffset, cells.byteLength);
      for (let cell = 0; cell < NETWORK_CELLS_PER_CHUNK; cell += 1) {
        this.#cells[chunk * NETWORK_CELLS_PER_CHUNK + cell] = view.getUint16(2 * cell);
      }
    }
  }

  /** Counts a place; false: the network or its block has all it may take, and nothing changes. */
  take(join: Pick<NetworkJoin, "network" | "block">, rule: NetworkRule, now: number): boolean {
    this.#turnTo(placesPeriod(rule, now));
    const network = this.#cellsOf(`network ${join.network}`);
    const block = this.#cellsOf(`block ${join.block}`);
    const counts = [this.#least(network), this.#least(block)] as const;
    if (counts[0] >= rule.limit || counts[1] >= rule.limit * NETWORKS_PER_BLOCK) return false;
    this.#raise(network, counts[0] + 1);
    this.#raise(block, counts[1] + 1);
    return true;
  }

  /** What must be stored since the last call. */
  changed(): CountChunk[] {
    const chunks = [...this.#changed].map((chunk) => this.#chunk(chunk));
    this.#changed.clear();
    return chunks;
  }

  /** A period that has begun stays, also when a start is moved or a clock goes back. */
  #turnTo(period: number): void {
    if (period <= this.#period) return;
    this.#period = period;
    this.#cells.fill(0);
    this.#changed.clear();
  }

  /** One cell of each row. */
  #cellsOf(name: string): number[] {
    const bytes = utf8ToBytes(name);
    const salted = new Uint8Array(this.#salt.length + bytes.length);
    salted.set(this.#salt);
    salted.set(bytes, this.#salt.length);
    const hash = new DataView(sha256(salted).buffer);
    return Array.from({ length: ROWS }, (_, row) => {
      return row * NETWORK_CELLS_PER_ROW + (hash.getUint32(4 * row) % NETWORK_CELLS_PER_ROW);
    });
  }

  #least(cells: readonly number[]): number {
    return Math.min(...cells.map((cell) => this.#cells[cell] ?? 0));
  }

  /** Only the cells below the count: then the others stay as near to the truth as they were. */
  #raise(cells: readonly number[], count: number): void {
    for (const cell of cells) {
      if ((this.#cells[cell] ?? 0) >= count) continue;
      this.#cells[cell] = count;
      this.#changed.add(Math.floor(cell / NETWORK_CELLS_PER_CHUNK));
    }
  }

  #chunk(chunk: number): CountChunk {
    const cells = new Uint8Array(2 * NETWORK_CELLS_PER_CHUNK);
    const view = new DataView(cells.buffer);
    for (let cell = 0; cell < NETWORK_CELLS_PER_CHUNK; cell += 1) {
      view.setUint16(2 * cell, this.#cells[chunk * NETWORK_CELLS_PER_CHUNK + cell] ?? 0);
    }
    return { chunk, period: this.#period, cells };
  }
}

/**
 * The subjects of a batch that may have a place, in its order. One that has a place, or occurs
 * twice, is counted once.
 */
export function withinNetworkLimit(
  joins: readonly NetworkJoin[],
  hasPlace: (subject: string) => boolean,
  take: (join: NetworkJoin) => boolean,
): string[] {
  const granted = new Set<string>();
  for (const join of joins) {
    const { subject } = join;
    if (!granted.has(subject) && (hasPlace(subject) || take(join))) granted.add(subject);
  }
  return joins.map(({ subject }) => subject).filter((subject) => granted.has(subject));
}
