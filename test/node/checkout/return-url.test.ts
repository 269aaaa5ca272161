/**
 * Where a shopper may be sent back to from their bank: the hosts of the sale, as browsers read
 * them.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { returnUrlOf } from "../../../src/domain/checkout/return-url.ts";
import { unsafeAddresses } from "../../../src/domain/sale/checkout-addresses.ts";
import { saleOf } from "../support/sale-document.ts";

const GATE = "tickets.shop.example";
const HOSTS = ["shop.example", "pay.shop.example:8443", "localhost:5173", "xn--bcher-kva.example"];
const SALE = saleOf({}, { checkout: { returnHosts: HOSTS } });
const back = (url: string) => returnUrlOf(SALE, url, GATE);

describe("allowed is", () => {
  test.each([
    ["a listed host", "https://shop.example/thanks?sale=air"],
    ["a listed host at its port", "https://pay.shop.example:8443/"],
    ["the gate's own host", "https://tickets.shop.example/_sluice/shop/air"],
    ["this machine over http, where it is listed", "http://localhost:5173/back"],
  ])("%s", (_, url) => {
    expect(back(url)).toEqual({ kind: "allowed", url });
  });

  test.each([
    ["the usual port, written", "https://shop.example:443/a", "https://shop.example/a"],
    ["capitals", "HTTPS://Shop.Example/A", "https://shop.example/A"],
    [
      "a name of other letters, as browsers send it",
      "https://bücher.example",
      "https://xn--bcher-kva.example/",
    ],
    ["backslashes", "https:\\\\shop.example\\@evil.example", "https://shop.example/@evil.example"],
    ["dots of another width", "https://shop。example/", "https://shop.example/"],
    ["a host in percent signs", "https://shop%2Eexample/", "https://shop.example/"],
  ])("%s, and it is stored as it was read", (_, url, stored) => {
    expect(back(url)).toEqual({ kind: "allowed", url: stored });
  });
});

describe("refused is", () => {
  test("one that is too long once it is encoded, which Stripe would refuse", () => {
    const message = "must have at most 2048 characters once it is encoded";
    const url = `https://shop.example/?x=${"ü".repeat(2000)}`;
    expect(back(url)).toEqual({ kind: "refused", message });
  });

  test.each([
    ["another host", "https://evil.example/"],
    ["a host that begins like a listed one", "https://shop.example.evil.example/"],
    ["a host that ends like a listed one", "https://evilshop.example/"],
    ["a host below a listed one", "https://www.shop.example/"],
    ["a host above a listed one", "https://example/"],
    ["a listed host with a dot behind it", "https://shop.example./"],
    ["a listed host at another port", "https://shop.example:8443/"],
    ["a host without the port that is listed", "https://pay.shop.example/"],
    ["a listed host as a user name", "https://shop.example@evil.example/"],
    ["a listed host as user name and password", "https://shop.example:443@evil.example/"],
    ["a host that a backslash ends", "https://evil.example\\@shop.example/"],
    ["a host that a percent sign continues", "https://shop.example%2eevil.example/"],
    ["a look-alike of other letters", "https://shоp.example/"],
    ["a listed host with a user name", "https://ann@shop.example/"],
    ["a listed host with a password", "https://:secret@shop.example/"],
    ["a listed host without TLS", "http://shop.example/"],
    ["the gate without TLS", "http://tickets.shop.example/"],
    ["this machine where it is not listed", "http://localhost:3000/"],
    ["a name that only contains localhost", "http://localhost.evil.example:5173/"],
  ])("%s", (_, url) => {
    expect(back(url)).toMatchObject({ kind: "refused" });
  });

  test("every host but the gate's, where a sale lists none", () => {
    const lists = saleOf();
    expect(returnUrlOf(lists, "https://shop.example/", GATE).kind).toBe("refused");
    expect(returnUrlOf(lists, `https://${GATE}/x`, GATE).kind).toBe("allowed");
  });
});

/** Pieces that parsers disagree about, between and around hosts. */
const piece = fc.constantFrom(
  "https://",
  "http://",
  "https:/",
  "//",
  "/",
  "\\",
  "@",
  ":",
  ":443",
  ":8443",
  ".",
  "%2e",
  "%40",
  "?",
  "#",
  " ",
  "\t",
  "shop.example",
  "pay.shop.example",
  "evil.example",
  "localhost",
  "。",
  "[",
  "]",
);

test("whatever is written, what is stored is a URL of an allowed host, also with what Stripe adds", () => {
  const allowed = new Set([GATE, ...HOSTS]);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const written = `https://${pieces.join("")}`;
      if (!URL.canParse(written)) return;
      const outcome = back(written);
      if (outcome.kind === "refused") return;
      const [address = ""] = outcome.url.split("#");
      const added = `${address}${address.includes("?") ? "&" : "?"}payment_intent=pi_1`;
      for (const url of [new URL(outcome.url), new URL(added)]) {
        expect(allowed).toContain(url.host);
        expect([url.username, url.password]).toEqual(["", ""]);
        expect(url.protocol).toBe("https:");
      }
      // The host is in the text where every reader looks for it, whatever their grammar.
      expect(outcome.url).toMatch(/^https:\/\/[a-z0-9.-]+(:\d+)?\//);
    }),
    { numRuns: 20_000 },
  );
});

describe("a sale's own addresses", () => {
  const of = (checkout: object) => unsafeAddresses(saleOf({}, { checkout }));

  test("are https, and http on this machine only", () => {
    expect(of({})).toEqual([]);
    expect(
      of({
        origins: [
          "https://shop.example",
          "http://localhost:5173",
          "http://www.shop.localhost:8840",
        ],
        page: "http://127.0.0.1:5173/checkout",
      }),
    ).toEqual([]);
  });

  test.each([
    "http://shop.example",
    "http://localhost.evil.example",
    "ws://localhost",
    "ftp://a.example",
  ])("%s is refused as an origin, by its place in the list", (origin) => {
    expect(of({ origins: ["https://shop.example", origin] })).toEqual([
      { path: ["checkout", "origins", 1], message: "use https; http is for localhost only" },
    ]);
  });

  test.each([
    "http://shop.example/checkout",
    "https://ann@shop.example/checkout",
    "https://shop.example/#/checkout",
  ])("%s is refused as the shop's own checkout, whose link carries an admission", (page) => {
    expect(of({ page })).toMatchObject([{ path: ["checkout", "page"] }]);
  });

  test.each([
    "null",
    "https://shop.example/",
    "https://Shop.example",
    "https://shop.example:443",
    "*",
    "shop.example",
    "chrome-extension://abc",
  ])("%s is no origin that a browser sends for a page, and no document lists it", (origin) => {
    expect(() => saleOf({}, { checkout: { origins: [origin] } })).toThrow("origin");
  });
});
