/**
 * A crowd that joins in the same moment, while many of them give up: requests share the calls of a
 * booth, so one that ends must take no other with it. And whoever names their join by a key.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { makeSale, PREQUEUE, type Sluice, startSluice, textOf } from "./support/sluice.ts";

const SALE = "together";
const CROWD = 300;

let sluice: Sluice;

beforeAll(async () => {
  sluice = await startSluice();
  await makeSale(sluice, SALE, PREQUEUE);
});
afterAll(() => sluice.stop());

/** Sends a join and hangs up before it can be answered. */
async function giveUp(): Promise<void> {
  const hangUp = new AbortController();
  const url = `${sluice.host.gateUrl}/_sluice/v1/sales/${SALE}/tickets`;
  const asked = fetch(url, { method: "POST", signal: hangUp.signal }).catch(() => null);
  setImmediate(() => hangUp.abort());
  await asked;
}

test("everybody who stays gets a place of their own, however many hang up", async () => {
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

test("a join's key may have 128 characters: the same key is the same place; one more is refused", async () => {
  const join = (length: number) => {
    const headers = { "idempotency-key": "k".repeat(length) };
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
