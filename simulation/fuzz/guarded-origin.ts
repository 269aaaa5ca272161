/**
 * The shop behind the gate under test: checks whether each request was allowed to reach it.
 *
 * Guarantee: it shares no code with the gate for reading paths. It reads them like an origin that
 * decodes up to three times, merges slashes, resolves dots or leaves them, ignores parameters and
 * case, and obeys headers that override the path or the method. A request that is guarded by any of
 * these readings must have a valid admission, and that is the only Sluice header that may arrive.
 */
import { createServer, type IncomingMessage } from "node:http";
import { posix } from "node:path";
import { unescape } from "node:querystring";
import { z } from "zod";
import { LOOPBACK } from "../host/ports.ts";
import { GUARDED_FOLDERS } from "./names.ts";

type OriginRule = "no guarded path without an admission" | "no gate-only header from a client";

interface OriginFault {
  readonly rule: OriginRule;
  /** The number of the input; null when the request does not have it. */
  readonly number: number | null;
  readonly what: string;
}

export interface GuardedOrigin {
  readonly url: string;
  /** Faults since the list was last emptied. */
  readonly faults: OriginFault[];
  /** The number of requests with a valid admission. */
  readonly admitted: () => number;
  /** Sets the valid admissions. */
  readonly trust: (admissions: readonly string[]) => void;
  readonly stop: () => Promise<void>;
}

/** Has the input's number, so that a fault can be traced to its input. */
export const NUMBER_HEADER = "x-fuzz-number";
/** Marks the origin's answers, to which the rules for the gate's answers do not apply. */
export const ORIGIN_HEADER = "x-fuzz-origin";

const DECODINGS = 3;
const METHOD_HEADERS = new Set(["x-http-method-override", "x-http-method", "x-method-override"]);
const PATH_HEADERS = new Set(["x-original-url", "x-rewrite-url"]);

type Headers = readonly (readonly [name: string, value: string])[];

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  return rawHeaders.flatMap((name, at) => {
    return at % 2 === 0 ? [[name.toLowerCase(), rawHeaders[at + 1] ?? ""] as const] : [];
  });
}

function isInFolder(path: string): boolean {
  return Object.values(GUARDED_FOLDERS).some((folder) =>
    path.toLowerCase().startsWith(`${folder}/`),
  );
}

function isGuardedPath(target: string): boolean {
  let path = target.split(/[?#]/)[0] ?? "";
  for (let round = 0; round <= DECODINGS; round += 1) {
    for (const text of [path, path.replaceAll(/;[^/\\]*/g, "")]) {
      const slashed = `/${text.replaceAll("\\", "/")}/`;
      const readings = [posix.normalize(slashed), slashed.replaceAll(/\/+/g, "/")];
      if (readings.some(isInFolder)) return true;
    }
    path = unescape(path);
  }
  return false;
}

function isGuarded({ method = "", url = "" }: IncomingMessage, headers: Headers): boolean {
  const valuesOf = (names: ReadonlySet<string>): string[] => {
    return headers.flatMap(([name, value]) => (names.has(name) ? [value] : []));
  };
  const methods = [method, ...valuesOf(METHOD_HEADERS)].map((name) => name.trim().toUpperCase());
  if (methods.every((name) => name === "OPTIONS")) return false;
  return [url, ...valuesOf(PATH_HEADERS)].some(isGuardedPath);
}

export async function startGuardedOrigin(): Promise<GuardedOrigin> {
  const faults: OriginFault[] = [];
  let valid: ReadonlySet<string> = new Set();
  let admitted = 0;
  const judge = (request: IncomingMessage): void => {
    const headers = headersOf(request);
    const sluiceHeaders = headers.filter(([name]) => name.startsWith("sluice-"));
    const isAdmitted = sluiceHeaders.some(([name, value]) => {
      return name === "sluice-admission" && valid.has(value);
    });
    if (isAdmitted) admitted += 1;
    const number = Number(headers.find(([name]) => name === NUMBER_HEADER)?.[1] ?? Number.NaN);
    const report = (rule: OriginRule, what: string): void => {
      faults.push({ rule, what, number: Number.isNaN(number) ? null : number });
    };
    if (!isAdmitted && isGuarded(request, headers)) {
      report("no guarded path without an admission", `${request.method} ${request.url}`);
    }
    for (const [name, value] of sluiceHeaders) {
      if (name === "sluice-admission" && valid.has(value)) continue;
      report("no gate-only header from a client", name);
    }
  };
  const server = createServer((request, response) => {
    judge(request);
    request.on("error", () => response.destroy());
    request.resume().on("end", () => {
      response.writeHead(200, { [ORIGIN_HEADER]: "1", "content-type": "text/plain" });
      response.end("the shop");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  return {
    url: `http://${LOOPBACK}:${port}`,
    faults,
    admitted: () => admitted,
    trust: (admissions) => {
      valid = new Set(admissions);
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
