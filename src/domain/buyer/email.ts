/**
 * E-mail addresses as people have them: which are accepted, and when two are one person's.
 *
 * Accepted is `local@domain` of RFC 5321 with the additions of RFC 6531 for other scripts. The
 * local part is a dot-atom of letters, digits, ``!#$%&'*+-/=?^_`{|}~`` and visible characters
 * beyond ASCII, or a quoted string of ASCII; at most 64 bytes. The domain has two labels or more,
 * written in Unicode or in punycode (IDNA as in UTS 46, by the platform's `URL`), or is an address
 * literal such as `[192.0.2.1]`. Names, comments, several addresses and line breaks are refused, so
 * that an accepted address can be the header of a mail.
 *
 * Not checked is whether the address exists.
 */
import { z } from "zod";
import { EMAIL_LENGTH_MAX } from "../limits.ts";

export const EMAIL_MESSAGE = "Enter an e-mail address such as you@example.com";

const LOCAL_BYTES_MAX = 64;
const LABEL_LENGTH_MAX = 63;
const DOMAIN_LENGTH_MAX = 253;

const ATOM = "[a-z0-9!#$%&'*+/=?^_`{|}~\\-\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}]";
/** Without `"(),.:;<>@[\]`, which `\p{P}` would let in. */
const DOT_ATOM = new RegExp(`^(?!.*["(),:;<>@[\\]\\\\])${ATOM}+$`, "iu");
/**
 * Addresses that differ in these alone look the same, and would be of two buyers. The Braille blank
 * is a symbol to Unicode.
 */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u2800]/u;
/** `"…"` with `\` before any printable character, and before `"` and `\` always. */
const QUOTED = /^"(?:[\x20-!#-[\]-~]|\\[\x20-~])*"$/;
const ADDRESS_LITERAL = /^\[(?:(\d{1,3}(?:\.\d{1,3}){3})|IPv6:([0-9a-f:.]+))\]$/i;
/** ASCII that a host name has; `URL` decides on everything else. */
const HOST = /^(?:[a-z0-9.-]|[\u{80}-\u{10ffff}])+$/iu;
const LABEL = /^(?!-)[a-z0-9-]+(?<!-)$/;
/** The last label: a domain of numbers only would be an address. */
const TOP_LABEL = /^(?=.{2})(?!\d+$)/;

/** The address as it is kept: without surrounding space, in NFC. */
export const emailSchema = z
  .string()
  .trim()
  .normalize("NFC")
  .max(EMAIL_LENGTH_MAX, `Use at most ${EMAIL_LENGTH_MAX} characters`)
  .refine(isEmail, EMAIL_MESSAGE);

function isEmail(address: string): boolean {
  if (INVISIBLE.test(address)) return false;
  const { local, domain } = parts(address);
  const ascii = asciiDomain(domain);
  if (ascii === null || !isLocal(local)) return false;
  return bytesOf(local) <= LOCAL_BYTES_MAX && bytesOf(`${local}@${ascii}`) <= EMAIL_LENGTH_MAX;
}

/**
 * The key by which addresses are compared: of the limit per buyer, and of the search for orders.
 * Applying it again changes nothing. It is not an address to write to.
 *
 * - Unicode NFC, lower case. RFC 5321 lets a server tell cases apart; none that people use does.
 * - The domain in ASCII, so `bücher.example` is `xn--bcher-kva.example`.
 * - Quotes that are not needed are removed: `"ann"@…` is `ann@…`.
 * - The sub-address is removed: `ann+drop@…` is `ann@…`. A `+` at the beginning is no sub-address.
 * - `googlemail.com` is `gmail.com`, and dots in its local parts are removed, as Google does.
 */
export function normalisedEmail(address: string): string {
  const { local, domain } = parts(lowered(address.trim()));
  const host = asciiDomain(domain) ?? domain;
  const canonical = host === "googlemail.com" ? "gmail.com" : host;
  const bare = unquoted(local);
  if (!isDotAtom(bare)) return `${bare}@${canonical}`;
  const plus = bare.indexOf("+", 1);
  const user = plus < 0 ? bare : bare.slice(0, plus);
  if (canonical !== "gmail.com") return `${user}@${canonical}`;
  // A mark after a dot now belongs to the letter before it, so they may compose.
  return `${user.replaceAll(".", "").normalize("NFC")}@${canonical}`;
}

/**
 * The address for a service that takes only ASCII and no quotes: the domain in punycode. Null when
 * the local part needs more, so that the service must be left without an address.
 */
export function asciiEmail(address: string): string | null {
  const { local, domain } = parts(address.trim());
  const bare = unquoted(local);
  const ascii = asciiDomain(domain);
  if (ascii === null || ascii.startsWith("[") || !/^[\x21-\x7e]+$/.test(bare)) return null;
  return isDotAtom(bare) ? `${bare}@${ascii}` : null;
}

/**
 * The address as mail servers take it: the domain in punycode, because every server reads that. A
 * local part outside ASCII stays, because it has no other form, and only servers with SMTPUTF8
 * (RFC 6531) take it. Null for text that is no address.
 */
export function deliverableEmail(address: string): string | null {
  const { local, domain } = parts(address.trim());
  const ascii = asciiDomain(domain);
  return ascii === null || !isLocal(local) ? null : `${unquoted(local)}@${ascii}`;
}

/** The last `@` separates, because a quoted local part may have one. */
function parts(address: string): { readonly local: string; readonly domain: string } {
  const at = address.lastIndexOf("@");
  return { local: address.slice(0, Math.max(at, 0)), domain: address.slice(at + 1) };
}

/** Lower case changes how characters compose, so NFC comes before and after. */
function lowered(text: string): string {
  return text.normalize("NFC").toLowerCase().normalize("NFC");
}

function isLocal(local: string): boolean {
  return isDotAtom(local) || QUOTED.test(local);
}

function isDotAtom(local: string): boolean {
  return DOT_ATOM.test(local) && local.split(".").every((atom) => atom !== "");
}

/** The content of a quoted local part when it needs no quotes, else in its shortest quoted form. */
function unquoted(local: string): string {
  if (!QUOTED.test(local)) return local;
  const content = local.slice(1, -1).replace(/\\(.)/g, "$1");
  if (isDotAtom(content)) return content;
  return `"${content.replace(/["\\]/g, "\\$&")}"`;
}

/** The domain in ASCII and lower case, or null when it is none. */
function asciiDomain(domain: string): string | null {
  if (domain.startsWith("[")) return addressLiteral(domain);
  if (!HOST.test(domain)) return null;
  const host = hostOf(domain);
  if (host === null || host.length > DOMAIN_LENGTH_MAX) return null;
  const labels = host.split(".");
  const top = labels.at(-1) ?? "";
  const isDomain =
    labels.length >= 2 &&
    labels.every((label) => label.length <= LABEL_LENGTH_MAX && LABEL.test(label)) &&
    TOP_LABEL.test(top);
  return isDomain ? host : null;
}

function addressLiteral(domain: string): string | null {
  const [, v4, v6] = ADDRESS_LITERAL.exec(domain) ?? [];
  if (v4 !== undefined) return hostOf(v4) === v4 ? `[${v4}]` : null;
  const host = v6 === undefined ? null : hostOf(`[${v6}]`);
  return host === null ? null : `[ipv6:${host.slice(1)}`;
}

/** As the URL standard has it: UTS 46 without the checks of lengths and hyphens. */
function hostOf(host: string): string | null {
  const url = URL.parse(`http://${host}/`);
  return url === null ? null : url.hostname;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}
