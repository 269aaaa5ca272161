/**
 * The shop behind the gate that is fuzzed: says of every request whether it should have come.
 *
 * Guarantee: it reads paths by means of its own, none of them the gate's: as an origin that
 * decodes up to three times, merges slashes, resolves dots or leaves them, drops parameters and
 * case, and obeys headers that name another path or method. What is guarded by any of these
 * readings may come with an admission that is known to be good, and no header of the gate's may
 * come but that one.
 */
import { createServer, type IncomingMessage } from "node:http";
import { posix } from "node:path";
import { unescape } from "node:querystring";
import { z } from "zod";
import { LOOPBACK } from "../host/ports.ts";
import { GUARDED_FOLDERS } from "./names.ts";

type OriginRule =
  | "no guarded path without an admission"
  | "no header of the gate's own from a client";

interface OriginFault {
  readonly rule: OriginRule;
  /** Of the input that it came from; null when that did not say its number. */
  readonly number: number | null;
  readonly what: string;
}

export interface GuardedOrigin {
  readonly url: string;
  /** Since it was last emptied. */
  readonly faults: OriginFault[];
  /** How many requests came with a good admission. */
  readonly admitted: () => number;
  /** From then on these admissions are good ones. */
  readonly trust: (admissions: readonly string[]) => void;
  readonly stop: () => Promise<void>;
}

/** Carries the input's number, so that a fault has a name. */
export const NUMBER_HEADER = "x-fuzz-number";
/** In every answer of the origin's, which are its own business. */
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
  const said = (names: ReadonlySet<string>): string[] => {
    return headers.flatMap(([name, value]) => (names.has(name) ? [value] : []));
  };
  const methods = [method, ...said(METHOD_HEADERS)].map((name) => name.trim().toUpperCase());
  if (methods.every((name) => name === "OPTIONS")) return false;
  return [url, ...said(PATH_HEADERS)].some(isGuardedPath);
}

export async function startGuardedOrigin(): Promise<GuardedOrigin> {
  const faults: OriginFault[] = [];
  let good: ReadonlySet<string> = new Set();
  let admitted = 0;
  const judge = (request: IncomingMessage): void => {
    const headers = headersOf(request);
    const ours = headers.filter(([name]) => name.startsWith("sluice-"));
    const isAdmitted = ours.some(([name, value]) => {
      return name === "sluice-admission" && good.has(value);
    });
    if (isAdmitted) admitted += 1;
    const number = Number(headers.find(([name]) => name === NUMBER_HEADER)?.[1] ?? Number.NaN);
    const blame = (rule: OriginRule, what: string): void => {
      faults.push({ rule, what, number: Number.isNaN(number) ? null : number });
    };
    if (!isAdmitted && isGuarded(request, headers)) {
      blame("no guarded path without an admission", `${request.method} ${request.url}`);
    }
    for (const [name, value] of ours) {
      if (name === "sluice-admission" && good.has(value)) continue;
      blame("no header of the gate's own from a client", name);
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
      good = new Set(admissions);
    },
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
