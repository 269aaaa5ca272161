/**
 * How the stand-in for Stripe.js loads: at once, slowly, or not at all (`PUT /sandbox/script`).
 */
import { z } from "zod";

export const ScriptSettings = z.strictObject({
  delay_ms: z.int().min(0).max(120_000).default(0),
  /** True: the script is answered with 503, so that the page's `error` event fires. */
  fail: z.boolean().default(false),
  /** True: the frames of its elements do not load, so that `loaderror` is sent. */
  failElements: z.boolean().default(false),
});

export type ScriptSettings = z.infer<typeof ScriptSettings>;

export const DEFAULT_SCRIPT: ScriptSettings = ScriptSettings.parse({});
