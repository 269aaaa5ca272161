/**
 * How an operation of the API is described and served.
 *
 * Guarantee: the OpenAPI document lists every problem that an operation answers with. The codes of
 * a handler are compared with the declared ones by their types, so one that is missing or never
 * returned does not compile; the codes of the checks before a handler (`api.ts`) are added here.
 */
import {
  createRoute,
  type OpenAPIHono,
  type RouteConfig,
  type RouteHandler,
  z,
} from "@hono/zod-openapi";
import type { GateApp } from "../web/gate-app.ts";
import { SERVER_KEY, SHOPPER_ADDRESS } from "./credentials.ts";
import type { ProblemCode, ProblemResponse } from "./problems.ts";
import { problemResponses, type DescribedResponse } from "./problem-responses.ts";
import type { Tag } from "./tags.ts";
import { onlyParameters, onlyWellFormed } from "./validation.ts";

/**
 * Who calls an operation, and so what is checked before its handler: `public` is served before the
 * secrets are read, `signed` is called by a payment provider, with a body that must stay as it is.
 */
type Audience = "public" | "shopper" | "merchant" | "signed";

type Asked = NonNullable<RouteConfig["request"]>;
type Security = NonNullable<RouteConfig["security"]>;

/** A header that a handler reads itself. */
type HeaderParameter = {
  readonly name: string;
  readonly in: "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: {
    readonly type: "string";
    readonly minLength?: number;
    readonly maxLength?: number;
    readonly pattern?: string;
  };
  readonly example: string;
};

interface Described<Request extends Asked, Code extends ProblemCode> {
  readonly method: "get" | "put" | "post" | "patch" | "delete";
  readonly path: string;
  /** A verb and a noun; clients are generated with methods of this name. */
  readonly id: string;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  /** Without it: the merchant's token for a merchant's operation, else none. */
  readonly security?: Security;
  /** Headers that the handler reads itself, so that a bad one has a code of its own. */
  readonly parameters?: readonly HeaderParameter[];
  /** Validated before the handler. */
  readonly request?: Request;
  /** Described only: the handler reads the body itself. */
  readonly requestBody?: NonNullable<RouteConfig["requestBody"]>;
  readonly success: Readonly<Record<number, DescribedResponse>>;
  /** Of the handler itself; those of the checks before it are added. */
  readonly problems: readonly Code[];
}

type Route<Request extends Asked> = Omit<RouteConfig, "request"> & { request: Request };
type HandlerContext<Request extends Asked> = Parameters<RouteHandler<Route<Request>, GateApp>>[0];

/** A success, or a problem of these codes. */
type Answer<Code extends ProblemCode> = Response & { readonly problem?: Code };
type CodeOf<Given> = Given extends ProblemResponse<infer Code> ? Code : never;
/** What no response has, when a declared code is in none of them. */
type Complete<Code, Given> = [Exclude<Code, CodeOf<Given>>] extends [never]
  ? unknown
  : { readonly declaredAndNeverAnswered: Exclude<Code, CodeOf<Given>> };

/** Headers of a shop's server, at every operation of a shopper. */
const OF_SERVERS: readonly HeaderParameter[] = [SERVER_KEY, SHOPPER_ADDRESS];

const ADMIN: Security = [{ adminToken: [] }];

/** Of what `api.ts` and the wiring check before a handler, and of a handler that throws. */
function codesOfChecks(
  audience: Audience,
  { method, request = {} }: Pick<Described<Asked, ProblemCode>, "method" | "request">,
): ProblemCode[] {
  if (audience === "public") return [];
  const isWrite = method !== "get";
  const checks: readonly (readonly [applies: boolean, ...codes: ProblemCode[]])[] = [
    [true, "not_configured", "internal_error", "stored_unreadable"],
    [audience === "merchant", "unauthorized"],
    [isWrite, "body_too_large", "body_incomplete"],
    [isWrite && audience !== "signed", "unsupported_media_type"],
    [isWrite && audience === "shopper", "origin_mismatch", "not_shown_yet", "rate_limited"],
    [audience === "shopper", "server_key_invalid", "rate_limited"],
    [request.body !== undefined, "malformed_json"],
    [audience !== "signed", "invalid_request"],
  ];
  return checks.flatMap(([applies, ...codes]) => (applies ? codes : []));
}

export function describe<Request extends Asked, Code extends ProblemCode>(
  audience: Audience,
  described: Described<Request, Code>,
) {
  const { id, tag, success, problems, security, request, parameters = [], ...rest } = described;
  const codes = [...codesOfChecks(audience, described), ...problems];
  const responses: { [status: string]: DescribedResponse } = {
    ...success,
    ...problemResponses(codes),
  };
  return createRoute({
    ...rest,
    parameters: audience === "shopper" ? [...parameters, ...OF_SERVERS] : [...parameters],
    request: request ?? {},
    operationId: id,
    tags: [tag],
    security: security ?? (audience === "merchant" ? ADMIN : []),
    responses,
  });
}

function queryNames({ request }: Described<Asked, ProblemCode>): ReadonlySet<string> {
  const query = request?.query;
  return new Set(query instanceof z.ZodObject ? Object.keys(query.shape) : []);
}

/** Gives a function that adds an operation to a group of routes. */
export function operationsOf(app: OpenAPIHono<GateApp>, audience: Audience) {
  return <Code extends ProblemCode, Given extends Answer<Code>, Request extends Asked>(
    described: Described<Request, Code>,
    handler: (c: HandlerContext<Request>) => Promise<Given & Complete<Code, Given>>,
  ): void => {
    const parameters = onlyParameters(queryNames(described));
    const hasBody = described.request?.body !== undefined;
    const middleware = hasBody ? [parameters, onlyWellFormed()] : [parameters];
    app.openapi({ ...describe(audience, described), middleware }, handler);
  };
}

/** A successful response with a document. */
export function json<Schema extends z.ZodType>(
  description: string,
  schema: Schema,
  example: z.input<Schema>,
): DescribedResponse {
  return { description, content: { "application/json": { schema, example } } };
}

/** A successful response without a body. */
export function empty(description: string): DescribedResponse {
  return { description };
}

/** A body that must be there. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>) {
  return { body: { required: true, content: { "application/json": { schema, example } } } };
}

/** A body that may be left out; then it is an empty object. */
export function optionalJsonBody<Schema extends z.ZodType>(
  schema: Schema,
  example: z.input<Schema>,
) {
  return { body: { required: false, content: { "application/json": { schema, example } } } };
}
