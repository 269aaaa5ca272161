/**
 * The form of the checkout: the order that it states, and what it names as missing.
 */
import { describe, expect, test } from "vitest";
import { checkoutSchema } from "../../src/domain/sale/checkout-rules.ts";
import { orderForm, orderOf, type OrderForm } from "../../src/pages/checkout-form.ts";
import { SALE, SHIPPING_SALE } from "../node/support/pages-models.ts";

const LINES = [{ sku: "AIR-42", quantity: 2 }];

function formOf(fields: Readonly<Record<string, string>>): OrderForm {
  const { price = "12900", ...rest } = fields;
  return orderForm.parse({
    step: "pay",
    key: "k",
    total: "25800",
    email: " Ann@Shoppers.example ",
    payment: "ctoken_1",
    prices: { "AIR-42": price },
    quantities: { "AIR-42": "2" },
    ...rest,
  });
}

const ADDRESS = {
  name: "Ann",
  phone: "+49 30 1234567",
  line1: "1 Main Street",
  city: "Berlin",
  postalCode: "10115",
  country: "DE",
  delivery: "post",
  terms: "yes",
};

function faultsOf(form: OrderForm, sale = SHIPPING_SALE): string[] {
  const stated = orderOf(sale, form, LINES);
  return stated.kind === "refused" ? stated.faults.map(({ field }) => field) : [];
}

describe("an order", () => {
  test("states what the page showed: lines, unit prices and total", () => {
    expect(orderOf(SALE, formOf({ price: "12800" }), LINES)).toEqual({
      kind: "order",
      request: {
        sale: SALE.id,
        lines: [{ sku: "AIR-42", quantity: 2, price: 12_800 }],
        expectedTotal: 25_800,
        buyer: { email: "Ann@Shoppers.example" },
        payment: { confirmationToken: "ctoken_1" },
      },
    });
  });

  test("states address, delivery, code and consent where the sale asks for them", () => {
    const form = formOf({ ...ADDRESS, line2: "", discount: "friends-10" });
    expect(orderOf(SHIPPING_SALE, form, LINES)).toMatchObject({
      kind: "order",
      request: {
        buyer: { name: "Ann", phone: "+49 30 1234567" },
        shipTo: { line1: "1 Main Street", city: "Berlin", postalCode: "10115", country: "DE" },
        delivery: "post",
        discountCode: "friends-10",
        acceptedTerms: true,
      },
    });
  });

  test("has a billing address where the sale asks for that", () => {
    const sale = { ...SALE, checkout: checkoutSchema.parse({ address: "billing" }) };
    const { phone: _, delivery: __, terms: ___, ...address } = ADDRESS;
    const stated = orderOf(sale, formOf(address), LINES);
    expect(stated).toMatchObject({ kind: "order", request: { billTo: { country: "DE" } } });
    expect(stated).not.toHaveProperty("request.shipTo");
  });

  test("leaves out what the chosen country's addresses do not have", () => {
    const form = formOf({ ...ADDRESS, region: "typed for another country" });
    expect(orderOf(SHIPPING_SALE, form, LINES)).not.toHaveProperty("request.shipTo.region");
  });

  test("may be paid with any token, because the provider decides", () => {
    const stated = orderOf(SALE, formOf({ payment: "pm_card_visa" }), LINES);
    expect(stated).toMatchObject({ request: { payment: { method: "pm_card_visa" } } });
  });
});

describe("is refused", () => {
  test("with a fault at each field that is missing", () => {
    expect(faultsOf(formOf({ email: "", payment: "" }))).toEqual([
      "name",
      "phone",
      "email",
      "country",
      "terms",
      "payment",
    ]);
    expect(faultsOf(formOf({ ...ADDRESS, line1: "", city: "", postalCode: "" }))).toEqual([
      "line1",
      "postalCode",
      "city",
    ]);
  });

  test.each([
    ["email", "ann"],
    ["phone", "call me"],
    ["postalCode", "1011"],
    ["line1", "1 Main\u0000Street"],
    ["name", "A\u2028nn"],
  ])("at %s, when it is %j", (field, value) => {
    expect(faultsOf(formOf({ ...ADDRESS, [field]: value }))).toEqual([field]);
  });

  test.each([
    ["email", "a".repeat(255)],
    ["line1", "a".repeat(201)],
    ["postalCode", "1".repeat(21)],
    ["country", "Germany"],
    ["total", "1.5"],
    ["total", "-1"],
    ["payment", "t".repeat(201)],
  ])("by its schema at %s", (field, value) => {
    const parsed = orderForm.safeParse({
      step: "pay",
      key: "k",
      total: "1",
      quantities: {},
      [field]: value,
    });
    expect(parsed.error?.issues.map(({ path }) => path[0])).toEqual([field]);
  });
});
