/**
 * Mails on the real D1, the real Order objects and the sandbox's mail service: a mail is sent once,
 * whatever is repeated, lost or interrupted, and every failure that may pass is tried again.
 */
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { claimMail } from "../../queues/mail/mails.ts";
import { sweepMails } from "../../queues/mail/mail-outbox.ts";
import {
  MAIL_LEASE_MS,
  MAIL_OVERDUE_MS,
  MAILS_CANCELLED_MAX,
  MAILS_DECLINED_MAX,
} from "../../src/domain/limits.ts";
import { mailMessage } from "../../src/domain/mail/mail.ts";
import { replayDeadLetter } from "../../src/merchant/orders.ts";
import { findDeadLetter } from "../../src/order-book/order-book.ts";
import { pass, startClock } from "./support/clock.ts";
import { handOver } from "./support/mail.ts";
import { MailShop } from "./support/mail-shop.ts";

let shop: MailShop;
const logged: string[] = [];

beforeEach(() => {
  startClock();
  logged.length = 0;
  for (const level of ["warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: string) => logged.push(line));
  }
  shop = new MailShop();
});
afterEach(async () => {
  await shop.faults({});
  vi.restoreAllMocks();
});

const EMAIL = "ann.reader@bücher.example";

describe("an order that is confirmed", () => {
  test("gets one mail, to its buyer's address, however often the event and the message come", async () => {
    const { id, state, events } = await shop.order({ email: EMAIL });
    expect(state).toBe("confirmed");
    for (let time = 0; time < 3; time += 1) {
      expect(await shop.tell(...events)).toMatchObject({ again: [] });
      const bodies = shop.waiting.map(({ body }) => body);
      await shop.deliver();
      await shop.handOver([...bodies, ...bodies]);
    }
    const [mail, ...more] = await shop.sent(id);
    expect(more).toEqual([]);
    expect(mail).toMatchObject({
      key: `${id}:confirmed`,
      from: '"The shop" <orders@shop.example>',
      to: ["ann.reader@xn--bcher-kva.example"],
      subject: "Order confirmed: A drop",
      headers: { "X-Sluice-Mail": `${id}:confirmed`, "Auto-Submitted": "auto-generated" },
    });
    expect(mail?.text).toContain("Your payment was successful");
    expect(await shop.rows(id)).toMatchObject([
      { id: `${id}:confirmed`, state: "sent", tries: 1, service_id: mail?.id },
    ]);
    expect(shop.waiting).toEqual([]);
  });

  test("gets its mail although the queue failed at first, because the event is tried again", async () => {
    const { id, events } = await shop.order();
    shop.queueFails = true;
    expect((await shop.tell(...events)).again).toHaveLength(2);
    expect(await shop.rows(id)).toMatchObject([{ state: "pending", tries: 0 }]);
    shop.queueFails = false;
    await shop.tell(...events);
    await shop.deliver();
    expect(await shop.sent(id)).toHaveLength(1);
  });

  test("gets its mail although the message was lost, because a sweep sends another, once", async () => {
    const { id, events } = await shop.order();
    await shop.tell(...events);
    shop.waiting.length = 0;
    expect(await sweepMails(shop.env, Date.now())).toBe(0);
    pass(MAIL_OVERDUE_MS + 1);
    expect(await sweepMails(shop.env, Date.now())).toBe(1);
    expect(await sweepMails(shop.env, Date.now())).toBe(0);
    await shop.deliver();
    expect(await shop.sent(id)).toHaveLength(1);
    pass(MAIL_OVERDUE_MS + 1);
    expect(await sweepMails(shop.env, Date.now())).toBe(0);
  });

  test("gets answers sent to the reply address, and links to the configured gate", async () => {
    shop.change = {
      MAIL_REPLY_TO: "Help <help@shop.example>",
      MAIL_LINK_ORIGIN: "https://g.example",
    };
    const { id, events } = await shop.order();
    await shop.tell(...events);
    await shop.deliver();
    const [mail] = await shop.sent(id);
    expect(mail?.reply_to).toBe('"Help" <help@shop.example>');
    expect(mail?.text).toContain(`https://g.example/_sluice/shop/`);
  });
});

describe("an order that is declined", () => {
  const DECLINED = { paymentMethod: "pm_card_chargeDeclined" };

  test("gets a mail that says what to do", async () => {
    const { id, state, events } = await shop.order(DECLINED);
    expect(state).toBe("declined");
    await shop.tell(...events);
    await shop.deliver();
    const [mail] = await shop.sent(id);
    expect(mail?.subject).toBe("Payment not completed: A drop");
    expect(mail?.text).toContain("You can pay another way");
  });

  test.each([
    ["declined", MAILS_DECLINED_MAX],
    ["cancelled", MAILS_CANCELLED_MAX],
  ] as const)(
    "often %s, with the same address, gets a few mails in its sale",
    async (kind, max) => {
      const { id, events } = await shop.order(DECLINED);
      const event = events.at(-1);
      const many = Array.from({ length: max + 3 }, (_, index) => {
        const order = `${id}-${index}`;
        return { ...event, id: `${order}:2`, order, type: `order.${kind}`, state: kind };
      });
      // Orders of the same buyer in the same sale: their facts are those of the order that exists.
      shop.change = {
        ORDER: { idFromName: () => env.ORDER.idFromName(id), get: env.ORDER.get.bind(env.ORDER) },
      };
      await shop.tell(...many);
      await shop.deliver();
      const { results } = await env.ORDER_BOOK.prepare(
        "SELECT state, reason FROM mails WHERE order_id LIKE ? ORDER BY state",
      )
        .bind(`${id}-%`)
        .all();
      expect(results).toEqual([
        ...Array.from({ length: 3 }, () => ({ state: "off", reason: "too_many" })),
        ...Array.from({ length: max }, () => ({ state: "sent", reason: null })),
      ]);
    },
  );
});

describe("a mail that is turned off", () => {
  test("for the deployment is recorded as off, and never sent, also when mails are turned on", async () => {
    const { id, events } = await shop.order();
    shop.change = { MAIL_BACKEND: "off" };
    await shop.tell(...events);
    expect(shop.waiting).toEqual([]);
    expect(await shop.rows(id)).toMatchObject([{ state: "off", reason: "mail_off", tries: 0 }]);
    shop.change = {};
    await shop.tell(...events);
    pass(MAIL_OVERDUE_MS + 1);
    await sweepMails(shop.env, Date.now());
    await shop.handOver([mailMessage(`${id}:confirmed`)]);
    expect(await shop.sent(id)).toEqual([]);
  });

  test("for the deployment after its event is recorded as off when its turn comes", async () => {
    const { id, events } = await shop.order();
    await shop.tell(...events);
    shop.change = { MAIL_BACKEND: "off" };
    await shop.deliver();
    expect(await shop.rows(id)).toMatchObject([{ state: "off", reason: "mail_off" }]);
  });

  test("by the sale is not sent, and the other kinds are", async () => {
    const { id, events } = await shop.order({}, { confirmed: false });
    await shop.tell(...events);
    await shop.deliver();
    expect(await shop.rows(id)).toMatchObject([{ state: "off", reason: "sale_off" }]);
    const declined = { paymentMethod: "pm_card_chargeDeclined" };
    const other = await shop.order(declined, { confirmed: false });
    await shop.tell(...other.events);
    await shop.deliver();
    expect(await shop.sent(other.id)).toHaveLength(1);
    expect(await shop.sent(id)).toEqual([]);
  });
});

describe("a failure", () => {
  test.each(["refused", "bounced"])(
    "for good (%s) is logged with the mail and the order, without the address, and not repeated",
    async (fault) => {
      const { id, events } = await shop.order({ email: EMAIL });
      await shop.faults({ [fault]: 1 });
      await shop.tell(...events);
      await shop.deliver();
      const [row] = await shop.rows(id);
      expect(row).toMatchObject({ state: "failed", tries: 1 });
      expect(row?.reason).toMatch(/^answered_422_/);
      expect(shop.waiting).toEqual([]);
      const line = logged.find((each) => each.includes('"not_sent"')) ?? "";
      expect(JSON.parse(line)).toMatchObject({
        at: "mail",
        mail: `${id}:confirmed`,
        order: id,
        state: "failed",
      });
      expect(logged.join("\n")).not.toMatch(/ann|bücher|bcher/);
    },
  );

  test("without an effect is tried again after a growing wait, until the mail is sent", async () => {
    const { id, events } = await shop.order();
    await shop.faults({ failed: 1 });
    await shop.tell(...events);
    await shop.deliver();
    const delays_s: number[] = [];
    for (let time = 0; time < 3; time += 1) {
      delays_s.push(...shop.waiting.map(({ delay_s }) => delay_s));
      await shop.deliver();
    }
    expect(delays_s.toSorted((a, b) => a - b)).toEqual(delays_s);
    expect(await shop.rows(id)).toMatchObject([{ state: "pending", tries: 4 }]);
    await shop.faults({});
    await shop.deliver();
    expect(await shop.sent(id)).toHaveLength(1);
    expect(await shop.rows(id)).toMatchObject([{ state: "sent", tries: 5 }]);
  });

  test("whose answer was lost after the mail was sent leads to no second mail, by the key", async () => {
    const { id, events } = await shop.order();
    await shop.faults({ answerLost: 1 });
    await shop.tell(...events);
    await shop.deliver();
    expect(await shop.rows(id)).toMatchObject([{ state: "pending" }]);
    await shop.deliver();
    expect(await shop.sent(id)).toHaveLength(1);
    expect(await shop.rows(id)).toMatchObject([{ state: "sent", tries: 2 }]);
  });

  test("of a service that is busy uses up no try", async () => {
    const { id, events } = await shop.order();
    await shop.faults({ busy: 1 });
    await shop.tell(...events);
    for (let time = 0; time < 15; time += 1) await shop.deliver();
    expect(await shop.rows(id)).toMatchObject([{ state: "pending", tries: 0 }]);
    await shop.faults({});
    await shop.deliver();
    expect(await shop.sent(id)).toHaveLength(1);
  });

  test("of the settings makes mails wait, and the log names the variable and no value", async () => {
    const { id, events } = await shop.order();
    shop.change = { MAIL_FROM: "nobody-s3cret", MAIL_API_KEY: "" };
    await shop.tell(...events);
    await shop.deliver();
    expect(await shop.rows(id)).toMatchObject([
      { state: "pending", reason: "not_configured", tries: 0 },
    ]);
    const all = logged.join("\n");
    expect(all).toContain("MAIL_FROM must be an address");
    expect(all).toContain("MAIL_API_KEY is missing");
    expect(all).not.toContain("s3cret");
    shop.change = {};
    await shop.deliver();
    expect(await shop.sent(id)).toHaveLength(1);
  });

  test("of a sale that cannot be read makes its mails wait", async () => {
    const { id, events } = await shop.order();
    const name = `sale:${events[0]?.sale}`;
    const kept = (await env.CONFIG.get(name)) ?? "";
    await env.CONFIG.delete(name);
    // Another namespace in name, because an isolate remembers the sales of one it knows.
    shop.change = {
      CONFIG: new Proxy(env.CONFIG, { get: (kv, name) => Reflect.get(kv, name).bind(kv) }),
      // The orders Worker has no binding to the list of sales.
      SALE_LIST: undefined,
    };
    await shop.tell(...events);
    await shop.deliver();
    expect(await shop.rows(id)).toMatchObject([{ state: "pending", reason: "sale_unread" }]);
    await env.CONFIG.put(name, kept);
    await shop.deliver();
    expect(await shop.sent(id)).toHaveLength(1);
  });
});

describe("a crash", () => {
  test("before the mail was sent: it is sent when the lease is over", async () => {
    const { id, events } = await shop.order();
    await shop.tell(...events);
    const claim = await claimMail(env.ORDER_BOOK, `${id}:confirmed`, Date.now());
    expect(claim).toMatchObject({ kind: "claimed", mail: { tries: 1 } });
    const bodies = shop.waiting.splice(0).map(({ body }) => body);
    const handled = await shop.handOver(bodies);
    expect(handled).toMatchObject({ again: bodies });
    expect(handled.again_s[0]).toBeGreaterThanOrEqual(MAIL_LEASE_MS / 1000 - 1);
    expect(await shop.sent(id)).toEqual([]);
    pass(MAIL_LEASE_MS + 1);
    await shop.handOver(bodies);
    expect(await shop.sent(id)).toHaveLength(1);
    expect(await shop.rows(id)).toMatchObject([{ state: "sent", tries: 2 }]);
  });

  test("of D1 between sending and recording: this isolate records it, without a second call", async () => {
    const { id, events } = await shop.order();
    await shop.tell(...events);
    let isDown = true;
    const prepare = (sql: string) => {
      if (isDown && sql.includes("service_id = ?6")) throw new Error("D1 is down, as planned");
      return env.ORDER_BOOK.prepare(sql);
    };
    shop.change = {
      ORDER_BOOK: new Proxy(env.ORDER_BOOK, {
        get: (book, name) => (name === "prepare" ? prepare : Reflect.get(book, name).bind(book)),
      }),
    };
    const bodies = shop.waiting.splice(0).map(({ body }) => body);
    expect(await shop.handOver(bodies)).toMatchObject({ again: bodies });
    expect(await shop.rows(id)).toMatchObject([{ state: "pending", tries: 1 }]);
    isDown = false;
    pass(MAIL_LEASE_MS + 1);
    // The service remembers nothing, so a second call would be a second mail.
    await fetch("http://sandbox.test/sandbox/mail", { method: "DELETE" });
    await shop.handOver(bodies);
    expect(await shop.sent(id)).toEqual([]);
    expect(await shop.rows(id)).toMatchObject([{ state: "sent", tries: 1 }]);
  });
});

describe("a message", () => {
  test("that cannot be read is parked; one of an unknown mail is dropped", async () => {
    const ids = ["no-mail", "no-such-mail"];
    const bodies = [{ kind: "mail" }, mailMessage("ord_x:confirmed")];
    const handled = await handOver("sluice-mails", bodies, { withEnv: shop.env, ids });
    expect(handled).toMatchObject({ acknowledged: 2, again: [] });
    expect(await findDeadLetter(env.ORDER_BOOK, "no-mail")).toMatchObject({
      queue: "sluice-mails",
      reason: "not a mail message",
    });
    expect(await findDeadLetter(env.ORDER_BOOK, "no-such-mail")).toBeNull();
  });

  test("whose retries are used up is parked, and its replay sends the mail", async () => {
    const { id, events } = await shop.order();
    await shop.tell(...events);
    const bodies = shop.waiting.splice(0).map(({ body }) => body);
    await handOver("sluice-mails-dead", bodies, { withEnv: shop.env, ids: [`dead-${id}`] });
    const context = { env: shop.env, now: Date.now() };
    expect(await replayDeadLetter(context, `dead-${id}`)).toMatchObject({ kind: "replayed" });
    await shop.deliver();
    expect(await shop.sent(id)).toHaveLength(1);
  });
});

test("the record of mails has no address", async () => {
  const { id, events } = await shop.order({ email: EMAIL });
  await shop.tell(...events);
  await shop.deliver();
  expect(await shop.sent(id)).toHaveLength(1);
  const { results } = await env.ORDER_BOOK.prepare("SELECT * FROM mails").all();
  expect(JSON.stringify(results)).not.toMatch(/ann\.reader|cher/);
});
