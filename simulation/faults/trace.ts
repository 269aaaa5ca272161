/**
 * The story of a world, as a hash of it and, on demand, as lines to read.
 *
 * Guarantee: two stories that differ in an instant, a text or their order have different hashes
 * (up to chance: FNV-1a, 32 bits, http://www.isthe.com/chongo/tech/comp/fnv).
 */

export class Trace {
  readonly #show: ((line: string) => void) | null;
  #hash = 0x811c9dc5;

  constructor(show: ((line: string) => void) | null = null) {
    this.#show = show;
  }

  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  tell(at_ms: number, what: string, who: string): void {
    this.#mix(what);
    this.#mix(who);
    this.#hash = Math.imul(this.#hash ^ (at_ms & 0xffff), 0x01000193);
    this.#hash = Math.imul(this.#hash ^ (at_ms >>> 16), 0x01000193);
    this.#show?.(`${clock(at_ms)}  ${what.padEnd(24)} ${who}`);
  }

  #mix(text: string): void {
    let hash = this.#hash;
    for (let place = 0; place < text.length; place += 1) {
      hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
    }
    this.#hash = hash;
  }
}

/** Hours, minutes, seconds and milliseconds since the world began. */
function clock(at_ms: number): string {
  const time = new Date(at_ms).toISOString().slice(11, 23);
  const days = Math.floor(at_ms / 86_400_000);
  return days === 0 ? time : `${days} d ${time}`;
}
