/**
 * The ways of delivery that the checkout offers before the country is known.
 */
import { expect, test } from "vitest";
import { checkoutSchema } from "../../../src/domain/sale/checkout-rules.ts";
import { checkoutPage } from "../../../src/pages/views/checkout.ts";
import { checkoutModel, quoteAt, SHIPPING_SALE } from "../support/pages-models.ts";
import { textOf } from "../support/pages-text.ts";

const POST = { id: "post", name: "By post", price: 490, prices: { JP: 2_900 } };
const PICK_UP = { id: "pick-up", name: "Pick-up in the shop", price: 0 };
const MORE = "Choose a country to see all the ways in which we deliver there.";

function offered(delivery: readonly object[], country: string | null): Promise<string> {
  const checkout = checkoutSchema.parse({ ...SHIPPING_SALE.checkout, delivery });
  const sale = { ...SHIPPING_SALE, checkout };
  return textOf(checkoutPage(checkoutModel({ sale, quote: quoteAt(sale, country, null) })));
}

test("says that a country shows more, because what depends on it is not offered yet", async () => {
  const text = await offered([POST, PICK_UP], null);
  expect(text).toContain("Pick-up in the shop");
  expect(text).not.toContain("By post");
  expect(text).toContain(MORE);
});

test("says nothing once all that there is to choose from is offered", async () => {
  expect(await offered([POST, PICK_UP], "JP")).not.toContain(MORE);
  expect(await offered([PICK_UP], null)).not.toContain(MORE);
});
