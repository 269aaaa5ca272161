/**
 * Shared by tests of the gate in front of a shop: a guarded sale, a line that advances only with
 * `makeRoom`, and a client that keeps its cookies.
 */
import { request } from "undici";
import { makeSale, type Sluice } from "./sluice.ts";

/** The two folders of the shop that the sale guards: pages and an API. */
export async function makeGuardedSale(
  sluice: Sluice,
  id: string,
  change: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const guards = [
    { host: "*", path: `/${id}/*` },
    { host: "*", path: `/api/${id}/*` },
  ];
  await makeSale(sluice, id, { guards, ...change });
}

/**
 * One shopper is let in, and nobody else before `makeRoom`. Waiting shoppers poll at the latest
 * after half the claim window.
 */
export const FULL = {
  admission: { ratePerMinute: 1_000_000, maxActive: 1, overcall: 1000, claimWindowSeconds: 16 },
};

export async function fill(sluice: Sluice, sale: string): Promise<void> {
  await sluice.shopper("POST", `/sales/${sale}/tickets`);
}

export async function makeRoom(sluice: Sluice, sale: string): Promise<void> {
  await sluice.merchant("PATCH", `/sales/${sale}/admission`, { maxActive: 1000 });
}

/** Not `fetch`, which adds headers that mark the request as no page navigation. */
export async function send(url: string, headers: Readonly<Record<string, string>>) {
  const { statusCode, headers: answered, body } = await request(url, { headers });
  const lines = Object.entries(answered).flatMap(([name, value = []]) => {
    return [value].flat().map((line): [string, string] => [name, line]);
  });
  return { url, status: statusCode, headers: new Headers(lines), text: await body.text() };
}

/** Keeps cookies like a browser or an app's cookie store, and sends its own headers. */
export class Client {
  readonly cookies = new Map<string, string>();
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(base: string, headers: Readonly<Record<string, string>>) {
    this.#base = base;
    this.#headers = headers;
  }

  async get(target: string) {
    const url = new URL(target, this.#base).href;
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const headers = { ...this.#headers, ...(cookie === "" ? {} : { cookie }) };
    const answer = await send(url, headers);
    for (const line of answer.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const at = pair.indexOf("=");
      this.cookies.set(pair.slice(0, at), pair.slice(at + 1));
      if (/max-age=0/i.test(line)) this.cookies.delete(pair.slice(0, at));
    }
    return answer;
  }

  /** Follows redirects within the gate; returns the addresses on the way. */
  async follow(target: string) {
    const way: string[] = [];
    let next = target;
    for (let step = 0; step < 10; step += 1) {
      const answer = await this.get(next);
      way.push(answer.url);
      const location = answer.headers.get("location");
      if (location === null) return { ...answer, way, leftTo: null };
      const target = new URL(location, answer.url).href;
      if (!target.startsWith(this.#base)) return { ...answer, way, leftTo: target };
      next = target;
    }
    throw new Error(`went round in circles: ${way.join(" ")}`);
  }
}

export const BROWSER = {
  accept: "text/html",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
};
