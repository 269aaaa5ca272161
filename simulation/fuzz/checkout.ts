/**
 * The live sale's rules for its checkout, its discount code, and an order that meets them.
 */
import { FUZZ_SALES, skuOf } from "./names.ts";

const PRICE = 12_900;
const DELIVERY = 500;
const PERCENT_OFF = 10;

export const CHECKOUT = {
  address: "shipping",
  phone: "optional",
  countries: ["BE", "NL"],
  delivery: [
    {
      id: "post",
      name: "By post",
      price: 900,
      prices: { BE: DELIVERY },
      tax: { kind: "included", percent: 21 },
    },
  ],
  terms: { url: "https://shop.example/terms", text: "I accept the terms of the drop." },
  paymentMethods: ["card"],
  statementSuffix: "FUZZ",
  returnHosts: ["shop.example"],
  origins: ["https://shop.example"],
  mail: { confirmed: true, declined: true, cancelled: true, refunded: true, yourTurn: true },
};

export const CODE = {
  code: "FUZZ-CODE",
  kind: "percent",
  value: PERCENT_OFF,
  items: [skuOf(FUZZ_SALES.live)],
  from: "2026-01-01T10:00:00Z",
  to: "2036-01-01T12:00:00Z",
  uses: 10,
  usesPerBuyer: 2,
  lane: null,
  shopper: null,
};

export const LINE = { sku: skuOf(FUZZ_SALES.live), quantity: 1 };

/** Of one shoe, delivered, with the code. */
export const ORDER = {
  sale: FUZZ_SALES.live,
  lines: [{ ...LINE, price: PRICE }],
  expectedTotal: PRICE - (PRICE * PERCENT_OFF) / 100 + DELIVERY,
  buyer: { email: "ann@shoppers.example", name: "Ann", phone: "+32 2 555 12 12" },
  payment: { method: "pm_card_visa" },
  shipTo: {
    name: "Ben",
    line1: "Rue de la Loi 1",
    line2: "2nd floor",
    city: "Brussels",
    region: "Brussels",
    postalCode: "1000",
    country: "BE",
  },
  delivery: "post",
  discountCode: CODE.code,
  acceptedTerms: true,
  returnUrl: "https://shop.example/order",
};
