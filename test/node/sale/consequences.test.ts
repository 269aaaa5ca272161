/**
 * What a changed document does to the shoppers of an open sale: each change that has to be
 * confirmed, those that have not, and that one confirmation is not another's.
 */
import { describe, expect, test } from "vitest";
import {
  CONSEQUENCES,
  consequencesOf,
  unconfirmed,
} from "../../../src/domain/sale/consequences.ts";
import { saleSchema, type Sale } from "../../../src/domain/sale/sale.ts";

const NOW = Date.parse("2026-11-27T10:30:00Z");

const DOCUMENT = {
  id: "air-two",
  title: "Air Two",
  currency: "EUR",
  opensAt: "2026-11-27T09:00:00Z",
  startsAt: "2026-11-27T10:00:00Z",
  endsAt: "2026-11-27T12:00:00Z",
  guards: [
    { host: "shop.example", path: "/air-two*" },
    { host: "shop.example", path: "/cart" },
  ],
  items: [{ sku: "AIR", name: "Air", price: 12_900, stock: 100, limitPerBuyer: 4 }],
  admission: { ratePerMinute: 600, maxActive: 300, holdSeconds: 600 },
  protection: { kind: "altcha" },
  checkout: {
    address: "shipping",
    countries: ["DE", "AT"],
    paymentMethods: ["card", "paypal"],
    delivery: [
      { id: "parcel", name: "Parcel", price: 500 },
      { id: "express", name: "Express", price: 1500 },
    ],
  },
};

const BEFORE = saleSchema.parse(DOCUMENT);
const OPEN = {
  schedule: {
    opensAt_ms: Date.parse(BEFORE.opensAt),
    startsAt_ms: Date.parse(BEFORE.startsAt),
    endsAt_ms: Date.parse(BEFORE.endsAt),
  },
  now: NOW,
  waiting: 5000,
  inside: 120,
  stock: [{ sku: "AIR", held: 17, ordered: 5, sold: 40 }],
};
const IN_PREQUEUE = { ...OPEN, now: Date.parse("2026-11-27T09:30:00Z") };

type Change = Readonly<Record<string, unknown>>;

function changed(change: Change): Sale {
  return saleSchema.parse({ ...DOCUMENT, ...change });
}

function item(change: Change): Change {
  return { items: [{ ...DOCUMENT.items[0], ...change }] };
}

function admission(change: Change): Change {
  return { admission: { ...DOCUMENT.admission, ...change } };
}

function checkout(change: Change): Change {
  return { checkout: { ...DOCUMENT.checkout, ...change } };
}

const [GUARD] = DOCUMENT.guards;
const [PARCEL] = DOCUMENT.checkout.delivery;

test.each<[kind: string, path: string, change: Change, said: string]>([
  ["price", "items.0.price", item({ price: 1 }), "from 12900 to 1 in the minor unit. 17 units"],
  ["price", "items.0.price", item({ price: 6449 }), "falls by more than half"],
  ["price", "items.0.price", item({ price: 25_801 }), "more than doubles"],
  ["limit", "items.0.limitPerBuyer", item({ limitPerBuyer: 1 }), "17 units are in carts, 5 in"],
  ["start", "startsAt", { startsAt: "2026-11-27T11:00:00Z" }, "120 shoppers are in the shop"],
  ["end", "endsAt", { endsAt: "2026-11-27T11:00:00Z" }, "5000 places in line are not called"],
  ["end", "endsAt", { endsAt: "2026-11-27T10:10:00Z" }, "ends the sale at once"],
  ["hold", "admission.holdSeconds", admission({ holdSeconds: 60 }), "from 600 to 60"],
  ["rate", "admission.ratePerMinute", admission({ ratePerMinute: 6 }), "from 600 to 6"],
  ["seats", "admission.maxActive", admission({ maxActive: 100 }), "120 shoppers are in the shop"],
  ["guards", "guards", { guards: [GUARD] }, "shop.example/cart"],
  ["protection", "protection.kind", { protection: { kind: "none" } }, "altcha is switched off"],
  ["payment", "checkout.paymentMethods", checkout({ paymentMethods: ["card"] }), "paypal"],
  ["countries", "checkout.countries", checkout({ countries: ["DE"] }), "no longer AT"],
  ["delivery", "checkout.delivery", checkout({ delivery: [PARCEL] }), "no longer express"],
])("%s at %s has to be confirmed: %j", (kind, path, change, said) => {
  const found = consequencesOf(BEFORE, changed(change), OPEN);
  const shown = found.map((each) => ({ kind: each.kind, path: each.path.join(".") }));
  expect(shown).toEqual([{ kind, path }]);
  expect(found[0]?.message).toContain(said);
  const others = CONSEQUENCES.filter((each) => each !== kind);
  expect(unconfirmed(found, { kinds: others, revision: null })).toEqual(found);
  expect(unconfirmed(found, { kinds: CONSEQUENCES, revision: null })).toEqual([]);
});

test.each<[what: string, change: Change]>([
  ["the same document", {}],
  ["a price that falls to its half", item({ price: 6450 })],
  ["a price that doubles", item({ price: 25_800 })],
  ["a higher limit", item({ limitPerBuyer: 5 })],
  ["a longer hold", admission({ holdSeconds: 900 })],
  ["half the rate", admission({ ratePerMinute: 300 })],
  ["fewer seats than before, and more than are in use", admission({ maxActive: 150 })],
  ["a later end", { endsAt: "2026-11-27T13:00:00Z" }],
  ["an earlier start", { startsAt: "2026-11-27T09:45:00Z" }],
  ["one more guard", { guards: [...DOCUMENT.guards, { host: "*", path: "/more" }] }],
  ["one more country", checkout({ countries: ["DE", "AT", "CH"] })],
  ["every country", checkout({ countries: [] })],
  ["every means of payment", checkout({ paymentMethods: [] })],
])("%s has not to be confirmed", (_, change) => {
  expect(consequencesOf(BEFORE, changed(change), OPEN)).toEqual([]);
});

describe("by the phase of the sale", () => {
  const all = changed({
    ...item({ price: 1 }),
    startsAt: "2026-11-27T11:00:00Z",
    endsAt: "2026-11-27T11:30:00Z",
  });
  const kindsAt = (now: number): string[] => {
    return consequencesOf(BEFORE, all, { ...OPEN, now }).map(({ kind }) => kind);
  };

  test("nothing is confirmed before it opens, and after it ended", () => {
    expect(kindsAt(OPEN.schedule.opensAt_ms - 1)).toEqual([]);
    expect(kindsAt(OPEN.schedule.endsAt_ms)).toEqual([]);
  });

  test("those who wait for the start are told of a later one", () => {
    expect(kindsAt(IN_PREQUEUE.now)).toEqual(["price", "start", "end"]);
    const [, start] = consequencesOf(BEFORE, all, IN_PREQUEUE);
    expect(start?.message).toContain("is later: all who wait wait until 2026-11-27T11:00:00Z");
  });

  test("times that an action has moved already are compared with the schedule in force", () => {
    const schedule = { ...OPEN.schedule, endsAt_ms: Date.parse("2026-11-27T11:00:00Z") };
    const after = changed({ endsAt: "2026-11-27T11:30:00Z" });
    expect(consequencesOf(BEFORE, after, { ...OPEN, schedule })).toEqual([]);
  });
});
