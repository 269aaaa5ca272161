/**
 * Compares answers with the OpenAPI document: the operation must declare the status and the problem
 * code, and the body must be as its schema says. Every answer that an HTTP test or the fuzz run
 * gets is compared, so they show at the same time that the document is true.
 *
 * Not for addresses that belong to no operation.
 */
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { z } from "zod";
import { openApiDocument } from "../../scripts/openapi-document.ts";

interface Body {
  readonly type: string | null;
  readonly body: unknown;
}

interface Answered extends Body {
  readonly status: number;
}

const referenceSchema = z.object({ $ref: z.string() });
const responseSchema = z.object({ content: z.record(z.string(), z.unknown()).default({}) });
const operationSchema = z.object({
  operationId: z.string(),
  responses: z.record(z.string(), z.union([referenceSchema, responseSchema])),
});
type Response = z.output<typeof operationSchema>["responses"][string];
const documentSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.looseObject({ responses: z.record(z.string(), responseSchema) }),
});

const BASE = "/_sluice";
/** How JSON pointers write the separators of a path. */
const pointer = (...parts: readonly string[]) =>
  parts.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

export class Contract {
  private readonly document: z.output<typeof documentSchema>;
  private readonly ajv = new Ajv2020({ strict: false, validateFormats: false });
  private readonly compiled = new Map<string, ValidateFunction>();
  private readonly patterns: readonly (readonly [RegExp, string])[];

  constructor(json: string) {
    const document: unknown = JSON.parse(json);
    this.document = documentSchema.parse(document);
    this.ajv.addSchema(z.looseObject({}).parse(document), "openapi");
    this.patterns = Object.keys(this.document.paths).map((path) => {
      const escaped = path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+");
      return [new RegExp(`^${BASE}${escaped}$`), path] as const;
    });
  }

  /** Why the operation at this address does not declare such an answer; null when it does. */
  faultIn(method: string, address: string, answered: Answered): string | null {
    const [pathname = ""] = address.split("?");
    // A path in disguise (`/x/../`, `%2e`) is no operation's, whatever a parser makes of it.
    if (URL.parse(`http://localhost${address}`)?.pathname !== pathname) return null;
    const path = this.patterns.find(([pattern]) => pattern.test(pathname))?.[1];
    const verb = method.toLowerCase();
    const operation = path === undefined ? undefined : this.document.paths[path]?.[verb];
    if (path === undefined || operation === undefined) return null;
    const { status, body } = answered;
    const found = operation.responses[String(status)];
    const place = pointer("paths", path, verb, "responses", String(status));
    const fault =
      found === undefined ? "the status is not declared" : this.faultOf(found, place, answered);
    if (fault === null) return null;
    return `${operation.operationId} answered ${status} ${JSON.stringify(body)}: ${fault}`;
  }

  private faultOf(found: Response, place: string, { type, body }: Body): string | null {
    if ("$ref" in found) {
      const { $ref } = found;
      return this.faultOf(this.component($ref), $ref.slice(1), { type, body });
    }
    const media = type?.split(";")[0] ?? "";
    const types = Object.keys(found.content);
    if (types.length === 0 && !isJson(media)) return null;
    if (!types.includes(media)) return `the type ${type} is not declared`;
    // Of a body that is no JSON only the type is compared.
    if (!isJson(media)) return null;
    const validate = this.validatorAt(place + pointer("content", media, "schema"));
    return validate(body) ? null : this.ajv.errorsText(validate.errors);
  }

  private component(reference: string): Response {
    const name = reference.slice(reference.lastIndexOf("/") + 1);
    const response = this.document.components.responses[name];
    if (response === undefined) throw new Error(`the OpenAPI document has no ${reference}`);
    return response;
  }

  private validatorAt(place: string): ValidateFunction {
    const known = this.compiled.get(place);
    if (known !== undefined) return known;
    const validate = this.ajv.compile({ $ref: `openapi#${encodeURI(place)}` });
    this.compiled.set(place, validate);
    return validate;
  }
}

/** Not lines of JSON, `application/x-ndjson`. */
function isJson(media: string): boolean {
  return /[/+]json$/.test(media);
}

let contract: Promise<Contract> | null = null;

/** One for all test files of a process: generating it takes a second. */
export function loadContract(): Promise<Contract> {
  contract ??= openApiDocument().then((json) => new Contract(json));
  return contract;
}
