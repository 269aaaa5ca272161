/**
 * Facts of orders for tests of mails.
 */
import type { MailSubject } from "../../../src/domain/mail/content.ts";
import type { MailFacts } from "../../../src/domain/mail/facts.ts";

export function mailFacts(change: Partial<MailFacts> = {}): MailFacts {
  return {
    order: "ord_1",
    booking: "B-1",
    sale: "air-one",
    state: "confirmed",
    reason: null,
    email: "ann@shoppers.example",
    lines: [{ sku: "AIR-42", name: "Air One, size 42", quantity: 2, price: 12_900 }],
    total: 25_800,
    currency: "EUR",
    amounts: null,
    delivery: null,
    discountHint: null,
    name: null,
    shipTo: null,
    placedAt_ms: Date.UTC(2026, 10, 30, 12, 0),
    holdUntil_ms: Date.UTC(2026, 10, 30, 12, 10),
    viewKey: "k/1",
    returnUrl: "https://drops.example/_sluice/shop/air-one/orders/ord_1?key=k%2F1",
    refunds: [],
    ...change,
  };
}

export function mailSubject(
  change: Partial<Omit<MailSubject, "facts">> = {},
  facts: Partial<MailFacts> = {},
): MailSubject {
  return {
    kind: "confirmed",
    refund: null,
    facts: mailFacts(facts),
    title: "Air One",
    origin: null,
    ...change,
  };
}
