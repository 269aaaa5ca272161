/**
 * The merchant's routes for discount codes. All need the admin token, which the wiring checks
 * before a request gets here. No answer has a code in plain text, and no address either, because
 * addresses are logged.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { fieldsOf } from "../domain/discounts/code-fields.ts";
import { DISCOUNT_CODES_PER_SALE_MAX, DISCOUNT_IMPORT_ROWS_MAX } from "../domain/limits.ts";
import * as discounts from "../merchant/discounts.ts";
import type { GateApp, GateRequest } from "../web/gate-app.ts";
import * as documents from "./discount-schemas.ts";
import * as examples from "./merchant-examples.ts";
import { merchantOf } from "./merchant-routes.ts";
import { empty, json, jsonBody, operationsOf } from "./operation.ts";
import { saleParameter } from "./parameters.ts";
import { problem, type FieldError } from "./problems.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantDiscountRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantDiscountRoutes, "merchant");

const CODES = "/sales/{sale}/discount-codes";

function codeOf(code: discounts.DiscountCode) {
  const { id, hint, hash, enabled, revision, rule, reserved, kept } = code;
  return {
    id,
    hint,
    hash,
    enabled,
    revision,
    ...fieldsOf(rule),
    reserved,
    kept,
    createdAt: timeOf(code.createdAt_ms),
    updatedAt: timeOf(code.updatedAt_ms),
  };
}

function tooMany(c: GateRequest) {
  const detail = `At most ${DISCOUNT_CODES_PER_SALE_MAX} a sale.`;
  return problem(c, "too_many_discount_codes", { detail });
}

function invalid(c: GateRequest, errors: readonly FieldError[]) {
  return problem(c, "invalid_request", { detail: "Nothing was changed.", errors });
}

operation(
  {
    method: "post",
    path: CODES,
    id: "putDiscountCode",
    tag: "Discounts",
    summary: "Add a discount code, or change its rule",
    description:
      "The same code again changes its rule; uses stay counted, and a disabled code stays " +
      "disabled. The code itself is not stored: keep it.",
    request: {
      params: saleParameter,
      query: documents.noQuery,
      ...jsonBody(documents.discountCodeRequest, examples.discountCodeRequest),
    },
    success: {
      200: json("Changed, or the same.", documents.discountCodeDocument, examples.discountCode),
      201: json("Added.", documents.discountCodeDocument, examples.discountCode),
    },
    problems: ["invalid_request", "too_many_discount_codes", "sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const outcome = await discounts.putCode(merchantOf(c), sale, c.req.valid("json"));
    switch (outcome.kind) {
      case "created":
        return c.json(codeOf(outcome.code), 201);
      case "changed":
      case "unchanged":
        return c.json(codeOf(outcome.code), 200);
      case "faults":
        return invalid(
          c,
          outcome.faults.map(({ field, message }) => ({ path: field, message })),
        );
      case "too_many_discount_codes":
        return tooMany(c);
      case "sale_not_found":
        return problem(c, "sale_not_found");
    }
  },
);

operation(
  {
    method: "get",
    path: CODES,
    id: "listDiscountCodes",
    tag: "Discounts",
    summary: "List the discount codes of a sale with their uses",
    description: "By hint and hash: the codes themselves are not stored.",
    request: { params: saleParameter, query: documents.discountCodesQuery },
    success: {
      200: json("A page of codes.", documents.discountCodesDocument, {
        codes: [examples.discountCode],
        next: null,
      }),
    },
    problems: ["sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const page = c.req.valid("query");
    const outcome = await discounts.listCodes(merchantOf(c), sale, page);
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    const { codes } = outcome;
    const next = codes.length === page.limit ? (codes.at(-1)?.id ?? null) : null;
    return c.json({ codes: codes.map(codeOf), next }, 200);
  },
);

operation(
  {
    method: "post",
    path: `${CODES}/import`,
    id: "importDiscountCodes",
    tag: "Discounts",
    summary: "Add or change discount codes from a CSV file",
    description:
      `All or none, up to ${DISCOUNT_IMPORT_ROWS_MAX} codes. The columns are those of the ` +
      "example, in any order; code, kind and value must be there. An empty cell sets no limit, " +
      "SKUs are separated by spaces. The same file again changes nothing.",
    request: { params: saleParameter, query: documents.noQuery },
    requestBody: {
      required: true,
      content: { "text/csv": { schema: { type: "string" }, example: examples.discountFile } },
    },
    success: {
      200: json("Imported.", documents.discountImportDocument, examples.discountImport),
    },
    problems: ["invalid_request", "too_many_discount_codes", "sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const csv = utf8(await c.req.arrayBuffer());
    if (csv === null) return invalid(c, [{ path: "file", message: "is not UTF-8" }]);
    const outcome = await discounts.importCodes(merchantOf(c), sale, csv);
    switch (outcome.kind) {
      case "imported": {
        const { created, changed, unchanged } = outcome;
        return c.json({ created, changed, unchanged }, 200);
      }
      case "faults":
        return invalid(c, outcome.faults);
      case "too_many_discount_codes":
        return tooMany(c);
      case "sale_not_found":
        return problem(c, "sale_not_found");
    }
  },
);

/** Null for bytes that are not UTF-8, such as a file in the encoding of an old spreadsheet. */
function utf8(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

operation(
  {
    method: "get",
    path: `${CODES}/export`,
    id: "exportDiscountCodes",
    tag: "Discounts",
    summary: "Export the discount codes of a sale with their uses as CSV",
    description:
      "By hint and hash: the codes themselves are not stored. No cell is a formula to a " +
      "spreadsheet: a text that begins like one has an apostrophe before it.",
    request: { params: saleParameter, query: documents.noQuery },
    success: {
      200: {
        description: "The file.",
        content: { "text/csv": { schema: documents.csvText, example: examples.discountExport } },
      },
    },
    problems: ["sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const outcome = await discounts.exportCodes(merchantOf(c), sale);
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    return c.body(outcome.csv, 200, {
      "Content-Type": "text/csv; charset=utf-8",
      "Content-Disposition": `attachment; filename="discount-codes-${sale}.csv"`,
    });
  },
);

operation(
  {
    method: "post",
    path: `${CODES}/find`,
    id: "findDiscountCode",
    tag: "Discounts",
    summary: "Find a discount code by the code itself",
    description: "In the body, because addresses are logged.",
    request: {
      params: saleParameter,
      query: documents.noQuery,
      ...jsonBody(documents.discountCodeSearch, { code: "friends-10" }),
    },
    success: { 200: json("It.", documents.discountCodeDocument, examples.discountCode) },
    problems: ["discount_code_not_found", "sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const outcome = await discounts.findCode(merchantOf(c), sale, c.req.valid("json").code);
    return outcome.kind === "code" ? c.json(codeOf(outcome.code), 200) : problem(c, outcome.kind);
  },
);

operation(
  {
    method: "get",
    path: `${CODES}/{id}`,
    id: "getDiscountCode",
    tag: "Discounts",
    summary: "Get one discount code",
    description: "Its rule and its uses.",
    request: { params: documents.discountCodeParameters, query: documents.noQuery },
    success: { 200: json("It.", documents.discountCodeDocument, examples.discountCode) },
    problems: ["discount_code_not_found", "sale_not_found"],
  },
  async (c) => {
    const { sale, id } = c.req.valid("param");
    const outcome = await discounts.readCode(merchantOf(c), sale, id);
    return outcome.kind === "code" ? c.json(codeOf(outcome.code), 200) : problem(c, outcome.kind);
  },
);

operation(
  {
    method: "patch",
    path: `${CODES}/{id}`,
    id: "updateDiscountCode",
    tag: "Discounts",
    summary: "Disable a discount code, or enable it again",
    description: "Orders that have it keep it. Its rule is changed by adding the code again.",
    request: {
      params: documents.discountCodeParameters,
      query: documents.noQuery,
      ...jsonBody(documents.discountCodeChange, { enabled: false }),
    },
    success: {
      200: json("Changed.", documents.discountCodeDocument, {
        ...examples.discountCode,
        enabled: false,
      }),
    },
    problems: ["discount_code_not_found", "sale_not_found"],
  },
  async (c) => {
    const { sale, id } = c.req.valid("param");
    const change = { code: id, enabled: c.req.valid("json").enabled };
    const outcome = await discounts.enableCode(merchantOf(c), sale, change);
    return outcome.kind === "code" ? c.json(codeOf(outcome.code), 200) : problem(c, outcome.kind);
  },
);

operation(
  {
    method: "delete",
    path: `${CODES}/{id}`,
    id: "deleteDiscountCode",
    tag: "Discounts",
    summary: "Delete a discount code that has no uses",
    description: "One that has uses can be disabled: added again it would count from zero.",
    request: { params: documents.discountCodeParameters, query: documents.noQuery },
    success: { 204: empty("Deleted.") },
    problems: ["discount_code_not_found", "discount_code_used", "sale_not_found"],
  },
  async (c) => {
    const { sale, id } = c.req.valid("param");
    const outcome = await discounts.removeCode(merchantOf(c), sale, id);
    switch (outcome.kind) {
      case "removed":
        return c.body(null, 204);
      case "discount_code_used": {
        const { reserved, kept } = outcome;
        const detail = `${reserved} uses reserved, ${kept} kept.`;
        return problem(c, outcome.kind, { detail });
      }
      case "discount_code_not_found":
      case "sale_not_found":
        return problem(c, outcome.kind);
    }
  },
);
