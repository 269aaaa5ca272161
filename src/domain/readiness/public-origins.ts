/**
 * The setting `PUBLIC_ORIGINS`: the origins at which shoppers reach the gate. Addresses of Sluice
 * begin with one of them, so that no `Host` of a request can choose where they lead.
 */
import { bad, type Check, good } from "./check.ts";

export interface PublicOrigins {
  readonly origins: readonly string[];
  /** What is in the setting and is no origin. */
  readonly unreadable: readonly string[];
}

/** @param text origins, separated by commas or spaces */
export function readPublicOrigins(text: string): PublicOrigins {
  const origins: string[] = [];
  const unreadable: string[] = [];
  for (const item of text.split(/[\s,]+/).filter((part) => part !== "")) {
    const url = URL.parse(item);
    const isOrigin = url !== null && /^https?:$/.test(url.protocol);
    if (isOrigin) origins.push(url.origin);
    else unreadable.push(item);
  }
  return { origins, unreadable };
}

const SET =
  "Set it under [vars] in wrangler.toml, the main name first, and deploy (docs/deploy.md).";

/** @param own the origin at which the readiness was asked for; null where that is not known */
export function publicOriginsCheck(text: string, own: string | null): Check {
  const name = "public_origins";
  const { origins, unreadable } = readPublicOrigins(text);
  if (unreadable.length > 0) {
    const what = unreadable.join(", ");
    const detail = `PUBLIC_ORIGINS has what is no origin such as https://shop.example: ${what}.`;
    return bad(name, "warning", `${detail} ${SET}`);
  }
  if (origins.length === 0) {
    const detail =
      "PUBLIC_ORIGINS is empty: addresses in answers, mails and receipts begin with the host of " +
      "a request. That is safe only where no other name leads to this Worker.";
    return bad(name, "warning", `${detail} ${SET}`);
  }
  if (own !== null && !origins.includes(own)) {
    const detail =
      `PUBLIC_ORIGINS does not list ${own}, which leads to this gate: addresses that it gives ` +
      `there begin with ${origins[0]}.`;
    return bad(name, "info", detail);
  }
  return good(name, `Addresses begin with ${origins.join(" or ")}.`);
}
