/**
 * The inputs of properties: others in every run, so that developers meet what nobody thought of,
 * and the same in each CI run, because a change must not fail by an input that it has nothing to
 * do with. A failed property prints its seed; `PROPERTY_SEED=<n> npm test` runs it again.
 */
import * as fc from "fast-check";
import { inject } from "vitest";

const seed = inject("propertySeed");
if (seed !== null) fc.configureGlobal({ seed });

declare module "vitest" {
  interface ProvidedContext {
    /** Null: drawn at random. */
    propertySeed: number | null;
  }
}
