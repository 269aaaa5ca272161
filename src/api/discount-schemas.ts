/**
 * The documents of discount codes as zod schemas: they validate requests, and the OpenAPI document
 * is generated from them.
 */
import { z } from "@hono/zod-openapi";
import { codeFieldsSchema } from "../domain/discounts/code-fields.ts";
import { DISCOUNT_CODES_PAGE_ROWS_MAX } from "../domain/limits.ts";
import { inPath, paging, saleParameter, wholeNumber } from "./parameters.ts";

const count = z.int();
const instant = z.iso.datetime();

/** For operations without query parameters, so that an unknown one is refused. */
export const noQuery = z.strictObject({});

export const discountCodeRequest = codeFieldsSchema.openapi("DiscountCodeRequest");

export const discountCodeSearch = z
  .strictObject({ code: codeFieldsSchema.shape.code })
  .openapi("DiscountCodeSearch");

export const discountCodeChange = z
  .strictObject({ enabled: z.boolean().describe("`false`: refused, as if it were over.") })
  .openapi("DiscountCodeChange");

const { code: _, ...fields } = codeFieldsSchema.shape;

export const discountCodeDocument = z
  .object({
    id: count,
    hint: z.string().describe("Its first two characters and its last; less of a short code."),
    hash: z.string().describe("What is stored instead of the code."),
    enabled: z.boolean(),
    revision: count.describe("Another number whenever what it takes off has changed."),
    ...fields,
    reserved: count.describe("Uses of orders in progress."),
    kept: count.describe("Uses of confirmed orders."),
    createdAt: instant,
    updatedAt: instant,
  })
  .openapi("DiscountCode");

export const discountCodesDocument = z
  .object({
    codes: z.array(discountCodeDocument),
    next: count.nullable().describe(paging.next),
  })
  .openapi("DiscountCodes");

export const discountCodesQuery = z.strictObject({
  after: wholeNumber(0).default(0).openapi(paging.after(0)),
  limit: wholeNumber(1, DISCOUNT_CODES_PAGE_ROWS_MAX).default(100).openapi(paging.limit),
});

export const discountImportDocument = z
  .object({ created: count, changed: count, unchanged: count })
  .openapi("DiscountImport");

export const discountCodeParameters = saleParameter.extend({
  id: inPath(wholeNumber(1), "The code's id.", 7),
});

export const csvText = z.string().openapi({ description: "CSV of RFC 4180 in UTF-8." });
