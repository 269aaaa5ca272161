/**
 * What the waiting page says of the order of its line.
 */
import { expect, test } from "vitest";
import { waitingPage } from "../../../src/pages/views/waiting.ts";
import { SALE, waitingModel } from "../support/pages-models.ts";
import { textOf } from "../support/pages-text.ts";

test.each([
  ["lottery", "The order of the line is a random draw"],
  ["fifo", "The line is in order of arrival, second by second"],
] as const)("a line of the method %s: “%s”", async (method, expected) => {
  const sale = { ...SALE, admission: { ...SALE.admission, method } };
  const text = await textOf(waitingPage({ ...waitingModel({}), sale }));
  expect(text).toContain(expected);
});
