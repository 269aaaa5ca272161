/**
 * A shop that sends mails: the orders Worker with the sandbox's mail service, and a queue of mails
 * whose messages wait for the test.
 *
 * Guarantee: what was sent into the queue comes out once, unless the test repeats or loses it.
 */
import { env } from "cloudflare:workers";
import { z } from "zod";
import type { MailKind } from "../../../src/domain/mail/mail.ts";
import { orderEventSchema, type OrderEvent } from "../../../src/domain/order/messages.ts";
import type { OrderIntent } from "../../../src/domain/order/order.ts";
import { pass } from "./clock.ts";
import { handOver, takeSentWhen, type Handled } from "./mail.ts";
import { intentOf, letIn, openSale, orderOf, saleDocument } from "./shop.ts";

const SANDBOX = "http://sandbox.test";

const mailsSchema = z.object({
  mails: z.array(
    z.object({
      id: z.string(),
      key: z.string(),
      from: z.string(),
      to: z.array(z.string()),
      reply_to: z.string().optional(),
      subject: z.string(),
      text: z.string(),
      html: z.string(),
      headers: z.record(z.string(), z.string()),
    }),
  ),
});
export type SentMail = z.infer<typeof mailsSchema>["mails"][number];

export interface MailRow {
  readonly id: string;
  readonly kind: MailKind;
  readonly state: string;
  readonly reason: string | null;
  readonly tries: number;
  readonly due_ms: number;
  readonly service_id: string | null;
}

interface Waiting {
  readonly body: unknown;
  readonly delay_s: number;
}

export class MailShop {
  readonly waiting: Waiting[] = [];
  /** The queue takes nothing. */
  queueFails = false;
  /** Changes to the bindings of the orders Worker. */
  change: Readonly<Record<string, unknown>> = {};

  get env(): typeof env {
    const MAILS_QUEUE = new Proxy(env.MAILS_QUEUE, {
      get: (real, member): unknown => {
        if (member === "send") return this.#send;
        return member === "sendBatch" ? this.#sendBatch : Reflect.get(real, member);
      },
    });
    const settings = {
      MAIL_BACKEND: "http",
      MAIL_API_URL: `${SANDBOX}/emails`,
      MAIL_API_KEY: "re_test",
      MAIL_FROM: "The shop <orders@shop.example>",
      MAIL_REPLY_TO: "",
      MAIL_LINK_ORIGIN: "",
      BACKENDS_ALLOW_HTTP: "on",
    };
    return { ...env, MAILS_QUEUE, ...settings, ...this.change };
  }

  readonly #send = async (body: unknown, { delaySeconds = 0 }: QueueSendOptions = {}) => {
    if (this.queueFails) throw new Error("the queue takes nothing, as planned");
    this.waiting.push({ body, delay_s: delaySeconds });
  };

  readonly #sendBatch = async (messages: Iterable<MessageSendRequest>) => {
    for (const { body } of messages) await this.#send(body);
  };

  /** Events come to the orders Worker, as the outboxes of orders send them. */
  tell(...events: readonly unknown[]): Promise<Handled> {
    return handOver("sluice-events", events, { withEnv: this.env });
  }

  /** Lets the longest of the delays pass and hands over all that waits. */
  deliver(): Promise<Handled> {
    const messages = this.waiting.splice(0);
    pass(Math.max(0, ...messages.map(({ delay_s }) => delay_s)) * 1000);
    return this.handOver(messages.map(({ body }) => body));
  }

  handOver(bodies: readonly unknown[]): Promise<Handled> {
    return handOver("sluice-mails", bodies, { withEnv: this.env });
  }

  /**
   * An order that has come to its end, with the events that it has sent.
   * @param rules `checkout.mail` of its sale
   */
  async order(
    change: Partial<OrderIntent> = {},
    rules: Readonly<Record<string, boolean>> = {},
  ): Promise<{ readonly id: string; readonly state: string; readonly events: OrderEvent[] }> {
    orders += 1;
    const sku = `MAILED-${orders}`;
    const sale = await openSale(saleDocument([{ sku, stock: 5 }], { checkout: { mail: rules } }));
    const buyer = `buyer-${orders}`;
    await letIn(sale, buyer);
    const intent = intentOf(sale, buyer, { [sku]: 1 }, { payment: PAYMENT, ...change });
    await orderOf(intent.id).place(intent);
    await handOver("sluice-orders", await takeSentWhen("sluice-orders", 1));
    const events = z.array(orderEventSchema).parse(await takeSentWhen("sluice-events", 2));
    const state = (await orderOf(intent.id).view())?.order.state ?? "none";
    return { id: intent.id, state, events };
  }

  async rows(order: string): Promise<MailRow[]> {
    const { results } = await env.ORDER_BOOK.prepare(
      "SELECT * FROM mails WHERE order_id = ? ORDER BY id",
    )
      .bind(order)
      .all<MailRow & Record<string, unknown>>();
    return results;
  }

  /** What the sandbox has sent for an order, the oldest first. */
  async sent(order: string): Promise<SentMail[]> {
    const response = await fetch(`${SANDBOX}/sandbox/mail?limit=2000`);
    const { mails } = mailsSchema.parse(await response.json());
    return mails.filter(({ key }) => key.startsWith(`${order}:`)).toReversed();
  }

  async faults(faults: Readonly<Record<string, number>>): Promise<void> {
    await fetch(`${SANDBOX}/sandbox/mail-faults`, { method: "PUT", body: JSON.stringify(faults) });
  }
}

const PAYMENT = { description: "A drop", statementSuffix: null, methods: ["card"] };

let orders = 0;
