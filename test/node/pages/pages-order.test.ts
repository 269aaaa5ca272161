/**
 * The page of an order: what it says beside its state.
 */
import { expect, test } from "vitest";
import { orderPage } from "../../../src/pages/views/order.ts";
import { orderModel, orderView } from "../support/pages-models.ts";
import { textOf } from "../support/pages-text.ts";

test("names the shop's reference and the mail, where there are any", async () => {
  const order = orderView("confirmed");
  const known = { booking: "B-7", mailTo: "a…@shoppers.example" };
  const text = await textOf(orderPage(orderModel(order, known)));
  expect(text).toContain(`Order ${order.id} The shop’s reference B-7`);
  expect(text).toContain("The confirmation is sent by mail to a…@shoppers.example.");
  const without = await textOf(orderPage(orderModel(order)));
  expect(without).not.toMatch(/reference|by mail/);
});
