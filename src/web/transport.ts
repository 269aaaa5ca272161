/**
 * How a request came: by https, by plain http at a public name, or on this machine. And the headers
 * of every answer of Sluice's own that follow from it.
 *
 * Guarantee: the shop's answers get none of these headers. At localhost, in private networks and
 * behind a proxy that says `X-Forwarded-Proto: https`, plain http is served as it is.
 */
import { targetOf } from "../domain/guards/url.ts";
import { publicHttpsOrigin } from "./public-origin.ts";

/** Names of this machine and addresses of private networks (RFC 1918, RFC 6762). */
const LOCAL: readonly RegExp[] = [
  /^(.+\.)?localhost$/,
  /^.+\.local$/,
  /^\[::1\]$/,
  /^(127|10)(\.\d+){3}$/,
  /^(192\.168|172\.(1[6-9]|2\d|3[01]))(\.\d+){2}$/,
];

function isLocal(hostname: string): boolean {
  return LOCAL.some((pattern) => pattern.test(hostname));
}

/** By plain http at a public name: browsers refuse Sluice's cookies there, which are `Secure`. */
export function isInsecure({ url, headers }: Request): boolean {
  if (!url.startsWith("http:")) return false;
  return !isLocal(new URL(url).hostname) && headers.get("X-Forwarded-Proto") !== "https";
}

/** To the same address by https, at a public origin; only for requests without a body. */
export function redirectToHttps(
  { url }: Request,
  env: { readonly PUBLIC_ORIGINS?: string },
): Response {
  const Location = publicHttpsOrigin(url, env) + targetOf(url);
  const headers = { Location, "Cache-Control": "no-store" };
  return new Response(null, { status: 308, headers });
}

const YEAR_S = 365 * 24 * 60 * 60;

/** Of an answer whose headers can be changed. */
export function addOwnHeaders(headers: Headers, url: string): void {
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  if (url.startsWith("https:")) headers.set("Strict-Transport-Security", `max-age=${YEAR_S}`);
}
