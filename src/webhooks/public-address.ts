/**
 * Checks that a URL leads to the public Internet, because otherwise a webhook could reach internal
 * services (server-side request forgery).
 *
 * Guarantee: a URL that passes is https and contains a host name whose addresses were all public at
 * the time of the look-up. A failed look-up does not pass.
 *
 * Weak: a Worker cannot choose the address it connects to, so a name may resolve to another one a
 * moment later (DNS rebinding). Requests of Workers leave from Cloudflare's network and reach no
 * private network of a merchant or an operator, unless the operator has connected it.
 *
 * Names are looked up over HTTPS, with answers in the JSON format of Cloudflare's resolver:
 * https://developers.cloudflare.com/1.1.1.1/encryption/dns-over-https/make-api-requests/
 */
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { DNS_ANSWERS_MAX, DNS_TIMEOUT_MS, WEBHOOK_URL_LENGTH_MAX } from "../domain/limits.ts";

export interface AddressRules {
  /** True only for local use: allows http, literal addresses and private addresses. */
  readonly allowPrivate: boolean;
  /** The URL of a DNS-over-HTTPS resolver with JSON answers. */
  readonly resolver: string;
}

export interface AddressEnv {
  readonly WEBHOOKS_ALLOW_PRIVATE: string;
  readonly DNS_OVER_HTTPS_URL: string;
}

export function addressRules(env: AddressEnv): AddressRules {
  return {
    allowPrivate: env.WEBHOOKS_ALLOW_PRIVATE === "on",
    resolver: env.DNS_OVER_HTTPS_URL,
  };
}

export type AddressOutcome =
  | { readonly kind: "public" }
  /** `why` completes a sentence that begins with "the address". */
  | { readonly kind: "refused"; readonly why: string }
  /** The look-up failed; a retry may succeed. */
  | { readonly kind: "unknown"; readonly why: string };

const refused = (why: string): AddressOutcome => ({ kind: "refused", why });
const PUBLIC: AddressOutcome = { kind: "public" };

/** Names reserved for the local machine or a local network. */
const LOCAL_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|corp|test|onion|arpa)$/;

/** True for a literal IPv4 or IPv6 address that registries assign for use on the Internet. */
export function isPublicAddress(text: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return ipaddr.IPv4.parse(text).range() === "unicast";
  }
  if (!ipaddr.IPv6.isValid(text) || text.includes("%")) return false;
  const address = ipaddr.IPv6.parse(text);
  // All assigned addresses are in 2000::/3; an IPv4 address embedded in IPv6 is not unicast.
  return address.range() === "unicast" && ((address.parts[0] ?? 0) & 0xe000) === 0x2000;
}

type ReadUrl =
  | { readonly kind: "host"; readonly host: string }
  | Extract<AddressOutcome, { kind: "refused" }>;

/** The checks that need no look-up. */
function readUrl(text: string, allowPrivate: boolean): ReadUrl {
  const bad = (why: string): ReadUrl => ({ kind: "refused", why });
  if (text.length > WEBHOOK_URL_LENGTH_MAX) return bad("is too long");
  const url = URL.parse(text);
  if (url === null) return bad("is not a URL");
  const { protocol, username, password, hash, hostname } = url;
  if (protocol !== "https:" && !(allowPrivate && protocol === "http:")) return bad("must be https");
  if (username !== "" || password !== "") return bad("must not contain a password");
  if (hash !== "") return bad("must not contain a fragment");
  const host = hostname.replace(/\.$/, "");
  if (allowPrivate) return { kind: "host", host };
  // `URL` has normalized the host: 0x7f.1 and 2130706433 have become 127.0.0.1.
  if (host.startsWith("[") || ipaddr.IPv4.isValid(host)) return bad("must name a host");
  if (!host.includes(".") || LOCAL_NAMES.test(host)) return bad("must name a public host");
  return { kind: "host", host };
}

export async function checkAddress(text: string, rules: AddressRules): Promise<AddressOutcome> {
  const read = readUrl(text, rules.allowPrivate);
  if (read.kind === "refused") return read;
  if (rules.allowPrivate) return PUBLIC;
  let addresses = 0;
  // Sequential, so that a try never has two connections open.
  for (const type of ["A", "AAAA"] as const) {
    const answer = await ask(rules.resolver, read.host, type);
    if (answer.kind === "unknown") return answer;
    const bad = answer.addresses.find((address) => !isPublicAddress(address));
    if (bad !== undefined) return refused(`leads to ${bad}, which is not public`);
    addresses += answer.addresses.length;
  }
  return addresses > 0 ? PUBLIC : refused("names a host that has no address");
}

const TYPES = { A: 1, AAAA: 28 } as const;
const NO_ERROR = 0;
const NO_SUCH_NAME = 3;

const answerSchema = z.object({
  Status: z.int(),
  TC: z.boolean().optional(),
  Answer: z
    .array(z.object({ type: z.int(), data: z.string() }))
    .max(DNS_ANSWERS_MAX)
    .default([]),
});

type Addresses =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  | Extract<AddressOutcome, { kind: "unknown" }>;

async function ask(resolver: string, host: string, type: keyof typeof TYPES): Promise<Addresses> {
  const unknown = (why: string): Addresses => ({
    kind: "unknown",
    why: `could not be looked up: ${why}`,
  });
  try {
    const url = new URL(resolver);
    url.searchParams.set("name", host);
    url.searchParams.set("type", type);
    const response = await fetch(url, {
      headers: { accept: "application/dns-json" },
      redirect: "manual",
      signal: AbortSignal.timeout(DNS_TIMEOUT_MS),
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      return unknown(`the resolver answered ${response.status}`);
    }
    const parsed = answerSchema.safeParse(await response.json());
    if (!parsed.success || parsed.data.TC === true) return unknown("the answer is not readable");
    const { Status: status, Answer: answers } = parsed.data;
    if (status !== NO_ERROR && status !== NO_SUCH_NAME) return unknown(`DNS status ${status}`);
    // The list also contains aliases (CNAME) between the name and its addresses.
    const addresses = answers.filter((answer) => answer.type === TYPES[type]);
    return { kind: "addresses", addresses: addresses.map(({ data }) => data) };
  } catch {
    return unknown("the resolver did not answer");
  }
}
