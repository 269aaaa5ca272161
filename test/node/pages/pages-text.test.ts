/**
 * The text of pages and scripts: durations, places, odds, money.
 */
import { describe, expect, test } from "vitest";
import { ORDER_STATES } from "../../../src/domain/order/messages.ts";
import { SHOPPER_STATES } from "../../../src/domain/room/standing.ts";
import {
  announcementText,
  isWorthAnnouncing,
  levelText,
  oddsText,
  placeText,
  waitingFacts,
  waitText,
} from "../../../src/pages/assets/_sluice/assets/waiting-text.js";
import {
  countdownText,
  durationText,
  orderText,
} from "../../../src/pages/assets/_sluice/assets/text.js";
import { promisedText } from "../../../src/pages/parts/instant.ts";
import { checkoutPage } from "../../../src/pages/views/checkout.ts";
import { storefrontPage } from "../../../src/pages/views/storefront.ts";
import { ADMITTED, checkoutModel, NOW, SALE, storefrontModel } from "../support/pages-models.ts";
import { textOf } from "../support/pages-text.ts";
import { moneyText } from "../../../src/domain/money/amounts.ts";

test.each([
  [0, "a few seconds"],
  [7.9, "a few seconds"],
  [8, "10 seconds"],
  [44, "45 seconds"],
  [57, "1 minute"],
  [90, "2 minutes"],
  [3600, "60 minutes"],
  [5400, "1 hour 30 minutes"],
  [7200, "2 hours"],
  [40_000, "11 hours"],
  [200_000, "2 days"],
])("%d s is “%s”", (duration_s, expected) => {
  expect(durationText(duration_s)).toBe(expected);
});

test.each([
  [7, "a few seconds"],
  [44, "44 seconds"],
  [90, "90 seconds"],
  [119.9, "119 seconds"],
  [170, "2 minutes"],
  [7_199, "1 hour 59 minutes"],
  [259_000, "2 days"],
])("%d s are promised as “%s”, which is no longer", async (holdSeconds, expected) => {
  expect(promisedText(holdSeconds)).toBe(expected);
  const sale = { ...SALE, admission: { ...SALE.admission, holdSeconds } };
  const shop = storefrontPage(storefrontModel({ sale, visitor: ADMITTED }));
  expect(await textOf(shop)).toContain(`reserved for you for ${expected}, or`);
  const holdsUntil_ms = NOW + holdSeconds * 1000;
  const { cart } = checkoutModel();
  const checkout = checkoutPage(checkoutModel({ cart: { ...cart, holdsUntil_ms } }));
  expect(await textOf(checkout)).toMatch(new RegExp(`Reserved for you for\\s+${expected}`));
});

test.each([
  [0, "0:00"],
  [-3, "0:00"],
  [4.2, "0:05"],
  [245, "4:05"],
  [3600, "1:00:00"],
  [200_000, "2 days"],
])("%d s left count down as “%s”", (left_s, expected) => {
  expect(countdownText(left_s)).toBe(expected);
});

test.each([
  [{ low_s: 60, high_s: 95 }, "About 1 to 2 minutes"],
  [{ low_s: 20, high_s: 45 }, "About 20 to 45 seconds"],
  [{ low_s: 20, high_s: 95 }, "About 20 seconds to 2 minutes"],
  [{ low_s: 100, high_s: 110 }, "About 2 minutes"],
  [{ low_s: 1, high_s: 5 }, "A few seconds"],
  [{ low_s: 1, high_s: 30 }, "Probably less than 30 seconds"],
])("a wait of %j is “%s”", (wait, expected) => {
  expect(waitText(wait)).toBe(expected);
});

test("an unknown wait, place or chance has no text", () => {
  expect([waitText(null), placeText(null), placeText(0), oddsText(null)]).toEqual([
    null,
    null,
    null,
    null,
  ]);
});

test.each([
  [1, "There is enough left for everyone"],
  [0.999, "very likely"],
  [0.95, "very likely"],
  [0.949, "about 9 in 10"],
  [0.52, "about 5 in 10"],
  [0.1, "about 1 in 10"],
  [0.05, "about 1 in 20"],
  [0.001, "about 1 in 1,000"],
  [0, "very unlikely"],
])("odds of %d promise no more than “%s”", (odds, expected) => {
  expect(oddsText(odds)).toContain(expected);
});

test("a stock level is text, not only a colour", () => {
  expect([levelText("plenty", 400), levelText("low", 3), levelText("out", 0)]).toEqual([
    "In stock",
    "Only 3 left",
    "Currently sold out",
  ]);
  expect(levelText("low", null)).toBe("Almost sold out");
  expect(levelText("out", 0, true)).toBe("All in carts or being paid");
});

describe("a live region", () => {
  const queued = { state: "queued", position: 100, wait: null, odds: null };

  test.each([
    ["another state", { state: "paused", position: 100 }, true],
    ["the same place", { state: "queued", position: 100 }, false],
    ["a step forward", { state: "queued", position: 90 }, false],
    ["a quarter nearer", { state: "queued", position: 75 }, true],
    ["no place any more", { state: "queued", position: null }, false],
  ])("on %s announces: %o, %s", (_what, next, isAnnounced) => {
    expect(isWorthAnnouncing(queued, next)).toBe(isAnnounced);
  });

  test("announces the first place", () => {
    expect(isWorthAnnouncing({ state: "queued", position: null }, queued)).toBe(true);
  });

  test("announces place and wait while in line, and what to do otherwise", () => {
    const wait = { low_s: 60, high_s: 95 };
    expect(announcementText({ ...queued, wait })).toBe("You’re number 100. About 1 to 2 minutes.");
    expect(announcementText({ ...queued, state: "called" })).toContain("It’s your turn. ");
  });
});

test("odds are shown while something may be left", () => {
  const of = (state: string) => waitingFacts({ state, position: 5, wait: null, odds: 0 }).odds;
  expect([of("queued"), of("paused")]).not.toContain(null);
  expect([of("sold_out"), of("called"), of("lapsed"), of("ended")]).toEqual(Array(4).fill(null));
});

test("only a shopper in line has a place, and only a moving line has a wait", () => {
  const of = (state: string) => {
    const { place, wait } = waitingFacts({
      state,
      position: 5,
      wait: { low_s: 60, high_s: 95 },
      odds: 1,
    });
    return [place, wait];
  };
  expect(of("queued")).toEqual(["You’re number 5", "About 1 to 2 minutes"]);
  expect(of("paused")).toEqual(["You’re number 5", null]);
  expect([...of("called"), ...of("ended"), ...of("lapsed")]).toEqual(Array(6).fill(null));
});

test("every state of a shopper and of an order has its own text", () => {
  for (const state of SHOPPER_STATES) {
    const { heading, text } = waitingFacts({ state, position: 5, wait: null, odds: null });
    expect(heading.length * text.length).toBeGreaterThan(0);
  }
  for (const state of ORDER_STATES) {
    const { heading, text } = orderText(state, null);
    expect(heading.length * text.length).toBeGreaterThan(0);
  }
});

test.each([
  ["declined", "given_up", "none", "You stopped the payment"],
  ["declined", "payment_unavailable", "none", "The shop cannot take this payment right now"],
  ["declined", "limit_reached", "none", "The limit per person is reached"],
  ["declined", "card_declined", "none", "The payment was declined"],
  ["confirmed", null, "none", "Your order is confirmed"],
  ["confirmed", null, "part", "Your order is confirmed"],
  ["confirmed", null, "all", "Your order was refunded"],
] as const)("%s, %s, refunded %s: “%s”", (state, reason, refunded, heading) => {
  const shown = orderText(state, reason, false, refunded);
  expect(shown.heading).toBe(heading);
  expect(shown.text.includes("Nothing was charged.")).toBe(state === "declined");
});

test("an order that waits for a service says so, unless its state says more", () => {
  const longer = {
    heading: "Payment is taking longer",
    text: expect.stringMatching(/are reserved/),
  };
  for (const state of ["accepted", "authorizing", "authorized", "booking", "capturing"]) {
    expect(orderText(state, null, true)).toEqual(longer);
  }
  for (const state of ["action_required", "in_doubt", "voiding"]) {
    expect(orderText(state, null, true)).toEqual(orderText(state, null));
  }
});

test.each([
  [12_900, "EUR", "€129.00"],
  [500, "JPY", "¥500"],
  [1_234_567, "USD", "$12,345.67"],
  [1234, "BHD", "BHD 1.234"],
])("%d in the minor unit of %s is %s", (amount, currency, expected) => {
  expect(moneyText(amount, currency).replace(/\s/, " ")).toBe(expected);
});
