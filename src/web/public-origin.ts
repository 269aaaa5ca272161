/**
 * The origin that addresses of Sluice begin with: in answers, mails, receipts, redirects and the
 * payment provider's return address.
 *
 * Guarantee: where `PUBLIC_ORIGINS` lists origins, an address never follows the `Host` of a request
 * that names another one. Without the variable it is the request's own origin, which is safe where
 * only the deployment's own names lead to the Worker, as at Cloudflare.
 */
import { readPublicOrigins } from "../domain/readiness/public-origins.ts";

interface Listed {
  readonly PUBLIC_ORIGINS?: string;
}

let remembered: { readonly text: string; readonly origins: readonly string[] } = {
  text: "",
  origins: [],
};

/** Parsed once per isolate and value. What is no origin is left out; the readiness names it. */
function publicOriginsOf({ PUBLIC_ORIGINS: text = "" }: Listed): readonly string[] {
  if (remembered.text !== text) remembered = { text, ...readPublicOrigins(text) };
  return remembered.origins;
}

/** The request's own origin if it is listed, else the first that is. */
export function publicOrigin(url: string, env: Listed): string {
  return oneOf(publicOriginsOf(env), new URL(url).origin);
}

/** The same by https, for a request that came without. */
export function publicHttpsOrigin(url: string, env: Listed): string {
  const secure = publicOriginsOf(env).filter((origin) => origin.startsWith("https:"));
  return oneOf(secure, new URL(url.replace(/^http:/, "https:")).origin);
}

function oneOf(origins: readonly string[], own: string): string {
  const [first = own] = origins;
  return origins.includes(own) ? own : first;
}
