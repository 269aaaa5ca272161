/**
 * Which addresses a webhook may be sent to: by number, by URL, and by what a name resolves to. The
 * resolver is a stub; what it answers is what a resolver may answer.
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

/** Answers for A, and for AAAA; a text is sent as it is. */
function resolver(a: unknown, aaaa: unknown = NOTHING, status = 200): string[] {
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const url = new URL(input instanceof Request ? input.url : input);
    asked.push(url.href);
    const said = url.searchParams.get("type") === "A" ? a : aaaa;
    return new Response(typeof said === "string" ? said : JSON.stringify(said), { status });
  });
  return asked;
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
    ["https://user@shop.example/", "must hold no password"],
    ["https://:pw@shop.example/", "must hold no password"],
    ["https://shop.example/#x", "must hold no fragment"],
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
    ["shop.example", "is no address"],
    ["", "is no address"],
    [`https://shop.example/${"x".repeat(WEBHOOK_URL_LENGTH_MAX)}`, "is too long"],
  ])("%s is refused before anybody is asked: %s", async (url, why) => {
    const asked = resolver(PUBLIC_A);
    expect(await checkAddress(url, RULES)).toEqual({ kind: "refused", why });
    expect(asked).toEqual([]);
  });

  test("for local use everything that is a URL of http or https is fine, and nobody is asked", async () => {
    const asked = resolver(PUBLIC_A);
    const rules = { ...RULES, allowPrivate: true };
    for (const url of ["http://127.0.0.1:9/x", "https://localhost/", "http://[::1]/"]) {
      expect(await checkAddress(url, rules)).toEqual({ kind: "public" });
    }
    expect(await checkAddress("file:///etc/passwd", rules)).toMatchObject({ kind: "refused" });
    expect(asked).toEqual([]);
  });
});

describe("by name", () => {
  const URL_OF_SHOP = "https://hooks.shop.example:8443/sluice?x=1";

  test("one that leads to public addresses alone is public", async () => {
    const asked = resolver(PUBLIC_A, answer(28, "2606:4700:4700::1111"));
    expect(await checkAddress(URL_OF_SHOP, RULES)).toEqual({ kind: "public" });
    expect(asked).toEqual([
      "https://dns.example/dns-query?name=hooks.shop.example&type=A",
      "https://dns.example/dns-query?name=hooks.shop.example&type=AAAA",
    ]);
  });

  test("an alias on the way is no address, what it leads to is", async () => {
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
      "nothing, because nobody has it",
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
  ])("with %s for an answer it is not known, and so not called", async (_, a, aaaa, status) => {
    resolver(a, aaaa, status);
    expect(await checkAddress(URL_OF_SHOP, RULES)).toMatchObject({ kind: "unknown" });
  });

  test("without a resolver it is not known", async () => {
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("fetch failed"));
    expect(await checkAddress(URL_OF_SHOP, RULES)).toMatchObject({ kind: "unknown" });
  });
});
