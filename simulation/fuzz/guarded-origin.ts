/**
 * The shop behind the gate under test: checks whether each request was allowed to reach it.
 *
 * Guarantee: it shares no code with the gate for reading paths. It reads them like an origin that
 * decodes up to three times, merges slashes, resolves dots or leaves them, ignores parameters and
 * case, and obeys headers that override the path or the method. A request that is guarded by any of
 * these readings must have a valid admission, and that is the only Sluice header that may arrive.
 * What arrives without one is also tried on servers as shops run them (`real-servers.ts`).
 */
import { createServer, type IncomingMessage } from "node:http";
import { posix } from "node:path";
import { unescape } from "node:querystring";
import { z } from "zod";
import { LOOPBACK } from "../host/ports.ts";
import { GUARDED_FOLDERS, GUARDED_HOST, GUARDED_PAGE } from "./names.ts";
import type { RealServers } from "./real-servers.ts";

type OriginRule =
  | "no guarded path without an admission"
  | "no gate-only header from a client"
  | "no guarded page to any server of the shop"
  | "no cookie of the gate at the shop"
  | "no header at the shop that overrides the request";

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
  const page = path.toLowerCase().replace(/\/+$/, "");
  if (page === GUARDED_PAGE) return true;
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
  if ([url, ...valuesOf(PATH_HEADERS)].some(isGuardedPath)) return true;
  const [host = ""] = valuesOf(new Set(["x-forwarded-host"]));
  const name = host.toLowerCase().replace(/:\d*$/, "").replace(/\.+$/, "");
  return name === GUARDED_HOST.host && url.startsWith(`${GUARDED_HOST.folder}/`);
}

/** As CGI and WSGI fold names. */
const SLUICE_HEADER = /^sluice[^a-z0-9]/;
const OVERRIDING_KINDS =
  "original|rewrite|override|http.?method|method|script|proxy|request[^a-z0-9]";
const OVERRIDING = new RegExp(`^x[^a-z0-9](${OVERRIDING_KINDS})`);

function fold(name: string): string {
  return name.replaceAll(/[^a-z0-9]/g, "-");
}

export async function startGuardedOrigin(servers: RealServers): Promise<GuardedOrigin> {
  const faults: OriginFault[] = [];
  let valid: ReadonlySet<string> = new Set();
  let admitted = 0;
  const judge = async (request: IncomingMessage): Promise<void> => {
    const headers = headersOf(request);
    const sluiceHeaders = headers.filter(([name]) => SLUICE_HEADER.test(name));
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
    for (const [name, value] of headers) {
      const isGates = name === "cookie" && /(^|;)[ \t]*__Host-sluice-/.test(value);
      if (isGates) report("no cookie of the gate at the shop", value);
      if (OVERRIDING.test(name)) report("no header at the shop that overrides the request", name);
    }
    const hosts = headers.filter(([name]) => fold(name) === "x-forwarded-host");
    if (hosts.length !== 1) {
      report("no header at the shop that overrides the request", JSON.stringify(hosts));
    }
    if (isAdmitted || request.method === "OPTIONS") return;
    const { method, url = "" } = request;
    for (const found of await servers.finding(url)) {
      report("no guarded page to any server of the shop", `${method} ${url}: ${found}`);
    }
  };
  // An idle connection stays open: the gate could send on it while it is closed.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    const judged = judge(request);
    request.on("error", () => response.destroy());
    request.resume().on("end", () => {
      const answer = async (): Promise<void> => {
        await judged;
        response.writeHead(200, { [ORIGIN_HEADER]: "1", "content-type": "text/plain" });
        response.end("the shop");
      };
      void answer();
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
