/**
 * Problems as the OpenAPI document describes them: a response for each status, whose schema lists
 * exactly the codes an operation can answer with, each with an example made from the table of
 * problems.
 *
 * Plain objects and not zod schemas: problems are never parsed here, and an isolate that starts
 * should not build some hundred schemas that only the document needs.
 */
import type { RouteConfig } from "@hono/zod-openapi";
import { problemAnswer, PROBLEMS, type ProblemCode } from "./problems.ts";

/** A response that is described in its place. */
export type DescribedResponse = Exclude<RouteConfig["responses"][string], { $ref: string }>;

const text = { type: "string" } as const;
const whole = { type: "integer" } as const;
const instant = { type: "string", format: "date-time" } as const;
const component = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const units = (description: string) => ({ ...whole, description });

const SKU = { ...text, description: "The SKU concerned." };
const PROOF = {
  type: "object",
  description: "The proof this sale requires.",
  properties: { kind: { ...text, enum: ["altcha", "turnstile"] }, challengeUrl: text },
  required: ["kind"],
} as const;
const REASON = { ...text, description: "Why, as a stable code." };

type Schema = Readonly<Record<string, unknown>>;

/** What a problem has beyond the members of RFC 9457, `code` and `errors`. */
const MEMBERS: { readonly [Code in ProblemCode]?: Readonly<Record<string, Schema>> } = {
  sale_not_open: { opensAt: { ...instant, description: "When joining becomes possible." } },
  not_called: { standing: component("Status") },
  pass_invalid: { reason: REASON },
  proof_required: { proof: PROOF },
  proof_invalid: { proof: PROOF, reason: REASON },
  proof_unavailable: { proof: PROOF },
  sold_out: { sku: SKU, available: units("Units that can still be had.") },
  stock_unavailable: { sku: SKU },
  limit_reached: {
    sku: SKU,
    limit: units("Units one buyer may have."),
    taken: units("Units this buyer already has."),
  },
  unpaid_limit_reached: {
    sku: SKU,
    limit: units("Unpaid units that the shopper or the network may have."),
    taken: units("Unpaid units that it has in other carts and orders."),
  },
  cooling_off: { sku: SKU, until: { ...instant, description: "When units can be held again." } },
  price_changed: { quote: component("Quote") },
  discount_refused: { reason: REASON },
  too_many_declines: { declines: whole },
  delivery_unknown: {
    deliveryOptions: {
      type: "array",
      description: "What the country has to choose from.",
      items: { type: "object", properties: { id: text, name: text, price: whole } },
    },
  },
  total_unpayable: { total: units("The total, in minor units.") },
  order_unavailable: { part: { ...text, description: "The part that did not answer." } },
  order_in_progress: { order: { ...text, description: "The id of the order in progress." } },
  refund_too_large: { left: units("What can still be refunded, in minor units.") },
  restock_too_many: { sku: SKU, left: units("Units that can still go back on sale.") },
  not_available: { available: units("Units that are available.") },
  not_enough: { available: { type: ["integer", "null"], description: "Units that Redis has." } },
  redis_key_unusable: { reason: REASON },
  movement_conflict: { earlier: component("Movement") },
  change_unconfirmed: {
    confirm: {
      type: "object",
      description: "Query parameters that confirm the change.",
      properties: { force: text, revision: whole },
      required: ["force", "revision"],
    },
  },
  transfer_conflict: { earlier: component("EarlierTransfer") },
};

export const RETRY_AFTER = { $ref: "#/components/headers/Retry-After" };

const HEADERS: Readonly<Record<number, Readonly<Record<string, { $ref: string }>>>> = {
  401: { "WWW-Authenticate": { $ref: "#/components/headers/WWW-Authenticate" } },
  429: { "Retry-After": RETRY_AFTER },
  503: { "Retry-After": RETRY_AFTER },
};

/** The headers that responses refer to. */
export const HEADER_COMPONENTS = {
  "Retry-After": {
    description: "Seconds to wait before the request is repeated.",
    schema: { type: "integer" },
    example: 2,
  },
  "WWW-Authenticate": {
    description: "How the request must be authenticated.",
    schema: { type: "string" },
    example: "Bearer",
  },
} as const;

function responseTo(status: number, codes: readonly ProblemCode[]) {
  const members = Object.fromEntries(codes.flatMap((code) => Object.entries(MEMBERS[code] ?? {})));
  const properties = {
    status: { ...whole, const: status },
    code: { ...text, enum: [...codes] },
    ...members,
  };
  const refined = { type: "object" as const, properties, required: ["status", "code"] };
  const described = codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`);
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]);
  const headers = HEADERS[status];
  return {
    description: described.join(" "),
    ...(headers === undefined ? {} : { headers }),
    content: {
      "application/problem+json": {
        schema: { allOf: [component("Problem"), refined] },
        examples: Object.fromEntries(examples),
      },
    },
  };
}

/** A status with one code has the same response everywhere, so it is a component. */
function responseOrReference(status: number, codes: readonly ProblemCode[]): DescribedResponse {
  const [code] = codes;
  if (code === undefined || codes.length > 1) return responseTo(status, codes);
  const reference: { $ref: string; description?: string } = {
    $ref: `#/components/responses/${code}`,
  };
  return reference;
}

/** @param codes in any order; a code that is there twice counts once */
export function problemResponses(
  codes: readonly ProblemCode[],
): Readonly<Record<string, DescribedResponse>> {
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEMS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, some]) => [status, responseOrReference(status, some.toSorted())]),
  );
}

const isCode = (name: string): name is ProblemCode => Object.hasOwn(PROBLEMS, name);

/** The codes that a part of the document refers to as components of a kind. */
function codesIn(part: unknown, kind: "responses" | "examples"): ProblemCode[] {
  const references = JSON.stringify(part).matchAll(/"#\/components\/(\w+)\/(\w+)"/g);
  const names = [...references].flatMap(([, of, name = ""]) => (of === kind ? [name] : []));
  return [...new Set(names)].filter(isCode).toSorted();
}

/** The components that the paths of a document refer to; codes in no operation are left out. */
export function problemComponents(paths: unknown) {
  const responses = Object.fromEntries(
    codesIn(paths, "responses").map((code) => [code, responseTo(PROBLEMS[code].status, [code])]),
  );
  const examples = Object.fromEntries(
    codesIn([paths, responses], "examples").map((code) => {
      return [code, { summary: PROBLEMS[code].title, value: problemAnswer(code).body }];
    }),
  );
  return { responses, examples };
}
