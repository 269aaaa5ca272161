/**
 * A turn gives one admission, even when claimed many times at once, and none after leaving.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectProblem } from "./support/problem-checks.ts";
import {
  auditOf,
  makeSale,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

test("a turn claimed twice at once, or ten times, is one admission and one seat", async () => {
  const sale = "claimed-at-once";
  await makeSale(sluice, sale, PREQUEUE);
  const joined = await sluice.shopper("POST", `/sales/${sale}/tickets`);
  const headers = { "sluice-ticket": textOf(joined, "ticket") };
  await sluice.merchant("POST", `/sales/${sale}/actions`, { action: "start" });
  const claim = () => sluice.shopper("POST", `/sales/${sale}/admissions`, { headers });
  await until(
    () => sluice.shopper("GET", `/sales/${sale}/status`, { headers }),
    ({ body }) => body["state"] === "called",
  );
  const answers = await Promise.all(Array.from({ length: 10 }, claim));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
  expect(new Set(answers.map((answer) => textOf(answer, "admission"))).size).toBe(1);
  expect(await auditOf(sluice, sale)).toMatchObject({ claimed: 1, active: 1 });

  const seated = { "sluice-admission": textOf(await claim(), "admission") };
  const left = { headers: seated };
  const leave = () => sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, left);
  expect((await leave()).status).toBe(204);
  expectProblem(await claim(), 410, "turn_lapsed");
  const put = { headers: seated, body: { lines: [{ sku: `${sale}-shoe`, quantity: 1 }] } };
  expectProblem(await sluice.shopper("PUT", `/sales/${sale}/cart`, put), 401, "admission_required");
  expectProblem(
    await placeOrder(sluice, seated, "left", orderBody(sale)),
    401,
    "admission_required",
  );
});
