/**
 * A set of whole numbers as a short text: the lengths of the runs of numbers that are out and in,
 * in turn, from 0, each as an Elias gamma code (P. Elias, "Universal codeword sets and
 * representations of the integers", 1975), packed into base64url.
 *
 * Guarantee: exact. A run costs 2·log2(length)+1 bits, so n scattered members cost about one bit
 * for each number between them, and n neighbours cost next to nothing. What is above the highest
 * member costs nothing. A text that is no such code throws: only rooms write it.
 */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const BITS_PER_CHARACTER = 6;

/** @param sorted ascending, without repetitions, from 0 */
export function encodeNumbers(sorted: readonly number[]): string {
  const bits: number[] = [];
  for (const [nth, length] of runsOf(sorted).entries()) {
    // The first run is empty where 0 is a member; the code has no zero.
    writeGamma(bits, nth === 0 ? length + 1 : length);
  }
  let text = "";
  for (let at = 0; at < bits.length; at += BITS_PER_CHARACTER) {
    let value = 0;
    for (let bit = at; bit < at + BITS_PER_CHARACTER; bit += 1)
      value = value * 2 + (bits[bit] ?? 0);
    text += ALPHABET.charAt(value);
  }
  return text;
}

/** Lengths, out and in by turns; ends with a run of members. */
function runsOf(sorted: readonly number[]): number[] {
  const runs: number[] = [];
  let end = 0;
  for (const number of sorted) {
    const last = runs.length - 1;
    if (number === end && last > 0) runs[last] = (runs[last] ?? 0) + 1;
    else runs.push(number - end, 1);
    end = number + 1;
  }
  return runs;
}

/** As many zeros as the number has further binary digits, then those digits and its first one. */
function writeGamma(bits: number[], value: number): void {
  const digits = value.toString(2);
  for (let zero = 1; zero < digits.length; zero += 1) bits.push(0);
  for (const digit of digits) bits.push(digit === "1" ? 1 : 0);
}

/** Members as ranges: `bounds[0]` (included) to `bounds[1]` (excluded), and so on. */
export interface NumberSet {
  readonly bounds: readonly number[];
}

export function decodeNumbers(text: string): NumberSet {
  const bounds: number[] = [];
  let end = 0;
  for (const length of gammasIn(text)) {
    end += bounds.length === 0 ? length - 1 : length;
    bounds.push(end);
  }
  if (bounds.length % 2 !== 0) throw new RangeError("a set of numbers ends within its members");
  return { bounds };
}

function* gammasIn(text: string): Generator<number> {
  let zeros = 0;
  /** Digits of the number that is being read; null while its zeros are counted. */
  let left: number | null = null;
  let value = 0;
  for (const character of text) {
    const group = ALPHABET.indexOf(character);
    if (group < 0) throw new RangeError("a set of numbers has a character that is not its own");
    for (let shift = BITS_PER_CHARACTER - 1; shift >= 0; shift -= 1) {
      const bit = (group >> shift) & 1;
      if (left === null && bit === 0) {
        zeros += 1;
        continue;
      }
      value = value * 2 + bit;
      left = (left ?? zeros + 1) - 1;
      if (left > 0) continue;
      yield value;
      zeros = 0;
      left = null;
      value = 0;
    }
  }
  if (left !== null) throw new RangeError("a set of numbers is cut off");
}

/** By halving: a room with many seats in use has many ranges. */
export function hasNumber({ bounds }: NumberSet, number: number): boolean {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((bounds[middle] ?? 0) <= number) low = middle + 1;
    else high = middle;
  }
  return low % 2 === 1;
}
