/** Idempotency keys of the tests: each name has its own, which is as random as one must be. */
import { digestOf } from "../../../src/encoding/json.ts";

export function keyNamed(name: string): string {
  return digestOf(["idempotency key", name]).slice(0, 32);
}
