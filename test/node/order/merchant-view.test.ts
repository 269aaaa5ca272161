/**
 * An order as its merchant reads it: whole, and without what only the buyer may use.
 */
import { expect, test } from "vitest";
import { merchantViewOf } from "../../../src/domain/order/merchant-view.ts";
import { INTENT, orderAt, STANDINGS } from "../support/order-records.ts";

const CARD = { fingerprint: "print-of-a-card", brand: "visa", last4: "4242" };
const AT_THE_BANK = {
  state: "action_required",
  url: "https://bank.example/confirm",
  until_ms: 1,
  clientSecret: "pi_1_secret_of_the_buyer",
} as const;

test("it has the buyer, the addresses, the payment and its card", () => {
  const intent = {
    ...INTENT,
    name: "Ann",
    phone: "+32 470 12 34 56",
    shipTo: { line1: "Rue 1", country: "BE" },
    billTo: { line1: "Rue 2", country: "BE" },
    acceptedTerms: { url: "https://shop.example/terms", at_ms: 5 },
    discount: { code: "a-digest", hint: "DR…10", revision: 2 },
  };
  const record = orderAt(STANDINGS.confirmed, { intent, card: CARD, paymentId: "pi_1" });
  expect(merchantViewOf(record)).toMatchObject({
    buyer: { email: INTENT.email, name: "Ann", phone: "+32 470 12 34 56" },
    shipTo: intent.shipTo,
    billTo: intent.billTo,
    acceptedTerms: intent.acceptedTerms,
    discountHint: "DR…10",
    payment: { id: "pi_1", card: { brand: "visa", last4: "4242" } },
    booking: "booking" in STANDINGS.confirmed ? STANDINGS.confirmed.booking : null,
  });
});

test.each(Object.values(STANDINGS).map((standing) => [standing.state, standing] as const))(
  "in the state %s it has no key, no way to the bank, and no digest",
  (state, standing) => {
    const shown = state === "action_required" ? AT_THE_BANK : standing;
    const intent = {
      ...INTENT,
      identities: ["digest-of-a-buyer"],
      discount: { code: "digest-of-a-code", hint: "DR…10", revision: 2 },
    };
    const view = merchantViewOf(orderAt(shown, { intent, card: CARD }));
    const text = JSON.stringify(view);
    const hidden = [INTENT.viewKey, INTENT.fingerprint, CARD.fingerprint, AT_THE_BANK.url];
    for (const secret of [...hidden, AT_THE_BANK.clientSecret, "digest-of"]) {
      expect(text).not.toContain(secret);
    }
    expect(view.state).toBe(state);
  },
);
