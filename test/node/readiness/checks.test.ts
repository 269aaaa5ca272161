/**
 * The checks of readiness that a whole Sluice does not show by itself: parts that are silent or
 * behind, keys without permissions, sales that ask for what is not set.
 */
import { describe, expect, test } from "vitest";
import { beaconCheck } from "../../../src/domain/readiness/beacon-check.ts";
import { type Check, isReady } from "../../../src/domain/readiness/check.ts";
import { ordersSetupSchema } from "../../../src/domain/readiness/orders-setup.ts";
import {
  bookCheck,
  breakersCheck,
  queuesCheck,
  reportChecks,
  storeCheck,
} from "../../../src/domain/readiness/part-checks.ts";
import { type PaymentFacts, paymentChecks } from "../../../src/domain/readiness/payment-checks.ts";
import { publicOriginsCheck } from "../../../src/domain/readiness/public-origins.ts";
import {
  mailLinksCheck,
  salesCheck,
  sellsHere,
} from "../../../src/domain/readiness/sale-faults.ts";
import { stripeKeyKind } from "../../../src/domain/readiness/stripe-keys.ts";
import { saleSchema } from "../../../src/domain/sale/sale.ts";
import { DOCUMENT } from "../support/sale-document.ts";

const NOW = Date.parse("2026-11-27T10:00:00Z");
const MINUTE_MS = 60_000;
const REPORT = ordersSetupSchema.parse({
  v: 1,
  at_ms: NOW,
  version: "0.1.0",
  problems: [],
  payment: {
    backend: "stripe",
    key: "live",
    isStripesOwn: true,
    refunds: "accepted",
    disputes: "accepted",
  },
  mail: { backend: "off", problem: null },
});
const GATE = { version: "0.1.0", now: NOW };

function named(checks: readonly Check[]): string[] {
  return checks.filter(({ ok }) => !ok).map(({ name, severity }) => `${severity} ${name}`);
}

test("a beacon that nobody need trust is good, and every other is a warning", () => {
  const quicknet = { kind: "chain", id: "quicknet", answers: true } as const;
  const other = { ...quicknet, id: "sluice-stand-in" };
  expect(named([beaconCheck(quicknet, true), beaconCheck(other, false)])).toEqual([]);
  const warned = [
    beaconCheck({ ...quicknet, answers: false }, true),
    beaconCheck(other, true),
    beaconCheck({ kind: "none", isEmpty: true }, true),
    beaconCheck({ kind: "none", isEmpty: false }, true),
  ];
  expect(named(warned)).toEqual(warned.map(() => "warning beacon"));
  expect(new Set(warned.map(({ detail }) => detail)).size).toBe(4);
});

describe("a part", () => {
  test("that does not answer is an error, because nothing sells without it", () => {
    const silent = [
      storeCheck(false),
      bookCheck(null),
      queuesCheck([{ queue: "sluice-orders", backlog: null }], NOW),
    ];
    expect(named(silent)).toEqual(["error kv", "error order_book", "error queues"]);
    expect(isReady(silent)).toBe(false);
  });

  test("that is behind is a warning", () => {
    const reading = (age_ms: number) => {
      const backlog = { messages: 7, oldestAt_ms: NOW - age_ms };
      return queuesCheck([{ queue: "sluice-mails", backlog }], NOW);
    };
    expect(reading(10 * MINUTE_MS).ok).toBe(true);
    const stuck = [reading(10 * MINUTE_MS + 1), bookCheck(1)];
    expect(named(stuck)).toEqual(["warning queues", "warning dead_letters"]);
    expect(stuck[0]?.detail).toContain("sluice-mails (7 messages)");
    expect(isReady(stuck)).toBe(true);
    const empty = { queue: "sluice-mails", backlog: { messages: 0, oldestAt_ms: null } };
    expect(queuesCheck([empty], NOW).ok).toBe(true);
  });

  test("behind an open breaker is a warning with its reason, unless the operator holds it closed", () => {
    const shared = {
      v: 1,
      state: "open",
      epoch: 1,
      openedAt_ms: NOW,
      retryAt_ms: NOW,
      openings: 1,
      reason: "4 of 10 calls failed",
      by: "a",
    } as const;
    const open = breakersCheck([{ backend: "payment", shared, force: null }]);
    expect(open.detail).toContain("payment is open: 4 of 10 calls failed");
    expect(breakersCheck([{ backend: "payment", shared, force: "closed" }]).ok).toBe(true);
  });
});

describe("the orders Worker's report", () => {
  test("says how old it is in words that fit the number", () => {
    const detail = (age_ms: number) => reportChecks({ ...REPORT, at_ms: NOW - age_ms }, GATE);
    expect(detail(MINUTE_MS)[0]?.detail).toBe("The orders Worker reported 1 minute ago.");
    expect(detail(2 * MINUTE_MS)[0]?.detail).toBe("The orders Worker reported 2 minutes ago.");
  });

  test("counts as fresh for a quarter of an hour", () => {
    const aged = (age_ms: number) => reportChecks({ ...REPORT, at_ms: NOW - age_ms }, GATE);
    expect(named(aged(15 * MINUTE_MS))).toEqual([]);
    expect(named(aged(15 * MINUTE_MS + 1))).toEqual(["warning orders_worker"]);
    expect(named(reportChecks(null, GATE))).toEqual(["error orders_worker"]);
  });

  test("of another release is a warning", () => {
    const checks = reportChecks(REPORT, { ...GATE, version: "0.2.0" });
    expect(named(checks)).toEqual(["warning versions"]);
  });

  test("of a release that knows more, or says it otherwise, is read as far as it goes", () => {
    const { payment } = REPORT;
    const newer = {
      ...REPORT,
      region: "eu",
      payment: { ...payment, key: "sandbox", refunds: "?" },
    };
    const read = ordersSetupSchema.parse(newer);
    expect(read.payment).toMatchObject({ key: "unknown", refunds: "no_answer" });
    expect(ordersSetupSchema.safeParse({ ...REPORT, v: 2 }).success).toBe(false);
  });
});

const FACTS: PaymentFacts = {
  gate: {
    STRIPE_PUBLISHABLE_KEY: "pk_live_51Nx",
    STRIPE_JS_URL: "https://js.stripe.com/endive/stripe.js",
  },
  hasWebhookSecret: true,
  payment: REPORT.payment,
  isDeployed: true,
  sellsHere: true,
};

describe("payments", () => {
  test("with two keys of live mode are ready, and say that cards are charged", () => {
    const checks = paymentChecks(FACTS);
    expect(named(checks)).toEqual([]);
    expect(checks.map(({ detail }) => detail).join()).toContain("cards are charged");
  });

  test("with a key that lacks permissions name them", () => {
    const disputes = { ...REPORT.payment, disputes: "not_permitted" } as const;
    const check = paymentChecks({ ...FACTS, payment: disputes }).find(({ ok }) => !ok);
    expect(check).toMatchObject({ name: "stripe_key", severity: "warning" });
    expect(check?.detail).toContain("lacks the permission Disputes: read");
    const both = paymentChecks({ ...FACTS, payment: { ...disputes, refunds: "not_permitted" } });
    const text = both.map(({ detail }) => detail).join();
    expect(text).toContain("Charges and Refunds: write and Disputes: read");
  });

  test("without a publishable key are an error where shoppers pay here, else a warning", () => {
    const gate = { ...FACTS.gate, STRIPE_PUBLISHABLE_KEY: "" };
    expect(named(paymentChecks({ ...FACTS, gate }))).toEqual(["error checkout_page"]);
    const elsewhere = { ...FACTS, gate, sellsHere: false };
    expect(named(paymentChecks(elsewhere))).toEqual(["warning checkout_page"]);
  });
});

test.each([
  ["sk_test_51Nx", "test"],
  ["rk_test_51Nx", "test"],
  ["sk_live_51Nx", "live"],
  ["rk_live_51Nx", "live"],
  ["", "missing"],
  ["pk_live_51Nx", "publishable"],
  ["sk_other_51Nx", "unknown"],
  ["sk_live_51 Nx", "unknown"],
  ["any text", "unknown"],
])("the key %s is of the kind %s", (key, kind) => {
  expect(stripeKeyKind(key)).toBe(kind);
});

describe("a sale", () => {
  const sale = (change: object) => saleSchema.parse({ ...DOCUMENT, ...change });
  const needs = {
    gate: FACTS.gate,
    mailBackend: "off",
    paymentBackend: "stripe",
    lackingSecret: () => null,
  };
  const noKey = { ...needs, gate: { ...FACTS.gate, STRIPE_PUBLISHABLE_KEY: "" } };
  const own = { checkout: { page: "https://shop.example/pay" } };

  test("that only guards, or has a checkout of its own, needs no publishable key", () => {
    expect([sellsHere(sale({})), sellsHere(sale(own))]).toEqual([true, false]);
    expect(salesCheck([sale({})], noKey, 0).detail).toContain("cannot be paid in the built-in");
    expect(salesCheck([sale(own)], noKey, 0).ok).toBe(true);
    expect(salesCheck([sale({})], { ...noKey, paymentBackend: "http" }, 0).ok).toBe(true);
  });

  test("that promises a mail while mails are off, or lacks a secret, is named with it", () => {
    const turn = sale({ checkout: { mail: { yourTurn: true } } });
    const { detail } = salesCheck([turn], { ...needs, lackingSecret: () => "PROOF_KEYS" }, 0);
    expect(detail).toContain(`${turn.id}: checkout.mail.yourTurn is true, but MAIL_BACKEND is off`);
    expect(detail).toContain(`${turn.id}: it needs PROOF_KEYS, which is missing or unusable`);
    expect(salesCheck([turn], { ...needs, mailBackend: "http" }, 0).ok).toBe(true);
  });

  test("of an earlier release that nobody could pay is named with its item", () => {
    const [item] = sale({}).items;
    const cheap = sale({ items: [{ ...item, price: 10 }] });
    expect(salesCheck([cheap], needs, 0).detail).toContain("items.0.price");
  });

  test("whose mails would have no link is named, where it is known that mails are on", () => {
    const sales = [sale({}), sale({ ...own, id: "own-page" })];
    const on = { ...REPORT.mail, backend: "http", hasLinkOrigin: false };
    const warned = mailLinksCheck(sales, on);
    expect(named(warned)).toEqual(["warning mail_links"]);
    expect(warned[0]?.detail).toMatch(/MAIL_LINK_ORIGIN is empty, .* \(own-page\) have no link/);
    expect(mailLinksCheck([sale({})], on)).toEqual([]);
    expect(mailLinksCheck(sales, { ...on, hasLinkOrigin: true })).toEqual([]);
    expect(mailLinksCheck(sales, { ...on, backend: "off" })).toEqual([]);
    // The report of a release that did not tell.
    expect(mailLinksCheck(sales, { ...REPORT.mail, backend: "http" })).toEqual([]);
  });

  test("that was not looked at is counted", () => {
    expect(salesCheck([], needs, 3).detail).toContain("3 more were not looked at");
  });
});

test("the names at which shoppers reach the gate are listed, or that is a warning", () => {
  const found = (text: string, own: string | null = "https://shop.example") => {
    const { ok, severity, detail } = publicOriginsCheck(text, own);
    return `${ok ? "ok" : severity}: ${detail}`;
  };
  expect(found("https://shop.example, https://www.shop.example/")).toBe(
    "ok: Addresses begin with https://shop.example or https://www.shop.example.",
  );
  expect(found("")).toContain("warning: PUBLIC_ORIGINS is empty");
  expect(found("shop.example")).toContain("shop.example.");
  expect(found("shop.example")).toContain("warning: ");
  expect(found("https://shop.example", "https://a.workers.dev")).toContain("info: ");
  expect(found("https://shop.example", null)).toContain("ok: ");
});
