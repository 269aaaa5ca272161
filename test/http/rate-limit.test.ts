/**
 * The rate limits of wrangler.toml: writes over the limit are refused with Retry-After, reads are
 * not limited, and one address does not use up another's limit.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectProblem } from "./support/problem-checks.ts";
import { makeSale, PREQUEUE, type Sluice, startSluice, textOf } from "./support/sluice.ts";

const SALE = "limited";
const PER_ADDRESS = 120;
const PER_SUBJECT = 60;
let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice({ rateLimits: "configured" });
  await makeSale(sluice, SALE, PREQUEUE);
});
afterAll(() => sluice.stop());

const from = (address: string) => ({ "cf-connecting-ip": address });
const join = (headers: Record<string, string>) => {
  return sluice.shopper("POST", `/sales/${SALE}/tickets`, { headers });
};

async function untilRefused(headers: Record<string, string>, most: number) {
  for (let sent = 1; sent <= most; sent += 1) {
    const answer = await join(headers);
    if (answer.status !== 201 && answer.status !== 200) return { sent, answer };
  }
  throw new Error(`${most} requests were not refused`);
}

test("an address with too many writes gets Retry-After, and can still read", async () => {
  const { sent, answer } = await untilRefused(from("192.0.2.1"), 2 * PER_ADDRESS + 1);
  expect(sent).toBeGreaterThan(PER_ADDRESS);
  expectProblem(answer, 429, "rate_limited");
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  const look = await sluice.shopper("GET", `/sales/${SALE}`, { headers: from("192.0.2.1") });
  expect(look.status).toBe(200);
  expect((await join(from("192.0.2.2"))).status).toBe(201);
});

test("a shopper with too many writes is refused from every address, and others are not", async () => {
  const ticket = textOf(await join(from("192.0.2.3")), "ticket");
  const headers = { "sluice-ticket": ticket };
  const { sent, answer } = await untilRefused(headers, 2 * PER_SUBJECT + 1);
  expect(sent).toBeGreaterThan(PER_SUBJECT);
  expectProblem(answer, 429, "rate_limited");
  expectProblem(await join({ ...headers, ...from("192.0.2.4") }), 429, "rate_limited");
  expect((await join(from("192.0.2.4"))).status).toBe(201);
});

test("an address with too many challenges gets Retry-After, and can still join", async () => {
  const sale = "limited-work";
  const protection = { kind: "altcha", maxNumber: 2, cost: 1 };
  await makeSale(sluice, sale, { ...PREQUEUE, protection });
  const ask = (address: string) => {
    return sluice.shopper("GET", `/sales/${sale}/challenge`, { headers: from(address) });
  };
  let answer = await ask("192.0.2.9");
  let requests = 1;
  for (; answer.status === 200 && requests <= 2 * PER_ADDRESS; requests += 1) {
    answer = await ask("192.0.2.9");
  }
  expect(requests).toBeGreaterThan(PER_ADDRESS);
  expectProblem(answer, 429, "rate_limited");
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await join(from("192.0.2.9"))).status).toBe(201);
  expect((await ask("192.0.2.10")).status).toBe(200);
});
