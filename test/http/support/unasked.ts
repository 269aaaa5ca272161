/**
 * What browsers send to a guarded address for requests that nobody asked for, header by header, and
 * a client that adds nothing of its own.
 */
import { request } from "undici";
import { BROWSER } from "./guarded-shop.ts";
import { connections, type Sluice } from "./sluice.ts";

export const EVIL = "https://evil.example";

export type Sent = Readonly<Record<string, string>>;

/** A body and its media type. */
export interface Form {
  readonly type: string;
  readonly body: string;
}

export interface Got {
  readonly status: number;
  readonly location: string | null;
  readonly type: string;
  readonly text: string;
  readonly vary: string;
  /** `name=value` of each cookie that was set. */
  readonly cookies: readonly string[];
}

/** Not with `fetch`, which sets headers of its own. */
export async function ask(sluice: Sluice, path: string, headers: Sent, form?: Form): Promise<Got> {
  const {
    statusCode,
    headers: answered,
    body,
  } = await request(sluice.host.gateUrl + path, {
    method: form === undefined ? "GET" : "POST",
    headers: { ...headers, ...(form === undefined ? {} : { "content-type": form.type }) },
    body: form?.body ?? null,
    dispatcher: connections,
  });
  const one = (name: string): string | null => [answered[name] ?? []].flat()[0] ?? null;
  return {
    status: statusCode,
    location: one("location"),
    type: one("content-type") ?? "",
    text: await body.text(),
    vary: one("vary") ?? "",
    cookies: [answered["set-cookie"] ?? []].flat().map((line) => line.split(";")[0] ?? ""),
  };
}

/** A page in a window of its own to which another site led. */
export const ARRIVAL = { ...BROWSER, "sec-fetch-site": "cross-site", referer: `${EVIL}/` };
export const FOREIGN_FORM = { ...BROWSER, "sec-fetch-site": "cross-site", origin: EVIL };
export const URLENCODED = { type: "application/x-www-form-urlencoded", body: "PaRes=ok&MD=1" };
const JSON_ONLY = { accept: "application/json" };

/** What browsers send for requests that nobody asked for, at any time. */
export const UNASKED: readonly (readonly [what: string, sent: Sent])[] = [
  [
    "a no-cors fetch of JSON by another site",
    {
      ...JSON_ONLY,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "no-cors",
      "sec-fetch-dest": "empty",
    },
  ],
  [
    "a fetch of JSON by another site",
    {
      ...JSON_ONLY,
      "sec-fetch-site": "cross-site",
      "sec-fetch-mode": "cors",
      "sec-fetch-dest": "empty",
      origin: EVIL,
    },
  ],
  [
    "a fetch of JSON by a subdomain",
    {
      ...JSON_ONLY,
      "sec-fetch-site": "same-site",
      "sec-fetch-mode": "cors",
      "sec-fetch-dest": "empty",
    },
  ],
  ["a fetch of JSON by another site in an old browser", { ...JSON_ONLY, origin: EVIL }],
  ["an image of another site in an old browser", { ...JSON_ONLY, referer: `${EVIL}/page` }],
  ["a frame of another site", { ...ARRIVAL, "sec-fetch-dest": "iframe" }],
  ["an object of another site", { ...ARRIVAL, "sec-fetch-dest": "object" }],
  [
    "a frame of this host",
    { ...BROWSER, "sec-fetch-site": "same-origin", "sec-fetch-dest": "iframe" },
  ],
  [
    "an image",
    {
      accept: "image/*",
      "sec-fetch-site": "same-origin",
      "sec-fetch-mode": "no-cors",
      "sec-fetch-dest": "image",
    },
  ],
  ["a prefetch", { ...BROWSER, "sec-fetch-site": "same-origin", "sec-purpose": "prefetch" }],
  [
    "a prerender",
    { ...BROWSER, "sec-fetch-site": "same-origin", "sec-purpose": "prefetch;prerender" },
  ],
  ["a prefetch of older browsers", { ...BROWSER, purpose: "prefetch" }],
  ["a preview", { ...BROWSER, "x-purpose": "preview" }],
  ["a prefetch of older Firefox", { ...BROWSER, "x-moz": "prefetch" }],
  [
    "JSON of a prerendered page",
    {
      ...JSON_ONLY,
      "sec-fetch-site": "same-origin",
      "sec-fetch-mode": "cors",
      "sec-fetch-dest": "empty",
      "sec-purpose": "prefetch;prerender",
    },
  ],
];
