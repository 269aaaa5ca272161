/**
 * The network that an IP address belongs to, because one client has many addresses: a home line or
 * a rented server has a whole /64 of IPv6, and a /48 is as easy to get. What counts clients counts
 * them by these names.
 *
 * Guarantee: every spelling of an address has the same name, and an IPv4 address that is written as
 * IPv6 (mapped, RFC 4291; translated, RFC 6052 and 7915; 6to4, RFC 3056) is that IPv4 address. A
 * text that is no address is a network of its own. Pure.
 *
 * Weak: many people can share a network (an office, a mobile provider's NAT), and one client can
 * have many (a botnet, a proxy service).
 */
import ipaddr from "ipaddr.js";

/** Cloudflare's Pseudo IPv4 makes an address of this class from the hash of an IPv6 /64. */
const PSEUDO_IPV4_FIRST_OCTET = 240;

/**
 * What one household or one server has: the IPv4 address (`192.0.2.1`), or the first four groups of
 * an IPv6 address (`2001:db8:0:1`), its /64.
 */
export function networkOf(address: string): string {
  const parts = partsOf(address);
  return parts === null ? address : nameOf(parts, 4);
}

/**
 * What a provider hands out in one piece: the first three octets of an IPv4 address (`192.0.2`),
 * its /24, or the first three groups of an IPv6 address (`2001:db8:0`), its /48.
 */
export function networkBlockOf(address: string): string {
  const parts = partsOf(address);
  if (parts === null) return address;
  // The neighbours of a hash are strangers.
  const isHash = parts.kind === "ipv4" && (parts.numbers[0] ?? 0) >= PSEUDO_IPV4_FIRST_OCTET;
  return nameOf(parts, isHash ? 4 : 3);
}

/** The machine's own address: of a request that came over no network, as in a local run. */
export function isLoopback(address: string): boolean {
  const parts = partsOf(address);
  if (parts === null) return false;
  if (parts.kind === "ipv4") return parts.numbers[0] === 127;
  return parts.numbers.every((group, index) => group === (index === 7 ? 1 : 0));
}

interface Parts {
  readonly kind: "ipv4" | "ipv6";
  /** Four octets, or eight groups of 16 bits. */
  readonly numbers: readonly number[];
}

function nameOf({ kind, numbers }: Parts, count: number): string {
  const first = numbers.slice(0, count);
  if (kind === "ipv4") return first.join(".");
  return first.map((group) => group.toString(16)).join(":");
}

function partsOf(text: string): Parts | null {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return { kind: "ipv4", numbers: ipaddr.IPv4.parse(text).octets };
  }
  if (!ipaddr.IPv6.isValid(text)) return null;
  const address = ipaddr.IPv6.parse(text);
  switch (address.range()) {
    case "ipv4Mapped":
    case "rfc6145":
    case "rfc6052":
      return { kind: "ipv4", numbers: address.toByteArray().slice(12) };
    case "6to4":
      return { kind: "ipv4", numbers: address.toByteArray().slice(2, 6) };
    default:
      return { kind: "ipv6", numbers: address.parts };
  }
}
