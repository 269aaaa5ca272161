/**
 * What becomes of an order whose payment the shop's own settings refuse, or of which the provider
 * reserves only a part.
 */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { advance, type Pipeline } from "../../../queues/pipeline.ts";
import type {
  AuthorizeOutcome,
  PaymentBackend,
  PaymentStanding,
} from "../../../src/domain/order/payment-backend.ts";
import { STANDINGS } from "../support/order-records.ts";
import { orderIn, pipelineAt } from "../support/pipeline-world.ts";

const MISTAKE = {
  kind: "misconfigured",
  code: "account_invalid",
  param: null,
  requestId: "req_1",
} as const;
const REFUSED_KEY = { ...MISTAKE, code: "api_key_expired", isKeyRefused: true } as const;
const PART = { kind: "declined", reason: "partly_authorized", mustVoid: true } as const;

let logged: unknown[] = [];
beforeEach(() => {
  logged = [];
  vi.spyOn(console, "error").mockImplementation((line) => logged.push(JSON.parse(String(line))));
});
afterEach(() => vi.restoreAllMocks());

const clock = { now: 0 };

function pipelineWith(change: Partial<PaymentBackend>): Pipeline {
  const pipeline = pipelineAt(clock, {});
  return { ...pipeline, payments: { ...pipeline.payments, ...change } };
}

describe("a mistake in the shop's settings", () => {
  test.each(["prepare", "authorize"] as const)(
    "ends the order at %s as unavailable, keeps the code, and is logged once",
    async (operation) => {
      const order = orderIn(clock, STANDINGS.authorizing, { paymentId: null });
      await advance(pipelineWith({ [operation]: async () => MISTAKE }), order.order);
      expect(order.record().standing).toEqual({ state: "declined", reason: "payment_unavailable" });
      expect(order.record().providerCode).toBe("account_invalid");
      expect(logged).toEqual([
        {
          at: "payment",
          event: "misconfigured",
          order: "ord_1",
          code: "account_invalid",
          param: null,
          request: "req_1",
        },
      ]);
    },
  );

  test("leaves an order in doubt whose key is refused after an earlier try", async () => {
    const order = orderIn(clock, STANDINGS.authorizing, { paymentId: "pay_1" });
    const lookup = async () => ({ kind: "retry", after_s: 60, reason: "the key" }) as const;
    await advance(pipelineWith({ authorize: async () => REFUSED_KEY, lookup }), order.order);
    expect(order.state()).toBe("in_doubt");
  });

  test("ends one whose key is refused before there was a try", async () => {
    const order = orderIn(clock, STANDINGS.authorizing, { paymentId: null });
    await advance(pipelineWith({ authorize: async () => REFUSED_KEY }), order.order);
    expect(order.state()).toBe("declined");
  });
});

test("a token that any browser can send is a warning, and no error of the shop's", async () => {
  const warned: unknown[] = [];
  vi.spyOn(console, "warn").mockImplementation((line) => warned.push(JSON.parse(String(line))));
  const refused = { kind: "declined", reason: "livemode_mismatch" } as const;
  const order = orderIn(clock, STANDINGS.authorizing);
  await advance(pipelineWith({ authorize: async () => refused }), order.order);
  expect(order.record().standing).toEqual({ state: "declined", reason: "livemode_mismatch" });
  const code = "livemode_mismatch";
  expect(warned).toEqual([{ at: "payment", event: "token_refused", order: "ord_1", code }]);
  expect(logged).toEqual([]);
});

describe("a payment of which only a part is reserved", () => {
  test("is voided before its order ends as declined", async () => {
    const voided = vi.fn<() => Promise<{ kind: "approved" }>>(async () => ({ kind: "approved" }));
    const order = orderIn(clock, STANDINGS.authorizing);
    const authorize = async (): Promise<AuthorizeOutcome> => PART;
    await advance(pipelineWith({ authorize, void: voided }), order.order);
    expect(voided).toHaveBeenCalledTimes(1);
    expect(order.record().standing).toEqual({ state: "declined", reason: "partly_authorized" });
  });

  test("is voided also where a look-up finds it, before and during an undo", async () => {
    const standings = [
      STANDINGS.in_doubt,
      { state: "voiding", how: "lookup", end: "failed", reason: "why", booking: null } as const,
    ];
    for (const standing of standings) {
      const events: string[] = [];
      let now: PaymentStanding = PART;
      const lookup = async () => {
        events.push("looked up");
        return { kind: "found", standing: now } as const;
      };
      const voids = async () => {
        events.push("voided");
        now = { kind: "voided" };
        return { kind: "approved" } as const;
      };
      const order = orderIn(clock, standing);
      const pipeline = pipelineWith({ lookup, void: voids });
      await advance(pipeline, order.order);
      clock.now += 600_000;
      await advance(pipeline, order.order);
      expect(events).toEqual(["looked up", "voided"]);
      expect(order.record().lease).toBe(null);
    }
  });
});
