/**
 * A merchant's discount codes: import and add, list and export, disable, remove.
 *
 * Guarantee: an import is all or nothing and may be repeated. No answer has a code in plain text.
 */
import {
  codeFaults,
  ruleOf,
  type CodeFault,
  type CodeFields,
} from "../domain/discounts/code-fields.ts";
import { normalizedCode } from "../domain/discounts/rule.ts";
import type { DiscountCode } from "../domain/discounts/uses.ts";
import { DISCOUNT_CODES_PAGE_ROWS_MAX } from "../domain/limits.ts";
import { discountCodesOf } from "../platform/objects.ts";
import { codeFilePart, readCodeFile, type FileFault } from "./discount-file.ts";
import { readSale, type MerchantContext } from "./sales.ts";

export type { DiscountCode };

type SaleNotFound = { readonly kind: "sale_not_found" };
type CodeNotFound = { readonly kind: "discount_code_not_found" };
type TooMany = { readonly kind: "too_many_discount_codes"; readonly limit: number };
type Found = { readonly kind: "code"; readonly code: DiscountCode };

const NOT_FOUND: CodeNotFound = { kind: "discount_code_not_found" };

export type ImportOutcome =
  | {
      readonly kind: "imported";
      readonly created: number;
      readonly changed: number;
      readonly unchanged: number;
    }
  | { readonly kind: "faults"; readonly faults: readonly FileFault[] }
  | TooMany
  | SaleNotFound;

export async function importCodes(
  context: MerchantContext,
  id: string,
  csv: string,
): Promise<ImportOutcome> {
  const found = await readSale(context, id);
  if (found.kind === "sale_not_found") return found;
  const read = readCodeFile(csv, found.sale);
  if (read.kind === "faults") return read;
  const outcome = await discountCodesOf(context.env, id).put(read.codes);
  if (outcome.kind === "too_many_codes") {
    return { kind: "too_many_discount_codes", limit: outcome.limit };
  }
  return { ...outcome, kind: "imported" };
}

export type PutCodeOutcome =
  | { readonly kind: "created" | "changed" | "unchanged"; readonly code: DiscountCode }
  | { readonly kind: "faults"; readonly faults: readonly CodeFault[] }
  | TooMany
  | SaleNotFound;

export async function putCode(
  context: MerchantContext,
  id: string,
  fields: CodeFields,
): Promise<PutCodeOutcome> {
  const found = await readSale(context, id);
  if (found.kind === "sale_not_found") return found;
  const faults = codeFaults(fields, found.sale);
  if (faults.length > 0) return { kind: "faults", faults };
  const code = normalizedCode(fields.code);
  if (code === null) throw new Error("discounts: a code passed its schema that is none");
  const outcome = await discountCodesOf(context.env, id).putOne({ code, rule: ruleOf(fields) });
  if (outcome.kind === "too_many_codes") {
    return { kind: "too_many_discount_codes", limit: outcome.limit };
  }
  const kind = outcome.created > 0 ? "created" : outcome.changed > 0 ? "changed" : "unchanged";
  return { kind, code: outcome.code };
}

export type ListOutcome =
  | { readonly kind: "codes"; readonly codes: readonly DiscountCode[] }
  | SaleNotFound;

export async function listCodes(
  context: MerchantContext,
  id: string,
  page: { readonly after: number; readonly limit: number },
): Promise<ListOutcome> {
  const found = await readSale(context, id);
  if (found.kind === "sale_not_found") return found;
  const codes = await discountCodesOf(context.env, id).list(page.after, page.limit);
  return { kind: "codes", codes };
}

export type ExportOutcome = { readonly kind: "csv"; readonly csv: string } | SaleNotFound;

/** Codes that are added or used meanwhile may be in the file or not. */
export async function exportCodes(context: MerchantContext, id: string): Promise<ExportOutcome> {
  const found = await readSale(context, id);
  if (found.kind === "sale_not_found") return found;
  const stub = discountCodesOf(context.env, id);
  const parts: string[] = [];
  let after = 0;
  for (;;) {
    const codes = await stub.list(after, DISCOUNT_CODES_PAGE_ROWS_MAX);
    parts.push(codeFilePart(codes, parts.length === 0));
    after = codes.at(-1)?.id ?? after;
    if (codes.length < DISCOUNT_CODES_PAGE_ROWS_MAX) return { kind: "csv", csv: parts.join("") };
  }
}

export type CodeOutcome = Found | CodeNotFound | SaleNotFound;

/** One code of a sale, by what the object answers. */
async function codeOf(
  context: MerchantContext,
  id: string,
  ask: (stub: ReturnType<typeof discountCodesOf>) => Promise<DiscountCode | null>,
): Promise<CodeOutcome> {
  const found = await readSale(context, id);
  if (found.kind === "sale_not_found") return found;
  const code = await ask(discountCodesOf(context.env, id));
  return code === null ? NOT_FOUND : { kind: "code", code };
}

export function readCode(context: MerchantContext, id: string, code: number): Promise<CodeOutcome> {
  return codeOf(context, id, async (stub) => stub.read(code));
}

/** @param typed the code in plain text, in upper or lower case */
export function findCode(
  context: MerchantContext,
  id: string,
  typed: string,
): Promise<CodeOutcome> {
  const code = normalizedCode(typed);
  return codeOf(context, id, async (stub) => (code === null ? null : stub.find(code)));
}

export function enableCode(
  context: MerchantContext,
  id: string,
  { code, enabled }: { readonly code: number; readonly enabled: boolean },
): Promise<CodeOutcome> {
  return codeOf(context, id, async (stub) => stub.enable(code, enabled));
}

export type RemoveOutcome =
  | { readonly kind: "removed" }
  | { readonly kind: "discount_code_used"; readonly reserved: number; readonly kept: number }
  | CodeNotFound
  | SaleNotFound;

export async function removeCode(
  context: MerchantContext,
  id: string,
  code: number,
): Promise<RemoveOutcome> {
  const found = await readSale(context, id);
  if (found.kind === "sale_not_found") return found;
  const outcome = await discountCodesOf(context.env, id).remove(code);
  switch (outcome.kind) {
    case "removed":
      return { kind: "removed" };
    case "unknown":
      return NOT_FOUND;
    case "used": {
      const { reserved, kept } = outcome;
      return { kind: "discount_code_used", reserved, kept };
    }
  }
}
