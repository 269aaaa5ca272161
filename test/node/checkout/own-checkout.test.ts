/**
 * The link from the cart to a shop's own checkout page: what it hands over, and where no server
 * sees it.
 */
import { expect, test } from "vitest";
import { ownCheckoutLink } from "../../../src/domain/checkout/own-checkout.ts";
import { saleOf } from "../support/sale-document.ts";

const TOKEN = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJzIn0.c2ln-_";
const page = "https://shop.example/checkout?lang=de";

/** What the page's script reads, and what goes over the wire. */
function parts(link: string | null) {
  const url = new URL(link ?? "");
  const handed = Object.fromEntries(new URLSearchParams(url.hash.slice(1)));
  url.hash = "";
  return { sent: url.href, handed };
}

test("the admission is in the fragment only, so no server and no log gets it with the address", () => {
  const link = ownCheckoutLink(saleOf({}, { checkout: { page } }), TOKEN, "device-of-the-browser");
  expect(parts(link)).toEqual({ sent: page, handed: { sale: "air-one", admission: TOKEN } });
});

test.each(["report", "refuse"])(
  "where a sale's replay is %s, the device goes with it",
  (handling) => {
    const sale = saleOf({}, { checkout: { page }, replay: { handling } });
    const device = "device-of-the-browser";
    const bound = { sale: "air-one", admission: TOKEN, device };
    expect(parts(ownCheckoutLink(sale, TOKEN, device)).handed).toEqual(bound);
    expect(parts(ownCheckoutLink(sale, TOKEN, null)).handed).not.toHaveProperty("device");
  },
);

test("a sale without a page of the shop has no link", () => {
  expect(ownCheckoutLink(saleOf(), TOKEN, null)).toBeNull();
});
