/**
 * A crowd that joins at the same moment, while many abort: requests share the calls to a booth, so
 * an aborted one must not affect the others. Also joins with a join key.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { makeSale, PREQUEUE, type Sluice, startSluice, textOf } from "./support/sluice.ts";
import { keyNamed } from "../node/support/keys.ts";

const SALE = "together";
const CROWD = 300;

let sluice: Sluice;

beforeAll(async () => {
  sluice = await startSluice();
  await makeSale(sluice, SALE, PREQUEUE);
});
afterAll(() => sluice.stop());

/** Sends a join and closes the connection before the answer. */
async function giveUp(): Promise<void> {
  const hangUp = new AbortController();
  const url = `${sluice.host.gateUrl}/_sluice/v1/sales/${SALE}/tickets`;
  const request = fetch(url, { method: "POST", signal: hangUp.signal }).catch(() => null);
  setImmediate(() => hangUp.abort());
  await request;
}

test("every shopper who waits for the answer gets a place of their own, although many abort", async () => {
  const stayed = await Promise.all(
    Array.from({ length: CROWD }, async (_, nth) => {
      if (nth % 2 === 1) return giveUp();
      const answer = await sluice.shopper("POST", `/sales/${SALE}/tickets`);
      expect(answer.status).toBe(201);
      return claimsOf(textOf(answer, "ticket"));
    }),
  );
  const places = stayed.flatMap((claims) =>
    claims === null || claims === undefined ? [] : [`${claims.cohort}/${claims.index}`],
  );
  expect(new Set(places).size).toBe(CROWD / 2);
});

test("a join key may have 128 characters and always gives the same place; 129 are refused", async () => {
  const join = (length: number) => {
    const headers = { "idempotency-key": `${"k".repeat(length - 33)}-${keyNamed("together")}` };
    return sluice.shopper("POST", `/sales/${SALE}/tickets`, { headers });
  };
  const places = [await join(128), await join(128)].map((answer) => {
    expect(answer.status).toBe(201);
    return claimsOf(textOf(answer, "ticket"))?.jti;
  });
  expect(places[0]).toBeDefined();
  expect(places[1]).toBe(places[0]);
  const refused = await join(129);
  expect(refused.status).toBe(422);
  expect(refused.body).toMatchObject({
    code: "invalid_request",
    errors: [{ path: "Idempotency-Key" }],
  });
});
