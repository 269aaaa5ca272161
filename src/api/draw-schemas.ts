/**
 * The documents with which anybody checks a draw, as zod schemas: what docs/fairness.md specifies.
 */
import { z } from "@hono/zod-openapi";

const count = z.int();
const instant = z.iso.datetime();

export const manifestDocument = z
  .object({
    sale: z.string(),
    lane: z.string(),
    k: count,
    base: count,
    counts: z.array(count),
    seed: z.string(),
    closedAt: instant
      .optional()
      .describe("When it closed; absent when a release closed it that did not store the time."),
    signature: z
      .string()
      .optional()
      .describe("Of the other members, by the gate; see docs/fairness.md. Absent like `closedAt`."),
  })
  .openapi("CohortManifest");

export const fairnessDocument = z
  .object({
    sale: z.string(),
    commitment: z.string(),
    algorithm: z.string(),
    secret: z.string().nullable().describe("Null until the sale has ended."),
    revealsAt: instant
      .nullable()
      .describe("When the secret is to be revealed, as things are now; null once it was."),
    revealedAt: instant.nullable().describe("When the secret was revealed."),
    signature: z
      .string()
      .nullable()
      .describe("Of the secret and its time, by the gate; see docs/fairness.md."),
    keys: z
      .array(z.looseObject({ kid: z.string() }))
      .describe("Public keys that signed this sale's draw, also those that sign no more."),
  })
  .openapi("Fairness");
