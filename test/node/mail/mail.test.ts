/**
 * Which event causes which mail, who sends it, and what becomes of it after each answer.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MAIL_AGE_MAX_MS } from "../../../src/domain/limits.ts";
import { mailboxText, readMailbox } from "../../../src/domain/mail/address.ts";
import { afterTry, MAIL_RETRY_DELAYS_S } from "../../../src/domain/mail/after-try.ts";
import { mailOf } from "../../../src/domain/mail/mail.ts";
import { ORDER_STATES, orderEventSchema } from "../../../src/domain/order/messages.ts";

function event(change: Readonly<Record<string, unknown>> = {}) {
  return orderEventSchema.parse({
    v: 1,
    id: "ord_1:7",
    type: "order.confirmed",
    order: "ord_1",
    sale: "air-one",
    version: 7,
    at_ms: 1000,
    placedAt_ms: 500,
    state: "confirmed",
    final: true,
    lines: [],
    total: 100,
    currency: "EUR",
    email: "ann@shoppers.example",
    reason: null,
    ...change,
  });
}

const refund = (state: string) => {
  return { id: "rf_1", amount: 50, state, by: "merchant", reason: null, failure: null };
};

describe("an event", () => {
  test.each([
    ["confirmed", "ord_1:confirmed"],
    ["declined", "ord_1:declined"],
    ["cancelled", "ord_1:cancelled"],
    ["failed", "ord_1:cancelled"],
  ] as const)("order.%s causes the mail %s", (state, id) => {
    expect(mailOf(event({ type: `order.${state}`, state }))).toMatchObject({ id, order: "ord_1" });
  });

  test("of any other state causes none", () => {
    const mailed = new Set(["confirmed", "declined", "cancelled", "failed"]);
    for (const state of ORDER_STATES.filter((each) => !mailed.has(each))) {
      expect(mailOf(event({ type: `order.${state}`, state }))).toBeNull();
    }
  });

  test("of a payment that the shopper gave up causes none, because they were there", () => {
    const givenUp = { type: "order.declined", state: "declined", reason: "given_up" };
    expect(mailOf(event(givenUp))).toBeNull();
  });

  test("of a refund causes its own mail when it has succeeded, and none before or on failure", () => {
    expect(mailOf(event({ type: "order.refunded", refund: refund("succeeded") }))).toMatchObject({
      id: "ord_1:refunded:rf_1",
      kind: "refunded",
      refund: "rf_1",
    });
    expect(mailOf(event({ type: "order.refund_pending", refund: refund("pending") }))).toBeNull();
    expect(mailOf(event({ type: "order.refund_failed", refund: refund("failed") }))).toBeNull();
    expect(mailOf(event({ type: "order.disputed" }))).toBeNull();
  });

  test("names its recipient by a digest, the same for every spelling of an address in a sale", () => {
    const of = (change: object) => mailOf(event({ ...change }))?.recipient;
    expect(of({ email: "Ann@Shoppers.example" })).toBe(of({}));
    expect(of({ sale: "other" })).not.toBe(of({}));
    expect(of({})).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("the sender", () => {
  test.each([
    ["orders@shop.example", "orders@shop.example", null],
    ["The shop <orders@shop.example>", "orders@shop.example", "The shop"],
    ['"Bücher, AG" <hallo@bücher.example>', "hallo@xn--bcher-kva.example", "Bücher, AG"],
    ["  Shop\u00A0<a@b.example> ", "a@b.example", "Shop"],
  ])("%s is read", (text, address, name) => {
    expect(readMailbox(text)).toEqual({ address, name });
  });

  test.each([
    "",
    "shop",
    "<a@b.example",
    "a@b.example, c@d.example",
    "Shop <a@b.example> x",
    "a@b.example\r\nBcc: c@d.example",
  ])("%j is refused", (text) => {
    expect(readMailbox(text)).toBeNull();
  });

  test("with any name is one line, and is read back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const read = readMailbox(`${name.replaceAll(/[<>]/g, "")} <a@b.example>`);
        if (read === null) throw new Error("not read");
        expect(mailboxText(read)).not.toMatch(/[\r\n\0]/);
      }),
    );
    expect(mailboxText({ address: "a@b.example", name: 'The "shop" \\' })).toBe(
      '"The \\"shop\\" \\\\" <a@b.example>',
    );
  });
});

describe("after a try", () => {
  const mail = { tries: 1, at_ms: 0 };

  test("that was sent, the mail is final and keeps the service's id", () => {
    expect(afterTry(mail, { kind: "sent", serviceId: "m1" }, 5, 0)).toEqual({
      state: "sent",
      reason: null,
      tries: 1,
      due_ms: 5,
      serviceId: "m1",
    });
  });

  test("that was refused for good, the mail has failed and is not tried again", () => {
    const after = afterTry(mail, { kind: "refused", reason: "bounced" }, 5, 0);
    expect(after).toMatchObject({ state: "failed", reason: "bounced" });
  });

  test("of unknown outcome, it is tried ten times within the day that a key is remembered", () => {
    let now = 0;
    let tries = 0;
    for (;;) {
      tries += 1;
      const after = afterTry({ tries, at_ms: 0 }, { kind: "unclear", reason: "r" }, now, 0);
      if (after.state === "failed") break;
      expect(after.tries).toBe(tries);
      now = after.due_ms;
    }
    expect(tries).toBe(10);
    expect(tries).toBe(MAIL_RETRY_DELAYS_S.length + 1);
    expect(now).toBeLessThan(23 * 3_600_000);
  });

  test.each([
    { kind: "busy", reason: "answered_429", after_s: 7 },
    { kind: "busy", reason: "answered_429", after_s: null },
    { kind: "misconfigured", reason: "answered_401" },
  ] as const)("that was $kind, the try does not count, for up to three days", (outcome) => {
    const after = afterTry({ tries: 4, at_ms: 0 }, outcome, 1000, 0.5);
    expect(after).toMatchObject({ state: "pending", tries: 3 });
    expect(after.due_ms).toBeGreaterThanOrEqual(8000);
    const last = afterTry({ tries: 4, at_ms: 0 }, outcome, MAIL_AGE_MAX_MS - 1, 0);
    expect(last.state).toBe("pending");
    const late = afterTry({ tries: 4, at_ms: 0 }, outcome, MAIL_AGE_MAX_MS, 0);
    expect(late).toMatchObject({ state: "failed", reason: `too_late: ${outcome.reason}` });
  });

  test("always ends, and waits at least a second and at most a day", () => {
    const outcome = fc.constantFrom(
      { kind: "busy", reason: "r", after_s: 0 } as const,
      { kind: "busy", reason: "r", after_s: 1e9 } as const,
      { kind: "misconfigured", reason: "r" } as const,
      { kind: "unclear", reason: "r" } as const,
    );
    const tries = fc.array(fc.tuple(outcome, fc.float({ min: 0, max: 1, noNaN: true })), {
      minLength: 5000,
      maxLength: 5000,
    });
    fc.assert(
      fc.property(tries, (all) => {
        let now = 0;
        let counted = 0;
        for (const [each, chance] of all) {
          const after = afterTry({ tries: counted + 1, at_ms: 0 }, each, now, chance);
          if (after.state !== "pending") return;
          expect(after.due_ms - now).toBeGreaterThanOrEqual(1000);
          expect(after.due_ms - now).toBeLessThanOrEqual(24 * 3_600_000);
          now = after.due_ms;
          counted = after.tries;
        }
        throw new Error("it never ended");
      }),
      { numRuns: 20 },
    );
  });
});
