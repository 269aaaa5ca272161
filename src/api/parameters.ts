/**
 * Parameters in paths and queries, each described with an example, as the OpenAPI document needs
 * them.
 */
import { z } from "@hono/zod-openapi";
import { saleIdSchema } from "../domain/sale/sale.ts";

export const EXAMPLE_ORDER_ID = "ord_8f14e45fceea167a5a36dedd4bea2543f9b1c0d7";
export const EXAMPLE_ENDPOINT_ID = "whe_0cc175b9c0f1b6a831c399e269772661";
export const EXAMPLE_DELIVERY_ID = "whd_92eb5ffee6ae2fec3ad71c777531578f";

/** A shopper's idempotency key. */
export const EXAMPLE_KEY = "4f1c9be0-2c5f-4e0a-9d53-7a1b8e6d20c4";
/** Details of the problem `idempotency_key_guessable`. */
export const GUESSABLE_KEY = {
  errors: [
    {
      path: "Idempotency-Key",
      message:
        "can be guessed: send a random UUID, as crypto.randomUUID() makes it, 32 random " +
        "hexadecimal digits, or 22 random characters of base64url",
    },
  ],
} as const;

export function inPath<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  example: z.input<Schema>,
): Schema {
  return schema.openapi({ param: { description, example, required: true } });
}

/** A parameter that may be left out. */
export function inQuery<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  example: z.input<Schema>,
): z.ZodOptional<Schema> {
  return schema.optional().openapi({ param: { description, example } });
}

/**
 * A whole number in an address: digits only, because `Number` would also read an empty text as 0
 * and `1e2` as 100. Its type is given because the document cannot derive it.
 */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  const written = { type: "integer", minimum: min, maximum: max } as const;
  const digits = (text: unknown): unknown => {
    return typeof text === "string" && /^\d{1,16}$/.test(text) ? Number(text) : text;
  };
  return z.preprocess(digits, z.int("is not a whole number").min(min).max(max)).openapi(written);
}

export const saleParameter = z.object({ sale: inPath(saleIdSchema, "The sale's id.", "air-two") });
export const saleInQuery = inQuery(saleIdSchema, "Only of this sale.", "air-two");

export const orderParameter = z.object({
  id: inPath(z.string().max(64), "The order's id.", EXAMPLE_ORDER_ID),
});
export const orderKeyQuery = z.object({
  key: inQuery(z.string().max(100), "The key in the order's status URL.", "3sOq1vXf0yAqkq1R"),
});

export const cohortParameters = saleParameter.extend({
  lane: inPath(saleIdSchema, "The lane; every sale has `general`.", "general"),
  k: inPath(wholeNumber(0, 0xffffffff), "The cohort's number in its lane.", 0),
});

export const deadLetterParameter = z.object({
  id: inPath(z.string().max(100), "The dead letter's id.", "dl_1"),
});

/** Lists go page by page: `next` of one page is `after` of the page that follows. */
export const paging = {
  next: "Pass as `after` for the next page; null at the end.",
  limit: { param: { description: "Rows in a page.", example: 100 } },
  after: (example: string | number) => {
    return { param: { description: "`next` of the page before.", example } };
  },
};
