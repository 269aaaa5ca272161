/**
 * A merchant's webhook endpoints on the real D1: their addresses, their secrets, their number, and
 * replays.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { WEBHOOK_ENDPOINTS_MAX } from "../../src/domain/limits.ts";
import gate from "../../src/gate.ts";
import * as merchant from "../../src/merchant/webhooks.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver } from "./support/mail.ts";
import {
  fails,
  forgetWebhooks,
  orderEvent,
  payloadIn,
  verified,
  WebhookShop,
  type Posted,
} from "./support/webhook-shop.ts";

let shop: WebhookShop;

beforeEach(async () => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
  shop = new WebhookShop();
  await forgetWebhooks();
});
afterEach(() => vi.restoreAllMocks());

describe("an address", () => {
  test("that resolves to a private one at the time of a try is not called, and the log says why", async () => {
    const { id } = await shop.endpoint();
    await shop.tell(orderEvent());
    shop.address = "169.254.169.254";
    await shop.deliver();
    expect(shop.posted).toEqual([]);
    expect(await shop.delivery(id)).toMatchObject({
      state: "pending",
      attempts: [
        {
          status: null,
          error: "not called: the address leads to 169.254.169.254, which is not public",
        },
      ],
    });
    shop.address = "93.184.215.14";
    await shop.deliver();
    expect(await shop.delivery(id)).toMatchObject({ state: "delivered", tries: 2 });
  });
});

const problem = z.object({ code: z.string(), detail: z.string() });

function registration(body: object): Request {
  return new Request("https://shop.example/_sluice/admin/v1/webhook-endpoints", {
    method: "POST",
    headers: { authorization: `Bearer ${env.ADMIN_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

describe("a secret", () => {
  test("that was rotated signs together with the new one for a day, and not longer", async () => {
    const { id, secret: old } = await shop.endpoint();
    const rotated = await merchant.rotateSecret(shop.context, id);
    if (rotated.kind !== "rotated") throw new Error(rotated.kind);
    expect(rotated.secret).not.toBe(old);
    const whoVerifies = async (): Promise<[boolean, boolean]> => {
      await shop.tell(orderEvent());
      await shop.deliver();
      const posted = shop.posted.at(-1);
      if (posted === undefined) throw new Error("nothing was posted");
      return [verified(posted, old), verified(posted, rotated.secret)];
    };
    expect(await whoVerifies()).toEqual([true, true]);
    pass(24 * 3_600_000 - 2000);
    expect(await whoVerifies()).toEqual([true, true]);
    pass(2000);
    expect(await whoVerifies()).toEqual([false, true]);
  });

  test("is nowhere in the database", async () => {
    const { secret } = await shop.endpoint();
    const { results } = await env.ORDER_BOOK.prepare("SELECT * FROM webhook_endpoints").all();
    expect(JSON.stringify(results)).not.toContain(secret.replace("whsec_", ""));
  });

  test("survives a new key of the deployment, as long as the old key is in the set", async () => {
    const jwk = (kid: string, letter: string) => ({ kty: "oct", kid, k: letter.repeat(43) });
    const keys = (...list: readonly object[]) => ({ WEBHOOK_KEYS: JSON.stringify({ keys: list }) });
    shop = new WebhookShop(keys(jwk("a", "A")));
    const { id, secret } = await shop.endpoint();
    shop = new WebhookShop(keys(jwk("b", "B"), jwk("a", "A")));
    await shop.tell(orderEvent());
    await shop.deliver();
    expect(shop.posted).toSatisfy(([posted]: Posted[]) => {
      return posted !== undefined && verified(posted, secret);
    });
    expect((await shop.endpoint()).secret).not.toBe(secret);
    shop = new WebhookShop(keys(jwk("b", "B")));
    await shop.tell(orderEvent());
    await shop.deliver();
    const last = (await shop.deliveries(id)).at(-1);
    expect(last?.attempts).toMatchObject([
      { error: "not called: WEBHOOK_KEYS does not contain the key a" },
    ]);
  });

  test.each([
    ["", "WEBHOOK_KEYS is missing"],
    ["whsec_x", "WEBHOOK_KEYS is not a JWKS of oct keys"],
    ['{"keys":[]}', "WEBHOOK_KEYS is not a JWKS of oct keys"],
    ['{"keys":[{"kty":"oct","kid":"a","k":"short"}]}', "WEBHOOK_KEYS is not a JWKS of oct keys"],
  ])(
    "cannot be derived from '%s': no endpoint is registered, and deliveries wait",
    async (keys, why) => {
      const { id } = await shop.endpoint();
      await shop.tell(orderEvent());
      const waiting = shop.waiting.splice(0).map(({ body }) => body);
      shop = new WebhookShop({ WEBHOOK_KEYS: keys });
      const asked = { url: "https://shop.example/", types: ["*"], enabled: true, description: "" };
      const refused = { kind: "webhooks_not_configured", why };
      expect(await merchant.createEndpoint(shop.context, asked)).toEqual(refused);
      expect(await merchant.rotateSecret(shop.context, id)).toEqual(refused);
      const answer = await gate.fetch(registration(asked), shop.env, createExecutionContext());
      const { code, detail } = problem.parse(await answer.json());
      expect([answer.status, code]).toEqual([503, "webhooks_not_configured"]);
      expect(detail).toContain(why);
      await handOver("sluice-webhooks", waiting, { withEnv: shop.env });
      expect(shop.posted).toEqual([]);
      expect(await shop.delivery(id)).toMatchObject({
        state: "pending",
        attempts: [{ error: `not called: ${why}` }],
      });
    },
  );
});

describe("the merchant", () => {
  test("may have endpoints up to the limit, and one more is refused, also of two at once", async () => {
    const asked = { url: "https://shop.example/", types: ["*"], enabled: true, description: "" };
    const outcomes = await Promise.all(
      Array.from({ length: WEBHOOK_ENDPOINTS_MAX + 2 }, () => {
        return merchant.createEndpoint(shop.context, asked);
      }),
    );
    const kinds = outcomes.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "created")).toHaveLength(WEBHOOK_ENDPOINTS_MAX);
    expect(outcomes).toContainEqual({
      kind: "too_many_webhook_endpoints",
      limit: WEBHOOK_ENDPOINTS_MAX,
    });
  });

  test("replays a delivered and a failed delivery, each with a new schedule", async () => {
    const { id } = await shop.endpoint();
    await shop.tell(orderEvent());
    await shop.deliver();
    const { id: delivery } = await shop.delivery(id);
    shop.answer = fails;
    expect(await merchant.replayDelivery(shop.context, delivery)).toMatchObject({
      kind: "delivery",
      delivery: { state: "pending", tries: 0 },
    });
    await shop.deliver();
    expect(shop.waiting).toMatchObject([{ delay_s: 5 }]);
    const ids = shop.posted.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(ids).size).toBe(1);
    expect(await shop.delivery(id)).toMatchObject({
      state: "pending",
      tries: 1,
      attempts: [{ status: 200 }, { status: 500 }],
    });
  });

  test("replays all events since a time, page by page, even undelivered ones, but no tests", async () => {
    await env.ORDER_BOOK.prepare("DELETE FROM events").run();
    const early = await shop.endpoint();
    await merchant.testEndpoint(shop.context, early.id);
    await shop.tell(orderEvent());
    pass(1000);
    const since_ms = Date.now();
    const wanted = Array.from({ length: 250 }, () => orderEvent());
    for (let from = 0; from < 250; from += 50) {
      await shop.tell(...wanted.slice(from, from + 50), orderEvent("declined"));
    }
    shop.waiting.length = 0;
    const late = await shop.endpoint({ types: ["order.confirmed"] });
    let after = 0;
    const pages: unknown[] = [];
    for (let page = 0; page < 5; page += 1) {
      const outcome = await merchant.replaySince(shop.context, late.id, { since_ms, after });
      if (outcome.kind !== "replaying") throw new Error(outcome.kind);
      pages.push([outcome.replayed, outcome.remaining]);
      if (outcome.next === null) break;
      after = outcome.next;
    }
    expect(pages).toEqual([
      [197, 55],
      [53, 0],
    ]);
    while (shop.waiting.length > 0) await shop.deliver();
    const got = shop.posted.map(({ headers }) => headers["webhook-id"]);
    expect(new Set(got)).toEqual(new Set(wanted.map(({ id }) => id)));
    expect(got).toHaveLength(250);
  });

  test("tests an endpoint: only that one gets the test event", async () => {
    const { id, secret } = await shop.endpoint({ types: ["sale.*"] });
    await shop.endpoint();
    const outcome = await merchant.testEndpoint(shop.context, id);
    expect(outcome).toMatchObject({ kind: "delivery", delivery: { type: "webhook.test" } });
    await shop.deliver();
    const [posted, ...more] = shop.posted;
    if (posted === undefined) throw new Error("nothing was posted");
    expect(more).toEqual([]);
    expect(verified(posted, secret)).toBe(true);
    expect(payloadIn(posted)).toMatchObject({ type: "webhook.test", data: { endpoint: id } });
    await merchant.changeEndpoint(shop.context, id, { enabled: false });
    expect(await merchant.testEndpoint(shop.context, id)).toEqual({
      kind: "webhook_endpoint_disabled",
    });
  });
});
