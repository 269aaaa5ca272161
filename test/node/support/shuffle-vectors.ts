/**
 * The shuffle's vectors, published with the Ethereum consensus specification: digests of their
 * files, and a writer of such files for comparison.
 */
import { createHash } from "node:crypto";

export const VECTOR_SEED = "01b4f6bd5d6a06a7b74a8565ceb4f845afe0ae96a0ac05cf5e86066bf7b538ec";

/**
 * SHA-256 of `mapping.yaml` in ethereum/consensus-spec-tests,
 * tests/mainnet/phase0/shuffling/core/shuffle/shuffle_0x01b4…38ec_<n>, by n.
 */
export const VECTOR_DIGESTS = [
  [10, "030e863e01b804aa084bdf69a7da2ca6cad7bc51ffc5dbd50cd74e3a8910a50e"],
  [33, "a014701e692faf6390f43a5b32470689ffdec35891f58bcd7572eb8226b19488"],
  [1000, "1fe4a03c481ce317d63640d1caf23d3466c0583a194998a66d8a3be818a5932a"],
] as const;

/** A mapping in the format of the specification's test files: YAML, wrapped after column 80. */
function vectorFile(seed: string, mapping: readonly number[]): string {
  const lines = ["mapping: ["];
  mapping.forEach((value, index) => {
    const last = lines.at(-1) ?? "";
    const open = index === 0 ? last : `${last},`;
    if (open.length > 80) lines.splice(-1, 1, open, `  ${value}`);
    else lines.splice(-1, 1, `${open}${index === 0 ? "" : " "}${value}`);
  });
  return `seed: '0x${seed}'\ncount: ${mapping.length}\n${lines.join("\n")}]\n`;
}

/** SHA-256 of a mapping's file, in hex. */
export function digestOf(mapping: readonly number[]): string {
  return createHash("sha256").update(vectorFile(VECTOR_SEED, mapping)).digest("hex");
}
