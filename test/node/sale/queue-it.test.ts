/**
 * Queue-it tokens, checked by Queue-it's own connector: who is admitted, for how long, and what is
 * refused.
 */
import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import {
  QUEUE_IT_COOKIE_MINUTES_MAX,
  QUEUE_IT_TOKEN_SECONDS_MAX,
  QUEUE_IT_TOKEN_SECONDS_MIN,
} from "../../../src/domain/limits.ts";
import { queueIdOf, queueItSchema, type QueueItRules } from "../../../src/domain/sale/queue-it.ts";
import { queueItSecretOf, signQueueItToken } from "../../../src/tokens/queue-it.ts";
import {
  askConnector,
  QUEUE_DOMAIN,
  QUEUE_IT_SECRET,
  readToken,
} from "../support/queue-it-connector.ts";

const ADMITTED = { sale: "air-one", admission: "tkt_5f2c~with_signs", session_s: 601 };
const SHOP_URL = "https://shop.example/drops/air-one?size=42";
const EVENT = { eventId: "airone" };

function rulesOf(change: Partial<QueueItRules> = {}): QueueItRules {
  return queueItSchema.parse({ eventId: "AirOne", ...change });
}

function sign(change: Partial<QueueItRules> = {}, now = Date.now()): Promise<string> {
  return signQueueItToken(QUEUE_IT_SECRET, rulesOf(change), ADMITTED, now);
}

test("a token is the documented text and the HMAC-SHA-256 of it, in hexadecimal", async () => {
  const token = await sign({}, 1_795_773_600_900);
  const text = `e_airone~q_${queueIdOf(ADMITTED)}~ts_1795773840~ce_false~cv_11~rt_queue`;
  const signature = createHmac("sha256", QUEUE_IT_SECRET).update(text).digest("hex");
  expect(token).toBe(`${text}~h_${signature}`);
});

test("for any sale and admission, the connector reads the values that were written", async () => {
  const rules = fc.record({
    eventId: fc.stringMatching(/^[A-Za-z0-9-]{1,50}$/),
    extendableCookie: fc.boolean(),
    cookieValidityMinutes: fc.option(fc.integer({ min: 1, max: QUEUE_IT_COOKIE_MINUTES_MAX }), {
      nil: undefined,
    }),
    tokenValiditySeconds: fc.integer({ min: QUEUE_IT_TOKEN_SECONDS_MIN, max: 3600 }),
  });
  const admitted = fc.record({
    sale: fc.string(),
    admission: fc.string(),
    session_s: fc.integer({ min: 30, max: 86_400 }),
  });
  await fc.assert(
    fc.asyncProperty(rules, admitted, fc.nat(4_000_000_000_000), async (given, to, now) => {
      const parsed = queueItSchema.parse(given);
      const token = await signQueueItToken(QUEUE_IT_SECRET, parsed, to, now);
      expect(token).toMatch(
        /^e_[a-z0-9-]+~q_[a-f0-9-]{36}~ts_\d+~ce_(true|false)(~cv_\d+)?~rt_queue~h_[0-9a-f]{64}$/,
      );
      const minutes = given.extendableCookie ? null : Math.ceil(to.session_s / 60);
      expect(readToken(token)).toMatchObject({
        eventId: given.eventId.toLowerCase(),
        queueId: queueIdOf(to),
        timeStamp: Math.floor(now / 1000) + given.tokenValiditySeconds,
        extendableCookie: given.extendableCookie,
        cookieValidityMinutes: given.cookieValidityMinutes ?? minutes,
        redirectType: "queue",
        queueITTokenWithoutHash: token.slice(0, token.indexOf("~h_")),
      });
    }),
    { numRuns: 50 },
  );
});

test("the same admission has the same queue id, and another admission has another", () => {
  expect(queueIdOf(ADMITTED)).toBe(queueIdOf({ ...ADMITTED }));
  expect(queueIdOf(ADMITTED)).not.toBe(queueIdOf({ ...ADMITTED, admission: "tkt_other" }));
  expect(queueIdOf(ADMITTED)).not.toBe(queueIdOf({ ...ADMITTED, sale: "air-two" }));
});

describe("Queue-it's connector", () => {
  const ask = (token: string, more: object = {}, setting: object = {}) => {
    return askConnector({ url: SHOP_URL, token, ...more }, { ...EVENT, ...setting });
  };

  test("admits with a token, and afterwards by its own cookie", async () => {
    const first = await ask(await sign());
    expect(first.sendsTo).toBeNull();
    expect(Object.values(first.cookies)[0]).toContain(`QueueId=${queueIdOf(ADMITTED)}`);
    expect(Object.values(first.cookies)[0]).toContain("RedirectType=queue");
    const second = await ask("", { cookies: first.cookies });
    expect(second.sendsTo).toBeNull();
  });

  test("extends the cookie of an extendable token, and not that of a fixed one", async () => {
    const fixed = await ask(await sign());
    expect(Object.values(fixed.cookies)[0]).toContain("FixedValidityMins=11");
    expect((await ask("", { cookies: fixed.cookies })).cookies).toEqual({});
    const extendable = await ask(await sign({ extendableCookie: true }));
    expect(Object.values(extendable.cookies)[0]).not.toContain("FixedValidityMins");
    const again = await ask("", { cookies: extendable.cookies });
    expect(Object.keys(again.cookies)).toEqual(Object.keys(extendable.cookies));
  });

  test("sends a shopper without a token to the queue", async () => {
    const { sendsTo } = await ask("");
    expect(sendsTo).toContain(`https://${QUEUE_DOMAIN}/`);
  });

  test("refuses an expired token, and not a second earlier", async () => {
    const now = Date.parse("2026-11-27T10:00:00Z");
    const token = await sign({ tokenValiditySeconds: 60 }, now);
    vi.useFakeTimers({ now: now + 60_000 });
    expect((await ask(token)).sendsTo).toBeNull();
    vi.setSystemTime(now + 61_000);
    expect((await ask(token)).sendsTo).toContain("/error/timestamp/");
    vi.useRealTimers();
  });

  test("refuses a token of another event", async () => {
    expect((await ask(await sign({ eventId: "airtwo" }))).sendsTo).toContain("/error/eventid/");
  });

  test("refuses a token signed with another secret", async () => {
    const token = await signQueueItToken("another secret", rulesOf(), ADMITTED, Date.now());
    expect((await ask(token)).sendsTo).toContain("/error/hash/");
  });

  test("refuses a token with any one character changed", async () => {
    const token = await sign();
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), async (at) => {
        const other = token[at] === "1" ? "2" : "1";
        const tampered = token.slice(0, at) + other + token.slice(at + 1);
        const { sendsTo } = await ask(tampered);
        expect(sendsTo).toContain(`https://${QUEUE_DOMAIN}/`);
      }),
      { numRuns: 60 },
    );
  });
});

describe("a sale's rules for Queue-it", () => {
  test.each([
    ["eventId", "", false],
    ["eventId", "with_sign", false],
    ["eventId", "with~sign", false],
    ["eventId", "a".repeat(50), true],
    ["eventId", "a".repeat(51), false],
    ["customerId", "acme", true],
    ["customerId", "a b", false],
    ["tokenValiditySeconds", QUEUE_IT_TOKEN_SECONDS_MIN, true],
    ["tokenValiditySeconds", QUEUE_IT_TOKEN_SECONDS_MIN - 1, false],
    ["tokenValiditySeconds", QUEUE_IT_TOKEN_SECONDS_MAX, true],
    ["tokenValiditySeconds", QUEUE_IT_TOKEN_SECONDS_MAX + 1, false],
    ["cookieValidityMinutes", 0, false],
    ["cookieValidityMinutes", QUEUE_IT_COOKIE_MINUTES_MAX, true],
    ["cookieValidityMinutes", QUEUE_IT_COOKIE_MINUTES_MAX + 1, false],
    ["secret", "never in a sale", false],
  ])("%s may be %j: %s", (field, value, isGood) => {
    const parsed = queueItSchema.safeParse({ eventId: "airone", [field]: value });
    expect(parsed.success).toBe(isGood);
  });

  test("an empty secret counts as none", () => {
    expect(queueItSecretOf({ ISSUER: "sluice" })).toBeNull();
    expect(queueItSecretOf({ ISSUER: "sluice", QUEUE_IT_SECRET: "" })).toBeNull();
    expect(queueItSecretOf({ ISSUER: "sluice", QUEUE_IT_SECRET: "s" })).toBe("s");
  });
});
