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
    draw: z
      .object({
        countedAt: instant,
        countsSignature: z.string(),
        chain: z.string(),
        round: count,
        beacon: z
          .string()
          .nullable()
          .describe("The round's signature; null: no relay gave it in time, and it did not count."),
      })
      .optional()
      .describe("How a lottery's first cohort was drawn; absent where no beacon was to decide."),
    signature: z
      .string()
      .optional()
      .describe("Of the other members, by the gate; see docs/fairness.md. Absent like `closedAt`."),
  })
  .openapi("CohortManifest");

export const countsDocument = z
  .object({
    sale: z.string(),
    lane: z.string(),
    k: count,
    base: count,
    counts: z.array(count),
    countedAt: instant,
    chain: z.string().describe("The hash of the beacon's chain."),
    round: count.describe("The round that decides: the first one a second after `countedAt`."),
    signature: z.string().describe("Of the other members, by the gate; see docs/fairness.md."),
  })
  .openapi("CohortCounts");

export const fairnessDocument = z
  .object({
    sale: z.string(),
    commitment: z.string(),
    algorithm: z.string(),
    beacon: z
      .object({
        chain: z.string().describe("The chain's hash, which follows from the members below."),
        id: z.string(),
        publicKey: z.string(),
        groupHash: z.string(),
        genesis_s: count,
        period_s: count,
        wait_s: count.describe("After a round's time, before the draw goes on without it."),
      })
      .nullable()
      .describe("Whose rounds decide first cohorts; null: the secret alone decides."),
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
