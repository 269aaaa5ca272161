/**
 * The line as its shoppers see it: who is called, what stops the calls, and that anybody can check
 * the draw.
 */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../simulation/crowd/gate-answers.ts";
import { claimsOf, rankReader, seedDue } from "../../simulation/drill/fairness.ts";
import { expectProblem } from "./support/problem-checks.ts";
import {
  type Answer,
  auditOf,
  finalOrder,
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

function act(sale: string, action: string): Promise<Answer> {
  return sluice.merchant("POST", `/sales/${sale}/actions`, { action });
}

async function join(sale: string): Promise<string> {
  return textOf(await sluice.shopper("POST", `/sales/${sale}/tickets`), "ticket");
}

/** The requests of a shopper who waits. */
function shopperIn(sale: string, ticket: string) {
  const headers = { "sluice-ticket": ticket };
  const standing = () => sluice.shopper("GET", `/sales/${sale}/status`, { headers });
  const claim = () => sluice.shopper("POST", `/sales/${sale}/admissions`, { headers });
  const reaches = (state: string) => until(standing, ({ body }) => body["state"] === state);
  return { standing, claim, reaches };
}

const ONE_SHOE = (sale: string, stock: number) => {
  return { items: [{ sku: `${sale}-shoe`, name: "A shoe", price: 12_900, stock }] };
};

test("when the last unit is sold the line sees sold_out, and a restock calls the next", async () => {
  const sale = "last-shoe";
  const admission = { ratePerMinute: 6000, maxActive: 10, overcall: 1 };
  await makeSale(sluice, sale, { ...PREQUEUE, ...ONE_SHOE(sale, 1), admission });
  const tickets = [await join(sale), await join(sale)];
  await act(sale, "start");
  const line = tickets.map((ticket) => shopperIn(sale, ticket));
  const ranks = await Promise.all(
    line.map(async ({ standing }) => {
      const ranked = await until(standing, ({ body }) => body["rank"] !== null);
      return contract.standingSchema.parse(ranked.body).rank;
    }),
  );
  expect(new Set(ranks)).toEqual(new Set([0, 1]));
  const first = line[ranks.indexOf(0)];
  const second = line[ranks.indexOf(1)];
  if (first === undefined || second === undefined) throw new Error("two were in line");

  await first.reaches("called");
  const { body: next } = await second.standing();
  expect(next).toMatchObject({ state: "queued", position: 1, odds: expect.any(Number) });
  expectProblem(await second.claim(), 409, "not_called");
  const me = { "sluice-admission": textOf(await first.claim(), "admission") };
  const placed = await placeOrder(sluice, me, "last", orderBody(sale));
  expect((await finalOrder(sluice, placed)).body["state"]).toBe("confirmed");

  const soldOut = await second.reaches("sold_out");
  expect(soldOut.body).toMatchObject({ odds: 0, stock: [{ level: "out", available: null }] });
  expectProblem(await second.claim(), 409, "not_called");
  const seen = await sluice.shopper("GET", `/sales/${sale}`);
  expect(seen.body).toMatchObject({ soldOut: true, items: [{ stock: { level: "out" } }] });

  const movement = { id: "found", kind: "receive", quantity: 1, reason: "found behind a shelf" };
  const path = `/skus/${sale}-shoe/movements`;
  expect((await sluice.merchant("POST", path, movement)).status).toBe(201);
  await second.reaches("called");
  expect((await second.claim()).status).toBe(201);
  const audit = await auditOf(sluice, sale);
  expect(audit).toMatchObject({
    tickets: 2,
    called: 2,
    claimed: 2,
    lapsed: 0,
    spent: 1,
    active: 1,
  });
});

test("units that become available one by one go to the next shoppers in the order of the line", async () => {
  const sale = "one-by-one";
  const admission = { ratePerMinute: 6000, maxActive: 10, overcall: 1 };
  await makeSale(sluice, sale, { ...PREQUEUE, ...ONE_SHOE(sale, 1), admission });
  const tickets = await Promise.all(Array.from({ length: 4 }, () => join(sale)));
  await act(sale, "start");
  const ranked = await Promise.all(
    tickets.map(async (ticket) => {
      const { standing } = shopperIn(sale, ticket);
      const { body } = await until(standing, (answer) => answer.body["rank"] !== null);
      return { ticket, rank: contract.standingSchema.parse(body).rank ?? -1 };
    }),
  );
  const inOrder = ranked.toSorted((a, b) => a.rank - b.rank);
  for (const [rank, { ticket }] of inOrder.entries()) {
    const next = shopperIn(sale, ticket);
    await next.reaches("called");
    const claimed = await next.claim();
    const me = { "sluice-admission": textOf(claimed, "admission") };
    const buyer = { email: `rank-${rank}@shoppers.example` };
    const placed = await placeOrder(sluice, me, "one", orderBody(sale, { buyer }));
    expect((await finalOrder(sluice, placed)).body["state"]).toBe("confirmed");
    const behind = inOrder.slice(rank + 1).map((later) => shopperIn(sale, later.ticket));
    for (const later of behind) {
      await later.reaches("sold_out");
      expectProblem(await later.claim(), 409, "not_called");
    }
    const movement = { id: `back-${rank}`, kind: "receive", quantity: 1, reason: "came back" };
    await sluice.merchant("POST", `/skus/${sale}-shoe/movements`, movement);
  }
  expect(await auditOf(sluice, sale)).toMatchObject({ tickets: 4, called: 4, spent: 4, lapsed: 0 });
});

test("a pause stops calls and claims, a message is shown within 2 s, and the end is final", async () => {
  const sale = "paused";
  await makeSale(sluice, sale, PREQUEUE);
  const shopper = shopperIn(sale, await join(sale));
  await act(sale, "start");
  await shopper.reaches("called");
  await act(sale, "pause");
  await shopper.reaches("paused");
  const refused = expectProblem(await shopper.claim(), 409, "not_called");
  expect(refused.body["standing"]).toMatchObject({ state: "paused" });

  const change = { message: "We are back in five minutes.", maxActive: 7, ratePerMinute: 60 };
  const changed = await sluice.merchant("PATCH", `/sales/${sale}/admission`, change);
  const patched_ms = Date.now();
  expect(changed.body).toMatchObject(change);
  await until(shopper.standing, ({ body }) => body["message"] === change.message);
  expect(Date.now() - patched_ms).toBeLessThan(2000);
  expect((await sluice.shopper("GET", `/sales/${sale}`)).body["message"]).toBe(change.message);
  await sluice.merchant("PATCH", `/sales/${sale}/admission`, { message: null });
  await until(shopper.standing, ({ body }) => body["message"] === null);

  expect((await act(sale, "resume")).body).toMatchObject({ paused: false });
  await shopper.reaches("called");
  expect((await act(sale, "end")).body).toMatchObject({ phase: "ended" });
  expect((await act(sale, "end")).status).toBe(200);
  await shopper.reaches("ended");
  expectProblem(await shopper.claim(), 410, "sale_over");
  expectProblem(await sluice.shopper("POST", `/sales/${sale}/tickets`), 410, "sale_over");
});

test("the seats limit how many are inside, and a claim without a free seat keeps its turn", async () => {
  const sale = "two-seats";
  const admission = { ratePerMinute: 6000, maxActive: 2, overcall: 1000 };
  await makeSale(sluice, sale, { ...PREQUEUE, admission });
  const line = await Promise.all(
    Array.from({ length: 4 }, async () => shopperIn(sale, await join(sale))),
  );
  await act(sale, "start");
  const called = async () => {
    const states = await Promise.all(line.map(({ standing }) => standing()));
    return line.filter((_, index) => states[index]?.body["state"] === "called");
  };
  const [one, two] = await until(called, ({ length }) => length === 2);
  if (one === undefined || two === undefined) throw new Error("two were called");
  await sluice.merchant("PATCH", `/sales/${sale}/admission`, { maxActive: 1 });
  const claimed = await one.claim();
  expect(claimed.status).toBe(201);
  const full = expectProblem(await two.claim(), 409, "not_called");
  expect(full.body["standing"]).toMatchObject({ state: "called" });
  expect(full.headers.get("retry-after")).toBe("2");
  expect(await auditOf(sluice, sale)).toMatchObject({ active: 1, called: 2 });
  const headers = { "sluice-admission": textOf(claimed, "admission") };
  await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers });
  expect((await until(two.claim, ({ status }) => status === 201)).status).toBe(201);
  expect(await auditOf(sluice, sale)).toMatchObject({ active: 1, left: 1, claimed: 2 });
});

test("a turn that is not claimed lapses, and the next shopper is called", async () => {
  const sale = "no-show";
  const admission = { ratePerMinute: 6000, maxActive: 10, overcall: 1, claimWindowSeconds: 5 };
  await makeSale(sluice, sale, { ...PREQUEUE, ...ONE_SHOE(sale, 1), admission });
  const line = await Promise.all(
    Array.from({ length: 2 }, async () => shopperIn(sale, await join(sale))),
  );
  await act(sale, "start");
  const standings = () => Promise.all(line.map(({ standing }) => standing()));
  const states = (answers: Answer[]) => new Set(answers.map(({ body }) => body["state"]));
  const passedOn = (seen: Set<unknown>) => seen.has("called") && seen.has("lapsed");
  const end = await until(standings, (answers) => passedOn(states(answers)));
  const lapsed = line[end.findIndex(({ body }) => body["state"] === "lapsed")];
  if (lapsed === undefined) throw new Error("nobody lapsed");
  expectProblem(await lapsed.claim(), 410, "turn_lapsed");
  const audit = await auditOf(sluice, sale);
  expect(audit).toMatchObject({ tickets: 2, called: 2, claimed: 0, lapsed: 1 });
});

test("all ranks follow from the manifests, which follow from the committed secret", async () => {
  const sale = "fair-draw";
  const fairness = { revealAfterSeconds: 0 };
  await makeSale(sluice, sale, { ...PREQUEUE, expectedShoppers: 20_000, fairness });
  const draw = async () => (await sluice.shopper("GET", `/sales/${sale}/fairness`)).body;
  const before = contract.fairnessSchema.parse(await draw());
  expect(before.secret).toBeNull();
  expect((await sluice.shopper("GET", `/sales/${sale}`)).body["fairness"]).toMatchObject({
    commitment: before.commitment,
  });
  const early = await Promise.all(Array.from({ length: 40 }, () => join(sale)));
  await sluice.merchant("PATCH", `/sales/${sale}/admission`, { maxActive: 1 });
  await act(sale, "start");
  const late = await Promise.all(Array.from({ length: 5 }, () => join(sale)));
  const tickets = [...early, ...late];
  const answers = await Promise.all(
    tickets.map((ticket) => {
      const { standing } = shopperIn(sale, ticket);
      return until(standing, ({ body }) => body["rank"] !== null);
    }),
  );
  const answered = answers.map(({ body }) => contract.standingSchema.parse(body).rank);
  expect(new Set(answered).size).toBe(45);
  expect(Math.max(...answered.slice(0, 40).map(Number))).toBeLessThan(
    Math.min(...answered.slice(40).map(Number)),
  );

  const last = Math.max(...tickets.map((ticket) => claimsOf(ticket)?.cohort ?? 0));
  const manifests = await Promise.all(
    Array.from({ length: last + 1 }, async (_, k) => {
      const answer = await sluice.shopper("GET", `/sales/${sale}/cohorts/general/${k}`);
      expect(answer.headers.get("cache-control")).toContain("immutable");
      return contract.manifestSchema.parse(answer.body);
    }),
  );
  const rankOf = rankReader(manifests);
  const recomputed = tickets.map((ticket) => {
    const claims = claimsOf(ticket);
    return claims === null ? null : rankOf(claims);
  });
  expect(recomputed).toEqual(answered);
  expect(answered.slice(0, 40)).not.toEqual(
    answered.slice(0, 40).toSorted((a, b) => Number(a) - Number(b)),
  );

  await act(sale, "end");
  const after = await until(draw, ({ secret }) => secret !== null);
  const { secret, commitment } = contract.fairnessSchema.parse(after);
  expect(commitment).toBe(before.commitment);
  const bytes = Buffer.from(secret ?? "", "hex");
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(commitment);
  for (const manifest of manifests) expect(manifest.seed).toBe(seedDue(secret ?? "", manifest));
  // Those before the start were drawn with a round of the beacon.
  expect(manifests.map(({ draw }) => typeof draw?.beacon === "string")).toEqual(
    manifests.map((_, k) => k === 0),
  );
});
