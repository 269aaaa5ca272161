/**
 * Inputs that no HTTP client sends: malformed request lines, duplicate headers, contradictory
 * lengths, other protocols. Each has a connection of its own.
 *
 * The runtime's HTTP server answers most of them itself or closes the connection. Those that it
 * accepts as requests only read, or are refused. Left out is what makes the local runtime's server
 * itself fail and log an error, outside any Worker: tunnels (CONNECT), invalid addresses and hosts,
 * invalid lengths and encodings, and chunk sizes that are not numbers. Cloudflare's network lets
 * none of these through.
 */
import type { Random } from "../seeded-random.ts";
import type { Ground } from "./ground.ts";
import { type Made, pick, wholeIn } from "./input.ts";
import { FUZZ_SALES } from "./names.ts";

const { live } = FUZZ_SALES;
const READ = `/_sluice/v1/sales/${live}`;
const HOST = "Host: shop.example\r\n";

const line = (text: string): string => `${text}\r\n${HOST}\r\n`;
const get = (headers: string): string => `GET ${READ} HTTP/1.1\r\n${HOST}${headers}\r\n`;
/** A write that is refused because it has no admission. */
const put = (headers: string, body: string): string => {
  const type = "Content-Type: application/json\r\n";
  return `PUT ${READ}/cart HTTP/1.1\r\n${HOST}${type}${headers}\r\n${body}`;
};

type Raw = readonly [string, (random: Random, ground: Ground) => string | Uint8Array];

const RAW: readonly Raw[] = [
  ["an empty request line", () => line("")],
  ["a request line with only a method", () => line("GET")],
  ["a request line without a version", () => line(`GET ${READ}`)],
  ["HTTP/0.9", () => `GET ${READ}\r\n`],
  ["HTTP/9.9", () => line(`GET ${READ} HTTP/9.9`)],
  ["HTTP/2's connection preface", () => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"],
  ["a TLS hello", () => Buffer.from([0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, 0, 0, 0, 0])],
  ["another protocol", () => "EHLO evil.example\r\nMAIL FROM:<a@b>\r\n"],
  ["a path that begins with two slashes", () => line(`GET //evil.example/_sluice/health HTTP/1.1`)],
  ["a path with a space", () => line(`GET ${READ} /x HTTP/1.1`)],
  ["a path with raw bytes", () => Buffer.from(line(`GET ${READ}/\xff\xfe\x80 HTTP/1.1`), "latin1")],
  ["a path with a null byte", () => line(`GET ${READ}\0 HTTP/1.1`)],
  ["a path with a fragment", () => line(`GET ${READ}#/../admin HTTP/1.1`)],
  ["a path with a backslash", () => line(`GET ${READ}\\..\\admin HTTP/1.1`)],
  [
    "a path that is too long",
    (random) => line(`GET /${"a".repeat(wholeIn(random, 8000, 70_000))} HTTP/1.1`),
  ],
  ["an unknown method", () => line(`EVIL ${READ} HTTP/1.1`)],
  ["a method in lower case", () => line(`get ${READ} HTTP/1.1`)],
  ["a method that is too long", () => line(`${"A".repeat(3000)} ${READ} HTTP/1.1`)],
  ["no host", () => `GET ${READ} HTTP/1.1\r\n\r\n`],
  ["a header without a colon", () => get("Sluice-Ticket\r\n")],
  ["a header with a space before its colon", () => get("Sluice-Ticket : a\r\n")],
  ["a folded header", () => get("Sluice-Ticket: a\r\n b\r\n")],
  ["a header without a name", () => get(": a\r\n")],
  ["a header with a null byte", () => get("Sluice-Ticket: a\0b\r\n")],
  ["a header with a bare carriage return", () => get("Sluice-Ticket: a\rX-Evil: 1\r\n")],
  ["a header with a bare line feed", () => get("Sluice-Ticket: a\nX-Evil: 1\r\n")],
  ["a header of raw bytes", () => Buffer.from(get("Sluice-Ticket: \xff\xfe\r\n"), "latin1")],
  ["a header twice", () => get("Sluice-Ticket: a\r\nSluice-Ticket: b\r\n")],
  ["the authorization header twice", () => get("Authorization: Bearer a\r\nAuthorization: b\r\n")],
  ["too many headers", (random) => get("X-A: b\r\n".repeat(wholeIn(random, 500, 9000)))],
  [
    "a header that is too long",
    (random) => get(`Cookie: ${"a=b; ".repeat(wholeIn(random, 3000, 20_000))}\r\n`),
  ],
  ["a body shorter than its length", () => put("Content-Length: 4000\r\n", "{}")],
  [
    "a length, then chunks",
    () => put("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n{}"),
  ],
  [
    "chunks, then a length",
    () => put("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "2\r\n{}\r\n0\r\n\r\n"),
  ],
  [
    "chunks announced after a tab",
    () => put("Transfer-Encoding:\tchunked\r\n", "2\r\n{}\r\n0\r\n\r\n"),
  ],
  [
    "a chunk of the largest size",
    () => put("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n{}"),
  ],
  ["a truncated chunk", () => put("Transfer-Encoding: chunked\r\n", "20\r\n{}")],
  [
    "a trailer",
    () => put("Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\nAuthorization: Bearer a\r\n\r\n"),
  ],
  [
    "a second request after the body",
    () => {
      return put("Content-Length: 2\r\n", `{}${line("GET /_sluice/smuggled HTTP/1.1")}`);
    },
  ],
  ["a body on a read", () => get("Content-Length: 5\r\n").concat("hello")],
  [
    "an upgrade",
    () => get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"),
  ],
  [
    "an upgrade to HTTP/2",
    () => get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"),
  ],
  [
    "an expectation of 100 Continue",
    () => put("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"),
  ],
  ["an unknown expectation", () => put("Expect: evil\r\nContent-Length: 2\r\n", "{}")],
  [
    "random bytes",
    (random) =>
      Buffer.from(Array.from({ length: wholeIn(random, 1, 600) }, () => wholeIn(random, 0, 255))),
  ],
  ["half a request", (random) => get("").slice(0, wholeIn(random, 1, 30))],
];

export function rawInput(random: Random, ground: Ground): Made {
  const [what, make] = pick(random, RAW);
  const made = make(random, ground);
  const bytes = typeof made === "string" ? Buffer.from(made, "latin1") : made;
  return { what: `raw: ${what}`, expect: "harmless", request: { kind: "raw", bytes } };
}
