/**
 * A promise that a simulated world has seen broken.
 */

export type PromiseName =
  | "P1"
  | "P2"
  | "P3"
  | "P4"
  | "P5"
  | "P6"
  | "P8"
  | "P10"
  | "P11"
  | "P12"
  | "P13"
  | "P15"
  | "limit";

export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
  readonly promise: PromiseName;
  readonly what: string;

  constructor(promise: PromiseName, what: string) {
    super(`${promise}: ${what}`);
    this.promise = promise;
    this.what = what;
  }
}

/** Receives what was seen; the first ends the run after its step. */
export type Broken = (promise: PromiseName, what: string) => void;
