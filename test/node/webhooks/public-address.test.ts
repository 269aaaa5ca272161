/**
 * Which addresses a webhook may be sent to: by number, by URL, and by the addresses of a name. The
 * resolver is a stub that answers as a real one may.
 */
import { afterEach, describe, expect, test, vi } from "vitest";
import { WEBHOOK_URL_LENGTH_MAX } from "../../../src/domain/limits.ts";
import { checkAddress, isPublicAddress } from "../../../src/webhooks/public-address.ts";

afterEach(() => vi.restoreAllMocks());

describe("by number", () => {
  test.each([
    "8.8.8.8",
    "1.1.1.1",
    "93.184.215.14",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "169.253.0.1",
    "223.255.255.254",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80e::200e",
  ])("%s is public", (address) => expect(isPublicAddress(address)).toBe(true));

  test.each([
    ["this network", "0.0.0.0"],
    ["this network", "0.1.2.3"],
    ["private", "10.0.0.1"],
    ["private", "172.16.0.1"],
    ["private", "172.31.255.255"],
    ["private", "192.168.1.1"],
    ["shared by carriers", "100.64.0.1"],
    ["shared by carriers", "100.127.255.255"],
    ["loopback", "127.0.0.1"],
    ["loopback", "127.255.255.255"],
    ["link-local, with the clouds' metadata", "169.254.169.254"],
    ["protocol assignments", "192.0.0.1"],
    ["documentation", "192.0.2.1"],
    ["documentation", "198.51.100.7"],
    ["documentation", "203.0.113.9"],
    ["benchmarking", "198.18.0.1"],
    ["6to4 relays", "192.88.99.1"],
    ["multicast", "224.0.0.1"],
    ["reserved", "240.0.0.1"],
    ["broadcast", "255.255.255.255"],
    ["unspecified", "::"],
    ["loopback", "::1"],
    ["IPv4-mapped", "::ffff:127.0.0.1"],
    ["IPv4-mapped", "::ffff:8.8.8.8"],
    ["IPv4-compatible", "::7f00:1"],
    ["link-local", "fe80::1"],
    ["site-local", "fec0::1"],
    ["unique-local", "fc00::1"],
    ["unique-local", "fd12:3456:789a::1"],
    ["multicast", "ff02::1"],
    ["NAT64", "64:ff9b::7f00:1"],
    ["6to4", "2002:7f00:1::"],
    ["Teredo", "2001:0:53aa:64c::1"],
    ["documentation", "2001:db8::1"],
    ["documentation", "3fff::1"],
    ["discard", "100::1"],
    ["not given out", "4000::1"],
    ["with a zone", "fe80::1%eth0"],
    ["no address", "shop.example"],
    ["no address", "127.1"],
    ["no address", "0177.0.0.1"],
    ["no address", ""],
  ])("%s is not public: %s", (_, address) => expect(isPublicAddress(address)).toBe(false));
});

const RULES = { allowPrivate: false, resolver: "https://dns.example/dns-query" };
const PUBLIC_A = { Status: 0, Answer: [{ name: "x", type: 1, TTL: 60, data: "93.184.215.14" }] };
const NOTHING = { Status: 0 };

/** The answers for A and AAAA; a text is sent unchanged. */
function resolver(a: unknown, aaaa: unknown = NOTHING, status = 200): string[] {
  const queries: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const url = new URL(input instanceof Request ? input.url : input);
    queries.push(url.href);
    const body = url.searchParams.get("type") === "A" ? a : aaaa;
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
  });
  return queries;
}

const answer = (type: number, ...data: readonly string[]) => ({
  Status: 0,
  Answer: data.map((text) => ({ name: "x", type, TTL: 60, data: text })),
});

describe("by URL", () => {
  test.each([
    ["http://shop.example/hooks", "must be https"],
    ["ftp://shop.example/", "must be https"],
    ["javascript:alert(1)", "must be https"],
    ["https://user@shop.example/", "must not contain a password"],
    ["https://:pw@shop.example/", "must not contain a password"],
    ["https://shop.example/#x", "must not contain a fragment"],
    ["https://8.8.8.8/", "must name a host"],
    ["https://127.0.0.1/", "must name a host"],
    ["https://2130706433/", "must name a host"],
    ["https://0x7f.1/", "must name a host"],
    ["https://0177.0.0.1/", "must name a host"],
    ["https://[::1]/", "must name a host"],
    ["https://[::ffff:127.0.0.1]/", "must name a host"],
    ["https://localhost/", "must name a public host"],
    ["https://localhost./", "must name a public host"],
    ["https://x.localhost/", "must name a public host"],
    ["https://printer/", "must name a public host"],
    ["https://db.internal/", "must name a public host"],
    ["https://nas.local/", "must name a public host"],
    ["shop.example", "is not a URL"],
    ["", "is not a URL"],
    [`https://shop.example/${"x".repeat(WEBHOOK_URL_LENGTH_MAX)}`, "is too long"],
  ])("%s is refused without a look-up: %s", async (url, why) => {
    const queries = resolver(PUBLIC_A);
    expect(await checkAddress(url, RULES)).toEqual({ kind: "refused", why });
    expect(queries).toEqual([]);
  });

  test("for local use every URL of http or https is allowed, without a look-up", async () => {
    const queries = resolver(PUBLIC_A);
    const rules = { ...RULES, allowPrivate: true };
    for (const url of ["http://127.0.0.1:9/x", "https://localhost/", "http://[::1]/"]) {
      expect(await checkAddress(url, rules)).toEqual({ kind: "public" });
    }
    expect(await checkAddress("file:///etc/passwd", rules)).toMatchObject({ kind: "refused" });
    expect(queries).toEqual([]);
  });
});

describe("by name", () => {
  const URL_OF_SHOP = "https://hooks.shop.example:8443/sluice?x=1";

  test("one with public addresses only is public", async () => {
    const queries = resolver(PUBLIC_A, answer(28, "2606:4700:4700::1111"));
    expect(await checkAddress(URL_OF_SHOP, RULES)).toEqual({ kind: "public" });
    expect(queries).toEqual([
      "https://dns.example/dns-query?name=hooks.shop.example&type=A",
      "https://dns.example/dns-query?name=hooks.shop.example&type=AAAA",
    ]);
  });

  test("an alias is not an address, but its target is", async () => {
    const aliased = {
      Status: 0,
      Answer: [...answer(5, "x.cdn.example.").Answer, ...PUBLIC_A.Answer],
    };
    resolver(aliased);
    expect(await checkAddress(URL_OF_SHOP, RULES)).toEqual({ kind: "public" });
  });

  test.each([
    ["a private one", answer(1, "10.1.2.3"), NOTHING, "leads to 10.1.2.3, which is not public"],
    [
      "a private one beside a public one",
      answer(1, "93.184.215.14", "127.0.0.1"),
      NOTHING,
      "leads to 127.0.0.1, which is not public",
    ],
    [
      "a private one by IPv6 alone",
      PUBLIC_A,
      answer(28, "fd00::1"),
      "leads to fd00::1, which is not public",
    ],
    [
      "a mapped one",
      PUBLIC_A,
      answer(28, "::ffff:10.0.0.1"),
      "leads to ::ffff:10.0.0.1, which is not public",
    ],
    [
      "what is no address",
      answer(1, "shop.example"),
      NOTHING,
      "leads to shop.example, which is not public",
    ],
    ["nothing", NOTHING, NOTHING, "names a host that has no address"],
    [
      "nothing, because it does not exist",
      { Status: 3 },
      { Status: 3 },
      "names a host that has no address",
    ],
  ])("one that leads to %s is refused", async (_, a, aaaa, why) => {
    resolver(a, aaaa);
    expect(await checkAddress(URL_OF_SHOP, RULES)).toEqual({ kind: "refused", why });
  });

  test.each([
    ["a server failure", { Status: 2 }, NOTHING, 200],
    ["a refusal for the second question", PUBLIC_A, { Status: 5 }, 200],
    ["a truncated answer", { ...PUBLIC_A, TC: true }, NOTHING, 200],
    ["no JSON", "<html>", NOTHING, 200],
    ["another shape", { status: "ok" }, NOTHING, 200],
    ["too long a list", answer(1, ...Array.from({ length: 101 }, () => "8.8.8.8")), NOTHING, 200],
    ["an error", PUBLIC_A, NOTHING, 500],
    ["a redirect", PUBLIC_A, NOTHING, 302],
  ])("with %s as the answer it is unknown, and so not called", async (_, a, aaaa, status) => {
    resolver(a, aaaa, status);
    expect(await checkAddress(URL_OF_SHOP, RULES)).toMatchObject({ kind: "unknown" });
  });

  test("without a resolver it is unknown", async () => {
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("fetch failed"));
    expect(await checkAddress(URL_OF_SHOP, RULES)).toMatchObject({ kind: "unknown" });
  });
});
