/**
 * A shop behind the gate, for the benchmark: a server that answers with a page of a few kB, a sale
 * that guards it, admitted shoppers, and the rows that request the page.
 *
 * The same server, in the benchmark's own process, is behind the bare proxy and behind the gate, so
 * its cost is the same in both rows. Only the runtime's processor time is compared.
 */
import { createServer } from "node:http";
import { z } from "zod";
import type { GateClient } from "../simulation/crowd/gate-client.ts";
import { failed, askAgain } from "../simulation/crowd/ask-again.ts";
import type { BenchRequest } from "./load.ts";
import { DAY_MS, documentOf, make } from "./sales.ts";
import type { Target } from "./targets.ts";

export interface BenchOrigin {
  readonly port: number;
  stop(): Promise<void>;
}

const PAGE = `<!doctype html><title>A shop</title><p>${"A page of a few kB. ".repeat(200)}</p>`;

export async function startBenchOrigin(): Promise<BenchOrigin> {
  const headers = { "Content-Type": "text/html", "Content-Length": Buffer.byteLength(PAGE) };
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(200, headers).end(PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = z.object({ port: z.int() }).parse(server.address());
  const stop = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return { port, stop };
}

const SALE = "bench-guarded";
const PATH = `/${SALE}/shoes/air-one?size=42`;
const SHOPPERS = 1000;
export const PROXY = "bare fetch proxy";

/** Headers of a browser, so that the gate has realistic ones to examine. */
const BROWSER = {
  accept: "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "accept-language": "en",
  "accept-encoding": "gzip, br",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
  "sec-fetch-dest": "document",
  "sec-fetch-mode": "navigate",
  "sec-fetch-site": "same-origin",
  referer: "https://shop.example/",
};

/** The bare proxy, an unguarded request, and a guarded one of an admitted shopper. */
export async function guardedTargets(gate: GateClient, port: number): Promise<readonly Target[]> {
  const document = documentOf(SALE, -1000, 1, { maxActive: 1_000_000, ratePerMinute: 1_000_000 });
  const admission = { ...document.admission, sessionSeconds: DAY_MS / 1000 };
  const guards = [{ host: "*", path: `/${SALE}/*` }];
  await make(gate, { ...document, items: [], guards, admission });
  const admissions: string[] = [];
  while (admissions.length < SHOPPERS) {
    const joined = await askAgain(() => gate.shopper.join(SALE, {}));
    if (joined.kind !== "answered") throw failed("admitting a shopper", joined);
    if ("admission" in joined.body) admissions.push(joined.body.admission);
  }
  const target = (name: string, side: Target["side"], next: () => BenchRequest): Target => {
    return { name, side, expectedStatus: 200, against: side === "gate" ? [PROXY] : [], next };
  };
  let turn = 0;
  const pageRequest = (path: string): BenchRequest => {
    const admission = `__Host-sluice-admission-${SALE}=${admissions[turn++ % SHOPPERS]}`;
    const cookie = `theme=dark; session=0123456789abcdef; ${admission}`;
    return { method: "GET", path, headers: { ...BROWSER, cookie }, body: null };
  };
  return [
    target(PROXY, "baseline", () => pageRequest(`/proxy/${port}${PATH}`)),
    target("unguarded, through the gate", "gate", () => pageRequest("/open/shoes/air-one?size=42")),
    target("admitted, through the gate", "gate", () => pageRequest(PATH)),
  ];
}
