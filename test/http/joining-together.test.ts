/**
 * A crowd that joins in the same moment, while many of them give up: requests share the calls of a
 * booth, so one that ends must take no other with it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { makeSale, PREQUEUE, type Sluice, startSluice, textOf } from "./sluice.ts";

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
