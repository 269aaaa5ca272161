/** The readers of the rows of discount codes, apart from the platform (docs/stored-shapes.md). */
import { z } from "zod";
import { discountRuleSchema } from "../../src/domain/discounts/rule.ts";
import { storedReader } from "../../src/encoding/stored-reader.ts";

/** Of these rows; both keep what they do not know. */
export const DISCOUNT_READERS = {
  rule: storedReader(discountRuleSchema),
  standing: storedReader(
    z.discriminatedUnion("state", [
      z.object({
        state: z.enum(["reserved", "kept"]),
        code: z.int(),
        taken: z.object({
          hash: z.string(),
          hint: z.string(),
          revision: z.int(),
          rule: discountRuleSchema,
        }),
        buyers: z.array(z.string()),
      }),
      z.object({ state: z.literal("given_back") }),
    ]),
  ),
};
