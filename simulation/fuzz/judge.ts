/**
 * The rules that every answer and every log line must keep, for all inputs.
 */
import { z } from "zod";
import { parseJson } from "../../src/encoding/json.ts";
import type { LogEntry } from "../host/host.ts";
import { costOf, isMerchants, tooDear } from "./costs.ts";
import type { Ground } from "./ground.ts";
import { ORIGIN_HEADER } from "./guarded-origin.ts";
import type { Input } from "./input.ts";
import type { Answered, Reply } from "./send.ts";

export const RULES = [
  "no answer of 500 or more",
  "an answer, or a closed connection for invalid HTTP",
  "invalid input is refused",
  "a refusal is a problem document with a known code",
  "an answer is as the OpenAPI document declares",
  "an invalid field is named",
  "no secret in an answer",
  "no error in a log",
  "no secret, token or email address in a log",
  "no cookie for what nobody asked for",
  "stored data is unchanged",
  "no guarded path without an admission",
  "no gate-only header from a client",
  "no guarded page to any server of the shop",
  "a request calls a bounded number of objects and stores",
  "no cookie of the gate at the shop",
  "no header at the shop that overrides the request",
  "the own cookie admits, and nothing that looks like it",
  "no address with the Host of a request",
] as const;
export type Rule = (typeof RULES)[number];

export interface Broken {
  readonly rule: Rule;
  readonly what: string;
}

const SHOWN_CHARACTERS = 200;

/** An answer of the runtime's HTTP server itself, before any Worker. */
function isOfRuntime({ status, text }: Answered): boolean {
  return (status === 400 || status === 431 || status === 501) && text.startsWith("ERROR: ");
}

/** An answer of the shop behind the gate, which reports its own faults. */
function isOfOrigin({ headers }: Answered): boolean {
  return headers.includes(ORIGIN_HEADER);
}

export function judgeReply(
  input: Input,
  reply: Reply,
  { problems, hidden, contract }: Ground,
): Broken | null {
  const { expect, request, field, noCookie } = input;
  if (reply.kind !== "answered") {
    if (request.kind === "raw") return null;
    return { rule: "an answer, or a closed connection for invalid HTTP", what: reply.why };
  }
  const target = request.kind === "raw" ? "" : `${request.target} → `;
  const exchange = target + shown(reply);
  const secret = secretIn(`${reply.headers} ${reply.text}`, hidden);
  if (secret !== null) return { rule: "no secret in an answer", what: `${secret}: ${exchange}` };
  if (noCookie === true && reply.headers.includes('"set-cookie"')) {
    return { rule: "no cookie for what nobody asked for", what: exchange };
  }
  if (input.arrives !== undefined && input.arrives !== isOfOrigin(reply)) {
    return { rule: "the own cookie admits, and nothing that looks like it", what: exchange };
  }
  if (input.without !== undefined && `${reply.headers} ${reply.text}`.includes(input.without)) {
    return { rule: "no address with the Host of a request", what: exchange };
  }
  const dear = dearness(input, reply);
  if (dear !== null) {
    const rule = "a request calls a bounded number of objects and stores";
    return { rule, what: `${dear}: ${exchange}` };
  }
  if (isOfOrigin(reply)) return null;
  if (request.kind === "raw" && isOfRuntime(reply)) return null;
  if (reply.status >= 500) return { rule: "no answer of 500 or more", what: exchange };
  if (expect === "refused" && reply.status < 400) {
    return { rule: "invalid input is refused", what: exchange };
  }
  if (field !== undefined && !isNamed(field, reply)) {
    return { rule: "an invalid field is named", what: `${field}: ${exchange}` };
  }
  const why = problemFault(request, reply, problems);
  if (why !== null) {
    return {
      rule: "a refusal is a problem document with a known code",
      what: `${why}: ${exchange}`,
    };
  }
  // From http to https, before any operation.
  if (request.kind === "raw" || reply.status === 308) return null;
  const { status, type, text } = reply;
  const answered = { status, type, body: parseJson(text) };
  const fault = contract.faultIn(request.method, request.target, answered);
  if (fault === null) return null;
  return { rule: "an answer is as the OpenAPI document declares", what: fault };
}

function dearness(input: Input, reply: Answered): string | null {
  const cost = input.request.kind === "raw" || isMerchants(input) ? null : costOf(reply);
  return cost === null ? null : tooDear(cost);
}

function shown({ status, type, text }: Answered): string {
  return `${status} ${type} ${text.slice(0, SHOWN_CHARACTERS)}`;
}

export function secretIn(text: string, hidden: Ground["hidden"]): string | null {
  for (const [name, secret] of hidden) if (text.includes(secret)) return name;
  return null;
}

const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
});

const namingSchema = z.object({ errors: z.array(z.object({ path: z.string() })) });

/** True when the answer names the field or one inside it. */
function isNamed(field: string, { status, text }: Answered): boolean {
  const { data } = namingSchema.safeParse(parseJson(text));
  const isOf = (path: string): boolean => path === field || path.startsWith(`${field}.`);
  return status === 422 && data !== undefined && data.errors.some(({ path }) => isOf(path));
}

/**
 * Returns what is wrong with a refusal, or null. Pages and guarded paths of the shop may answer
 * with a page, and the answer to a HEAD has no body.
 */
function problemFault(
  request: Input["request"],
  { status, type, text }: Answered,
  problems: Ground["problems"],
): string | null {
  if (status < 400 || request.kind === "raw" || request.method === "HEAD") return null;
  if (isPage(request.target) && type.startsWith("text/html")) return null;
  if (isAsset(request.target)) return null;
  // At a guarded path an app gets the problem document in the media type that it requested.
  const isForApp = isPage(request.target) && type.startsWith("application/json");
  if (type !== "application/problem+json" && !isForApp) return "no problem document";
  const problem = problemSchema.safeParse(parseJson(text));
  if (!problem.success) return "not RFC 9457";
  const known = problems.get(problem.data.code);
  if (known === undefined) return "an unknown code";
  return known === status && problem.data.status === status ? null : "not the status of its code";
}

/** Also checks the path as written, because to the gate a backslash is not a slash. */
function isPage(target: string): boolean {
  return [target, pathOf(target)].some((path) => {
    return path.startsWith("/_sluice/shop") || !path.startsWith("/_sluice");
  });
}

/** The platform serves these files and itself answers for missing ones. */
function isAsset(target: string): boolean {
  return [target, pathOf(target)].some((path) => path.replaceAll(/\/+/g, "/").includes("/assets/"));
}

/** The path as a server reads it: dots are resolved and characters decoded. */
function pathOf(target: string): string {
  const path = URL.parse(`http://gate.invalid${target}`)?.pathname ?? "";
  return path.replaceAll(/%[2-7][0-9a-f]/gi, (code) => decodeURIComponent(code));
}

/** A JWT, or at least its first two parts. */
const TOKEN = /eyJ[\w-]{8,}\.[\w-]{8,}/;
const ADDRESS = /[\w.+-]+@[\w-]+\.(example|com)/;

export function judgeLog({ level, message }: LogEntry, hidden: Ground["hidden"]): Broken | null {
  const what = `${level}: ${message.slice(0, SHOWN_CHARACTERS)}`;
  const leaked = secretIn(message, hidden);
  if (leaked !== null) {
    // Only the secret's name, so that the report does not leak it too.
    return { rule: "no secret, token or email address in a log", what: leaked };
  }
  if (TOKEN.test(message) || ADDRESS.test(message)) {
    return { rule: "no secret, token or email address in a log", what };
  }
  return level === "error" ? { rule: "no error in a log", what } : null;
}
