/**
 * Mails in the local simulation, from the order to the sandbox's mailbox: each once, shown as text
 * and as HTML, and in the merchant's view of the order.
 */
import { fetch } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  acceptedOrder,
  admit,
  connections,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice();
});
afterAll(() => sluice.stop());

const mailSchema = z.object({
  id: z.string(),
  key: z.string(),
  to: z.array(z.string()),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
});
const listSchema = z.object({ mails: z.array(mailSchema) });

async function mailsTo(address: string): Promise<z.infer<typeof mailSchema>[]> {
  const { body } = await sluice.sandbox("GET", `/sandbox/mail?to=${encodeURIComponent(address)}`);
  return listSchema.parse(body).mails;
}

/** A final order of one shoe by that address. */
async function order(sale: string, email: string, method = "pm_card_visa") {
  const headers = await admit(sluice, sale);
  const change = { buyer: { email }, payment: { method }, expectedTotal: 12_900 };
  const placed = await placeOrder(sluice, headers, `key-${email}`, orderBody(sale, change));
  await finalOrder(sluice, placed);
  return acceptedOrder(placed);
}

function shown(path: string, accept = "text/html"): ReturnType<typeof fetch> {
  return fetch(sluice.host.sandboxUrl + path, { headers: { accept }, dispatcher: connections });
}

describe("a buyer", () => {
  test("gets one mail about a confirmed order, which leads to its page", async () => {
    await makeSale(sluice, "mailed");
    const { id } = await order("mailed", "ann@shoppers.example");
    const [mail, ...more] = await until(
      () => mailsTo("ann@shoppers.example"),
      (mails) => mails.length > 0,
    );
    expect(more).toEqual([]);
    expect(mail).toMatchObject({
      key: `${id}:confirmed`,
      subject: "Order confirmed: The sale mailed",
    });
    const link = /https?:\S+/.exec(mail?.text ?? "")?.[0] ?? "";
    const page = await fetch(link, { dispatcher: connections });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("Your order is confirmed");
    const read = await until(
      () => sluice.merchant("GET", `/orders/${id}`),
      ({ body }) => JSON.stringify(body["mails"]).includes("sent"),
    );
    expect(read.body["mails"]).toMatchObject([
      { kind: "confirmed", state: "sent", tries: 1, reason: null, refund: null },
    ]);
  });

  test("gets a mail about a declined payment with what to do, and none that the sale turned off", async () => {
    await makeSale(sluice, "declined", {
      checkout: { mail: { confirmed: false } },
    });
    await order("declined", "ben@shoppers.example", "pm_card_chargeDeclined");
    const [mail] = await until(
      () => mailsTo("ben@shoppers.example"),
      (mails) => mails.length > 0,
    );
    expect(mail?.text).toContain("You can pay another way");
    const bought = await order("declined", "cid@shoppers.example");
    await until(
      () => sluice.merchant("GET", `/orders/${bought.id}`),
      ({ body }) => JSON.stringify(body["mails"]).includes("sale_off"),
    );
    expect(await mailsTo("cid@shoppers.example")).toEqual([]);
  });

  test("gets a mail about an order that the shop cancels", async () => {
    await makeSale(sluice, "cancelled");
    await sluice.sandbox("PUT", "/sandbox/faults", { rate: 1, kinds: ["error_before"] });
    const headers = await admit(sluice, "cancelled");
    const body = orderBody("cancelled", {
      buyer: { email: "dee@shoppers.example" },
      expectedTotal: 12_900,
    });
    const placed = await placeOrder(sluice, headers, "dee", body);
    const { id } = acceptedOrder(placed);
    await sluice.merchant("POST", `/orders/${id}/actions`, { action: "cancel" });
    await sluice.sandbox("DELETE", "/sandbox/faults");
    await finalOrder(sluice, placed);
    const [mail] = await until(
      () => mailsTo("dee@shoppers.example"),
      (mails) => mails.length > 0,
    );
    expect(mail?.subject).toBe("Order cancelled: The sale cancelled");
  });
});

test("every refund that has succeeded is one mail, in part and then in full", async () => {
  await makeSale(sluice, "refunded");
  const email = "fay@shoppers.example";
  const { id } = await order("refunded", email);
  await until(
    () => mailsTo(email),
    (mails) => mails.length > 0,
  );
  const refund = async (key: string, amount: number, subjects: number) => {
    const authorization = `Bearer ${sluice.host.adminToken}`;
    const headers = { authorization, "idempotency-key": key };
    const path = `/_sluice/admin/v1/orders/${id}/refunds`;
    for (let time = 0; time < 2; time += 1) {
      const { status } = await sluice.ask("POST", path, { headers, body: { amount } });
      expect(status).toBe(202);
    }
    const mails = await until(
      () => mailsTo(email),
      (all) => all.length >= subjects,
    );
    expect(mails).toHaveLength(subjects);
    return mails[0]?.text ?? "";
  };
  expect(await refund("part", 2900, 2)).toContain("Part of your order was refunded");
  const rest = await refund("rest", 10_000, 3);
  expect(rest).toContain("Your order was refunded");
  expect(rest).toMatch(/\nThis refund +€100\.00\nRefunded in all +€129\.00\n/);
});

test("Cloudflare's binding takes a mail, as the platform's own simulation of it does", async () => {
  const change = { MAIL_BACKEND: "cloudflare", MAIL_REPLY_TO: "help@shop.example" };
  const other = await startSluice({ variables: { orders: change } });
  try {
    await makeSale(other, "bound");
    const headers = await admit(other, "bound");
    const body = orderBody("bound", { expectedTotal: 12_900 });
    const placed = await placeOrder(other, headers, "key", body);
    const { id } = acceptedOrder(placed);
    const read = await until(
      () => other.merchant("GET", `/orders/${id}`),
      ({ body: { mails } }) => JSON.stringify(mails).includes("sent"),
    );
    expect(read.body["mails"]).toMatchObject([{ kind: "confirmed", state: "sent", tries: 1 }]);
  } finally {
    await other.stop();
  }
});

describe("the sandbox", () => {
  test("shows mails, the newest first, and the HTML in a frame without scripts", async () => {
    const list = await shown("/sandbox/mail");
    expect(await list.text()).toContain("Order confirmed: The sale mailed");
    const id = (await mailsTo("ann@shoppers.example"))[0]?.id ?? "";
    const page = await (await shown(`/sandbox/mail/${id}`)).text();
    expect(page).toContain('sandbox="allow-popups"');
    expect(page).toContain("Thank you for your order");
    const html = await shown(`/sandbox/mail/${id}/html`);
    expect(html.headers.get("content-security-policy")).toContain("sandbox");
    expect(await html.text()).toContain("<h1>Thank you for your order</h1>");
    expect((await shown("/sandbox/mail/none")).status).toBe(404);
  });

  test("takes mails as Resend does: a key, a body, and the same answer for both again", async () => {
    const send = (key: string, change: object = {}, authorization = "Bearer re_test") => {
      const mail = { from: "a@b.example", to: ["eve@shoppers.example"], subject: "s", ...change };
      return fetch(`${sluice.host.sandboxUrl}/emails`, {
        method: "POST",
        headers: { authorization, "content-type": "application/json", "idempotency-key": key },
        body: JSON.stringify({ text: "t", html: "h", ...mail }),
        dispatcher: connections,
      });
    };
    const [first, again] = [await send("k1"), await send("k1")];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(await first.json()).toEqual(await again.json());
    const other = await send("k1", { subject: "other" });
    expect([other.status, await other.json()]).toMatchObject([
      409,
      { name: "invalid_idempotent_request" },
    ]);
    expect(await mailsTo("eve@shoppers.example")).toHaveLength(1);
    expect((await send("k2", { to: [] })).status).toBe(422);
    expect((await send("k2", {}, "")).status).toBe(401);
    expect((await send("x".repeat(257))).status).toBe(400);
  });

  test("refuses fault settings that it does not know", async () => {
    const refused = await sluice.sandbox("PUT", "/sandbox/mail-faults", { lost: 1 });
    expect(refused.status).toBe(422);
  });
});
