/**
 * Amounts that the pages' scripts write are those that the server writes; and dates as text.
 */
import { describe, expect, test } from "vitest";
import { moneyText } from "../../../src/domain/money/amounts.ts";
import { CURRENCIES } from "../../../src/domain/money/currencies.ts";
import { instantText } from "../../../src/pages/parts/instant.ts";
import { moneyText as scriptText } from "../../../src/pages/assets/_sluice/assets/money.js";

describe.each(CURRENCIES)("$code", (currency) => {
  const { code, step, minimum } = currency;

  test.each([minimum, 12_900 * step, 123_456 * step, -step, 0])("%i", (amount) => {
    const written = scriptText(amount, { ...currency, code: code.toLowerCase() });
    expect(written).toBe(moneyText(amount, code));
  });
});

test("a date has its weekday and its year, because an order's page is read years later", () => {
  const at_ms = Date.UTC(2026, 10, 30, 17, 15);
  expect(instantText(at_ms)).toBe("Monday, 30 November 2026 at 17:15 UTC");
});
