/**
 * What each mail says: in every state the truth about the money, a way on, and why it came.
 */
import { describe, expect, test } from "vitest";
import { contentOf, type MailSubject } from "../../../src/domain/mail/content.ts";
import { renderMail } from "../../../src/domain/mail/render.ts";
import { mailFacts, mailSubject } from "../support/mail-facts.ts";

const PAGE = "https://drops.example/_sluice/shop/air-one/orders/ord_1?key=k%2F1";
const RECEIPT = "https://drops.example/_sluice/shop/air-one/receipt?order=ord_1&key=k%2F1";

function content(mail: MailSubject) {
  const made = contentOf(mail);
  if (made === null) throw new Error("there is nothing to say");
  return made;
}

async function textOf(mail: MailSubject): Promise<string> {
  return (await renderMail(content(mail))).text;
}

describe("the mail of a confirmed order", () => {
  test("has items, total, number, and the page of the order", async () => {
    const mail = mailSubject();
    expect(content(mail).subject).toBe("Order confirmed: Air One");
    const text = await textOf(mail);
    expect(text).toContain("Your payment was successful and your order is confirmed.");
    expect(text).toContain(`View your order:\n${PAGE}`);
    expect(text).toContain(`Your signed receipt, to keep:\n${RECEIPT}`);
    // A buyer who was let in at once had no place.
    expect(text).not.toContain("place in line");
    expect(text).toContain(
      "\n\n2 × Air One, size 42  €258.00\n\nTotal                 €258.00\n\n",
    );
    expect(text).toContain("Order ord_1, placed 30 November 2026 at 12:00 UTC.");
    expect(text).toContain("The shop’s reference: B-1.");
    expect(text).toContain("given with this order at Air One.");
  });

  test("itemises discount, delivery and tax, and names the address", async () => {
    const text = await textOf(
      mailSubject(
        {},
        {
          total: 27_000,
          amounts: {
            items: 25_800,
            discount: 1000,
            delivery: 500,
            tax: 1700,
            taxIncluded: 80,
            total: 27_000,
          },
          discountHint: "SUM…",
          delivery: { id: "post", name: "By post" },
          name: "Ann Reader",
          shipTo: {
            line1: "1 Low Street",
            city: "Bath",
            postalCode: "BA1 1AA",
            country: "GB",
          },
        },
      ),
    );
    expect(text).toContain(
      [
        "2 × Air One, size 42       €258.00",
        "",
        "Items                      €258.00",
        "Discount (SUM…)            -€10.00",
        "Delivery                     €5.00",
        "Tax added                   €17.00",
        "Total                      €270.00",
        "Tax already in the prices    €0.80",
      ].join("\n"),
    );
    expect(text).toContain("Delivery:\nBy post");
    expect(text).toContain(
      "Delivery address:\nAnn Reader\n1 Low Street\nBA1 1AA Bath\nUnited Kingdom",
    );
  });

  test.each([
    ["BHD", 1250, "BHD 1.250"],
    ["JPY", 1250, "¥1,250"],
    ["ISK", 1200, "ISK 12"],
  ])("writes amounts in %s as the pages do", async (currency, total, shown) => {
    const text = await textOf(mailSubject({}, { currency, total }));
    expect(text.replaceAll(/[\u00A0 ]+/g, " ")).toContain(`Total ${shown}`);
  });

  test("puts a name that is too long for the column on a line of its own", async () => {
    const name = "Air One, size 42, in the colour of the sky on a very clear morning";
    const text = await textOf(
      mailSubject({}, { total: 30_000, lines: [{ sku: "a", name, quantity: 3, price: 10_000 }] }),
    );
    expect(text).toContain(`\n\n3 × ${name}\n       €300.00\n\nTotal  €300.00\n\n`);
  });

  test("has items and amounts in one table with headers in the HTML", async () => {
    const { html } = await renderMail(content(mailSubject()));
    const cells = [...html.matchAll(/<t[dh][^>]*>(.*?)<\/t[dh]>/g)].map(([, cell]) => cell);
    const head = ["Item", "Quantity", "Price"];
    const item = ["Air One, size 42", "2", "€258.00"];
    expect(cells).toEqual([...head, ...item, "Total", "<strong>€258.00</strong>"]);
    expect(html).not.toContain("<li>");
    const [, style = ""] = /<style>(.*?)<\/style>/s.exec(html) ?? [];
    expect(style).toContain("text-align: right");
    expect(style).not.toContain("&");
  });
});

describe("the mail of a declined order", () => {
  const declined = (reason: string) => {
    return mailSubject({ kind: "declined" }, { state: "declined", reason });
  };

  test.each([
    ["insufficient_funds", "The payment was declined by the bank or payment service."],
    ["payment_unavailable", "The shop cannot take this payment right now."],
    ["action_abandoned", "The payment was not confirmed with the bank in time."],
    ["limit_reached", "This order would be more than the shop sells to one buyer."],
  ])("because of %s says so, and that nothing was charged", async (reason, said) => {
    const text = await textOf(declined(reason));
    expect(text).toContain(`${said} You have not been charged.`);
    expect(text).toContain("30 November 2026 at 12:10 UTC");
    expect(text).toContain(PAGE);
  });

  test("says what to do, and nothing that the shopper typed", async () => {
    const mail = mailSubject(
      { kind: "declined" },
      { state: "declined", name: "Cheap pills at pills.example", shipTo: { line1: "pills" } },
    );
    const { html, text } = await renderMail(content(mail));
    expect(text).toContain("You can pay another way: your items are reserved for you until");
    expect(html + text).not.toContain("pills");
  });
});

describe("the mail of a cancelled order", () => {
  test.each([
    ["cancelled", "Your order was cancelled", "The shop has cancelled your order."],
    ["failed", "Your order could not be completed", "The shop could not complete your order"],
  ])("that is %s says that nothing is to be paid", async (state, heading, said) => {
    const text = await textOf(mailSubject({ kind: "cancelled" }, { state }));
    expect(text).toContain(heading);
    expect(text).toContain(said);
    expect(text).toContain("You do not pay anything.");
  });
});

describe("the mail of a refund", () => {
  const refund = (id: string, amount: number, updatedAt_ms: number, state = "succeeded" as const) =>
    ({ id, amount, updatedAt_ms, state }) as const;

  test("in full says so", async () => {
    const refunds = [refund("rf_1", 25_800, 1)];
    const text = await textOf(mailSubject({ kind: "refunded", refund: "rf_1" }, { refunds }));
    expect(text).toContain("Your order was refunded");
    expect(text).toContain("The shop has refunded €258.00");
    expect(text).not.toContain("Refunded in all");
  });

  test("in part says how much, and how much in all up to then", async () => {
    const refunds = [refund("rf_1", 5000, 1), refund("rf_2", 800, 2), refund("rf_3", 20_000, 3)];
    const first = await textOf(mailSubject({ kind: "refunded", refund: "rf_1" }, { refunds }));
    expect(first).toContain("Part of your order was refunded");
    expect(first).not.toContain("Refunded in all");
    const second = await textOf(mailSubject({ kind: "refunded", refund: "rf_2" }, { refunds }));
    expect(second).toContain("This refund             €8.00\nRefunded in all        €58.00\n");
    const last = await textOf(mailSubject({ kind: "refunded", refund: "rf_3" }, { refunds }));
    expect(last).toContain("Your order was refunded");
  });

  test("that has failed since, or is unknown, is not written", () => {
    const refunds = [{ id: "rf_1", amount: 5000, updatedAt_ms: 1, state: "failed" as const }];
    expect(contentOf(mailSubject({ kind: "refunded", refund: "rf_1" }, { refunds }))).toBeNull();
    expect(contentOf(mailSubject({ kind: "refunded", refund: "rf_9" }, { refunds }))).toBeNull();
  });
});

describe("the links to the order and its receipt", () => {
  const links = (mail: MailSubject) => content(mail).links.map(({ url }) => url);

  test("lead to the gate that the order was placed at, or to the one that is configured", () => {
    expect(links(mailSubject())).toEqual([PAGE, RECEIPT]);
    expect(links(mailSubject({ origin: "https://gate.example" }))).toEqual([
      "https://gate.example/_sluice/shop/air-one/orders/ord_1?key=k%2F1",
      "https://gate.example/_sluice/shop/air-one/receipt?order=ord_1&key=k%2F1",
    ]);
  });

  test("are left out where the order returns to the shop's own page and no gate is configured", () => {
    const facts = { returnUrl: "https://shop.example/thanks" };
    expect(links(mailSubject({}, facts))).toEqual([]);
    expect(links(mailSubject({}, { returnUrl: "javascript:alert(1)" }))).toEqual([]);
    // The one who places an order names these, and its key must not be sent there.
    for (const named of ["https://evil.example/_sluice/shop/x", PAGE.replace("k%2F1", "other")]) {
      expect(links(mailSubject({}, { returnUrl: named }))).toEqual([]);
    }
    expect(links(mailSubject({ origin: "https://gate.example" }, facts))).toHaveLength(2);
  });
});

describe("hostile text", () => {
  const EVIL = `"><script>alert(1)</script>&amp;'`;

  test("is escaped in every part of the HTML", async () => {
    const mail = mailSubject(
      { title: EVIL },
      {
        lines: [{ sku: EVIL, name: EVIL, quantity: 1, price: 100 }],
        shipTo: { line1: EVIL, city: EVIL, country: EVIL },
        delivery: { id: "x", name: EVIL },
        discountHint: EVIL,
        amounts: { items: 200, discount: 100, delivery: 0, tax: 0, taxIncluded: 0, total: 100 },
        viewKey: EVIL,
        name: EVIL,
      },
    );
    const { html } = await renderMail(content(mail));
    expect(html).not.toContain("<script");
    expect(html).not.toContain(`"><`);
    expect(html).toContain("&lt;script&gt;");
  });

  test("cannot begin another line of the header, nor turn the direction of a line", () => {
    const title = "Air\r\nBcc: all@shoppers.example\u2028\u202Eevil\u0000 👩‍👩‍👧";
    const { subject } = content(mailSubject({ title }));
    expect(subject).toBe("Order confirmed: Air Bcc: all@shoppers.example evil 👩‍👩‍👧");
  });

  test("cannot begin another line of the text", async () => {
    const lines = [{ sku: "a", name: "Shoe\n\nTotal: €0.00", quantity: 1, price: 100 }];
    expect(await textOf(mailSubject({}, { lines }))).toContain("1 × Shoe Total: €0.00    €1.00");
  });
});

test("a mail that is tried again later is the same mail, also after a refund", async () => {
  const first = await renderMail(content(mailSubject()));
  const refunds = [{ id: "rf_1", amount: 5000, updatedAt_ms: 1, state: "succeeded" as const }];
  expect(await renderMail(content({ ...mailSubject(), facts: mailFacts({ refunds }) }))).toEqual(
    first,
  );
});

test("the HTML has a language, a title and a heading, and loads nothing", async () => {
  const { html } = await renderMail(content(mailSubject()));
  expect(html).toContain('<html lang="en">');
  expect(html).toContain("<title>Order confirmed: Air One</title>");
  expect(html).toContain("<h1>Thank you for your order</h1>");
  expect(html).toContain('<meta name="color-scheme" content="light dark" />');
  expect(html).not.toMatch(/<img|src=|@import|url\(/);
});
