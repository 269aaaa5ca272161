/**
 * The end of a sale over HTTP: a merchant takes it back while the secret of the draw is secret, and
 * nothing reopens the sale once anybody could read it.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectProblem, pathsOf } from "./support/problem-checks.ts";
import {
  fromNow,
  makeSale,
  NOT_OPEN,
  PREQUEUE,
  saleDocument,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;

beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

const AT_ONCE = { fairness: { revealAfterSeconds: 0 } };
const PAST = { opensAt: fromNow(-9000), startsAt: fromNow(-8000), endsAt: fromNow(-7000) };

const act = (sale: string, action: string) => {
  return sluice.merchant("POST", `/sales/${sale}/actions`, { action });
};
const put = (sale: string, change: object) => {
  const document = saleDocument(sale, { ...AT_ONCE, ...change });
  return sluice.merchant("PUT", `/sales/${sale}?force=end`, document);
};
const fairness = async (sale: string) => {
  return (await sluice.shopper("GET", `/sales/${sale}/fairness`)).body;
};
const revealed = (sale: string) => {
  return until(
    () => fairness(sale),
    ({ secret }) => secret !== null,
  );
};

describe("a sale whose secret was revealed", () => {
  const ends: [string, string, object, (sale: string) => Promise<unknown>][] = [
    ["ended by an action", "by-action", PREQUEUE, (sale) => act(sale, "end")],
    ["ended before it opened", "unopened", NOT_OPEN, (sale) => act(sale, "end")],
    ["ended by times in the past", "by-times", PREQUEUE, (sale) => put(sale, PAST)],
    ["ended by itself", "by-itself", { endsAt: fromNow(3000) }, async () => undefined],
    ["created with times in the past", "from-the-past", PAST, async () => undefined],
  ];
  test.each(ends)("%s is not reopened by any document or action", async (_, sale, times, end) => {
    await makeSale(sluice, sale, { ...AT_ONCE, ...times });
    await end(sale);
    const { secret, revealedAt, revealsAt } = await revealed(sale);
    expect([revealsAt, revealedAt]).toEqual([null, expect.any(String)]);
    const moved = { opensAt: fromNow(-60_000), startsAt: fromNow(8000), endsAt: fromNow(60_000) };
    const later = expectProblem(await put(sale, moved), 409, "secret_revealed");
    expect(pathsOf(later)).toEqual(["opensAt", "startsAt", "endsAt"]);
    const past = { opensAt: fromNow(-6000), startsAt: fromNow(-5000), endsAt: fromNow(-4000) };
    expectProblem(await put(sale, past), 409, "secret_revealed");
    const patient = { ...moved, fairness: { revealAfterSeconds: 86_400 } };
    expectProblem(await put(sale, patient), 409, "secret_revealed");
    for (const action of ["open", "start", "pause", "resume", "reopen"]) {
      expectProblem(await act(sale, action), 409, "secret_revealed");
    }
    expect((await act(sale, "end")).status).toBe(200);
    expect((await sluice.merchant("GET", `/sales/${sale}`)).body).toMatchObject({
      phase: "ended",
      revealedAt,
    });
    expect(await fairness(sale)).toMatchObject({ secret, revealedAt });
  });
});

describe("a sale that ended a moment ago", () => {
  test("goes on when its merchant takes the end back, with its secret still secret", async () => {
    const sale = "a-mistake";
    await makeSale(sluice, sale, PREQUEUE);
    const { commitment } = await fairness(sale);
    const ended = (await act(sale, "end")).body;
    expect(ended).toMatchObject({ phase: "ended", revealedAt: null });
    const wait_ms = Date.parse(String(ended["revealsAt"])) - Date.now();
    expect([wait_ms > 590_000, wait_ms <= 600_000]).toEqual([true, true]);
    const shown = { secret: null, revealsAt: ended["revealsAt"], signature: null };
    await until(
      () => fairness(sale),
      (body) => body["revealsAt"] === ended["revealsAt"],
    );
    expect(await fairness(sale)).toMatchObject(shown);
    const refused = expectProblem(await act(sale, "start"), 409, "action_not_possible");
    expect(refused.body["detail"]).toContain(String(ended["revealsAt"]));
    expect((await act(sale, "reopen")).body).toMatchObject({ phase: "prequeue", commitment });
    const joined = await sluice.shopper("POST", `/sales/${sale}/tickets`);
    expect(joined.status).toBe(201);
  });
});
