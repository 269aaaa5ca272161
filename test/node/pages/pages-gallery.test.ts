/**
 * A gallery of every page in every state: each shows what it should, and follows the rules that
 * hold for all pages.
 */
import { describe, expect, test } from "vitest";
import { PASS_REFUSALS } from "../../../src/domain/line/pass-places.ts";
import { noticePage } from "../../../src/pages/views/notices.ts";
import { orderPage } from "../../../src/pages/views/order.ts";
import { passText } from "../../../src/pages/parts/pass-text.ts";
import {
  CHECKOUTS,
  DRAWS,
  GALLERY,
  NOTICES,
  ORDERS,
  STOREFRONTS,
  WAITING,
} from "../support/pages-exhibits.ts";
import { NOW, orderModel, orderView, SALE } from "../support/pages-models.ts";
import { find, render, textOf } from "../support/pages-text.ts";

function valuesOf(markup: string, attribute: string): string[] {
  const pattern = new RegExp(`\\s${attribute}="([^"]*)"`, "g");
  return [...markup.matchAll(pattern)].flatMap(([, value]) => (value ?? "").split(" "));
}

/** The only script of another origin; only one page may have it. */
const TURNSTILE =
  '<script async defer src="https://challenges.cloudflare.com/turnstile/v0/api.js"></script>';

describe.each(GALLERY)("%s", (name, page) => {
  test("is a whole document with one heading, its landmarks and its language", async () => {
    const markup = await render(page);
    expect(markup.match(/<h1[\s>]/g)).toHaveLength(1);
    for (const part of ['<html lang="en"', "<title>", "<header", "<nav", "<main", "<footer"]) {
      expect(markup).toContain(part);
    }
    expect(markup).toContain('name="viewport"');
  });

  test("has a polite live region", async () => {
    expect(await render(page)).toContain('data-live role="status" aria-live="polite"');
  });

  test("has no inline script, style or handler, and nothing of another origin", async () => {
    const whole = await render(page);
    expect(whole.includes(TURNSTILE)).toBe(name === "proof by Turnstile");
    const markup = whole.replace(TURNSTILE, "");
    for (const [tag] of markup.matchAll(/<script[^>]*>/g)) {
      expect(tag).toMatch(/^<script type="module" src="\/_sluice\/assets\/[a-z/]+\.js">$/);
    }
    expect(markup).not.toMatch(/<style|\sstyle=|\son[a-z]+=/);
    for (const address of [...valuesOf(markup, "src"), ...valuesOf(markup, "action")]) {
      expect(address).toMatch(/^\/_sluice\//);
    }
  });

  test("shows entered text as text, never as markup", async () => {
    expect(await render(page)).not.toContain("<script>alert");
  });

  test("names each id once and refers to none that is missing", async () => {
    const markup = await render(page);
    const ids = valuesOf(markup, "id");
    expect(new Set(ids).size).toBe(ids.length);
    for (const attribute of ["for", "aria-describedby", "aria-labelledby", "data-reveals"]) {
      for (const id of valuesOf(markup, attribute)) expect(ids).toContain(id);
    }
    for (const [, id] of markup.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(id);
  });

  test("labels every field", async () => {
    const markup = await render(page);
    const labelled = new Set(valuesOf(markup, "for"));
    const choices = markup.match(/<label class="choice">\s*<input\s+type="radio"/g) ?? [];
    for (const [tag] of markup.matchAll(/<(?:input|select|textarea)[^>]*>/g)) {
      if (/type="(?:hidden|radio)"/.test(tag)) continue;
      expect(labelled).toContain(valuesOf(tag, "id")[0]);
    }
    expect(choices).toHaveLength(markup.match(/type="radio"/g)?.length ?? 0);
  });
});

describe("the storefront", () => {
  test("names prices, stock levels and limits", async () => {
    const text = await textOf(find(STOREFRONTS, "on"));
    for (const part of [
      "€129.00",
      "€135.50",
      "In stock",
      "Almost sold out",
      "Currently sold out",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).toContain("Limit 2 per person");
    expect(text).toContain("Limit 1 per person");
  });

  test.each([
    ["not open yet", "Not open yet", "Join the line", false],
    ["line open", "The line is open", "Join the line", true],
    ["line open", "The sale starts in", "Join the line", true],
    ["not open yet", "The line opens in", "Join the line", false],
    ["on", "There is a line", "Join the line", true],
    ["on, nobody waits", "You can go in now", "Go in", true],
    ["in line", "You are already in line", "Join the line", false],
    ["with a pass", "Your pass is for the lane members", "Join the line", true],
    ["with a pass, in line without it", "See your place without the pass", "Join the line", true],
    ["paused", "paused letting people in", "Join the line", true],
    ["ended", "This sale has ended", "Join the line", false],
  ])("when %s it says “%s”", async (name, expected, button, offered) => {
    const text = await textOf(find(STOREFRONTS, name));
    expect(text).toContain(expected);
    expect(text.includes(button)).toBe(offered);
  });

  test("is the shop for an admitted visitor: quantities, time left, a button to leave", async () => {
    const page = find(STOREFRONTS, "the shop");
    const markup = await render(page);
    const text = await textOf(page);
    expect(markup).toMatch(/<option value="1" selected>/);
    expect(markup).toMatch(/<input\s+id="field-AIR-43"[^>]*type="number"[^>]*max="50"/s);
    expect(text).toContain("Time left in the shop: 8 minutes");
    expect(text).toContain("Leave the shop");
    expect(text).toContain("Update cart");
  });

  test("connects a refusal with its item and announces it", async () => {
    const markup = await render(find(STOREFRONTS, "the shop refuses"));
    expect(markup).toMatch(/role="alert"/);
    expect(markup).toMatch(/aria-invalid="true" aria-describedby="field-AIR-43-fault"/);
  });
});

describe("the waiting page", () => {
  test("says the place, the wait and the odds as estimates", async () => {
    const text = await textOf(find(WAITING, "queued"));
    expect(text).toContain("You’re number 1,234");
    expect(text).toContain("About 1 to 2 minutes");
    expect(text).toContain("about 1 in 20 at a place like yours");
  });

  test.each([
    ["prequeue", "You’re in the draw"],
    ["prequeue", "The sale starts in"],
    ["drawing", "Your place is being drawn"],
    ["called", "Go in now"],
    ["admitted", "Go to the shop"],
    ["lapsed", "Join the line again"],
    ["paused", "The line is paused"],
    ["sold_out", "Currently sold out"],
    ["sold_out", "Leave the line"],
    ["sold_out", "Availability"],
    ["ended", "The sale has ended"],
    ["seats full", "The shop is full right now"],
    ["stale, with a message", "the last known state"],
  ])("%s: “%s”", async (name, expected) => {
    expect(await textOf(find(WAITING, name))).toContain(expected);
  });

  test("reloads without scripts after pollAfter_s, and no longer when it is over", async () => {
    const refresh = '<noscript><meta http-equiv="refresh" content="9" /></noscript>';
    expect(await render(find(WAITING, "queued"))).toContain(refresh);
    expect(await render(find(WAITING, "lapsed"))).not.toContain("http-equiv");
    expect(await render(find(WAITING, "ended"))).not.toContain("http-equiv");
  });

  test("gives its script the address to poll, and the interval", async () => {
    const markup = await render(find(WAITING, "queued"));
    expect(markup).toContain('data-api="/_sluice/v1/sales/air-one"');
    expect(markup).toContain('data-poll-after="8.4"');
    expect(markup).toContain("/_sluice/assets/waiting.js");
  });
});

describe("the page that checks the draw", () => {
  test.each([
    ["before the end", "After the sale the secret appears here"],
    ["after", "The sale is over, and this was its secret: 5555"],
    ["just ended", "unless the sale goes on before then"],
    ["revealing", "The secret is being published"],
    ["before the end", "npm run verify-draw -- --url https://shop.example --sale air-one"],
    ["before the end", "This needs a browser that runs scripts"],
  ])("%s: “%s”", async (name, expected) => {
    expect(await textOf(find(DRAWS, name))).toContain(expected);
  });

  test("has the field for the ticket outside any form, filled with the browser's ticket", async () => {
    const markup = await render(find(DRAWS, "with a ticket"));
    expect(markup).not.toContain("<form");
    expect(markup).toMatch(/<textarea id="ticket"[^>]*>\s*a\.b\.c &lt;script/);
  });

  test("is linked from the foot of every page of a sale, and from the line", async () => {
    const link = 'href="/_sluice/shop/air-one/fairness"';
    for (const [, page] of [...STOREFRONTS, ...WAITING]) {
      expect((await render(page)).split(link)).toHaveLength(3);
    }
    for (const [, page] of ORDERS) expect(await render(page)).toContain(link);
  });
});

describe("the checkout", () => {
  test("contains its lines, prices, total and key, and names the total on the button", async () => {
    const page = find(CHECKOUTS, "ready");
    const markup = await render(page);
    expect(markup).toContain('name="key" value="7d1f6f9e-0d4c-4a07-9b1c-2f4f6f1f7a10"');
    expect(markup).toContain('type="hidden" name="quantity:AIR-42" value="2"');
    expect(markup).toContain('type="hidden" name="price:AIR-42" value="12900"');
    expect(markup).toContain('type="hidden" name="total" value="25800"');
    expect(markup).toMatch(/data-part="pay-label">\s*Pay €258\.00/);
    const text = await textOf(page);
    expect(text).toContain("2 × €129.00");
    expect(text).toContain("Reserved for you for 5 minutes");
  });

  test("itemises delivery and tax of the country, and offers what is delivered there", async () => {
    const germany = await textOf(find(CHECKOUTS, "shipping to Germany"));
    for (const part of ["By courier", "€9.00", "€4.90", "Items €258.00", "Tax added €49.02"]) {
      expect(germany).toContain(part);
    }
    expect(germany).toContain("Total €311.92");
    const japan = await textOf(find(CHECKOUTS, "shipping to Japan"));
    expect(japan).not.toContain("By courier");
    expect(japan).toContain("Total €287.00");
    expect(japan).toContain("Prefecture");
  });

  test("says what the total depends on, and offers no button to pay until it is known", async () => {
    const page = find(CHECKOUTS, "shipping, without a country");
    const text = await textOf(page);
    expect(text).toContain("This is not the total yet: delivery and tax are added");
    expect(text).toContain("So far €258.00");
    expect(text).not.toContain("Total €258.00");
    expect(await render(page)).toMatch(/data-part="pay-label">\s*Continue/);
  });

  test("fields are filled by browsers: each has its token of autocomplete", async () => {
    const markup = await render(find(CHECKOUTS, "shipping to Germany"));
    for (const token of [
      "email",
      "name",
      "tel",
      "shipping address-line1",
      "shipping address-level2",
      "shipping postal-code",
      "shipping country",
    ]) {
      expect(markup).toContain(`autocomplete="${token}"`);
    }
  });

  test("says without scripts that paying needs them, and keeps its button for the script", async () => {
    const page = find(CHECKOUTS, "ready");
    expect(await textOf(page)).toContain("Paying needs JavaScript");
    expect(await textOf(page)).toContain("Update total");
    expect(await textOf(page)).not.toContain("Pay €258.00");
  });

  test("without a key it says so in words of shops, and keeps the hold", async () => {
    const page = find(CHECKOUTS, "no key");
    const text = await textOf(page);
    expect(text).toContain("This shop cannot take payments here right now");
    expect(text).toContain("Reserved for you for 5 minutes");
    expect(text).toContain("Total €258.00");
    expect(await render(page)).not.toContain("checkout.js");
    expect(text).not.toMatch(/STRIPE|key/);
  });

  test("links to the shop's own page where it has one", async () => {
    const markup = await render(find(CHECKOUTS, "the shop's own page"));
    const link = 'href="https://shop.example/pay#sale=air-one&amp;admission=eyJ.e30.sig"';
    expect(markup).toContain(`${link}>Continue to checkout`);
    expect(markup).not.toContain("data-publishable-key");
  });

  test("keeps the entered values when it was refused, and names each fault at its field", async () => {
    const markup = await render(find(CHECKOUTS, "form refused"));
    expect(markup).toContain('value="a@b.example"');
    expect(markup).toMatch(/<option value="DE"\s+selected>/);
    expect(markup).toMatch(/name="terms"\s+value="yes"\s+checked/);
    for (const field of ["email", "name", "phone", "country", "postalCode", "discount", "terms"]) {
      expect(markup).toContain(`aria-describedby="field-${field}-fault"`);
    }
  });

  test("an order under way is followed there, and no other is offered", async () => {
    for (const name of ["order under way", "order under way, and more in the cart"]) {
      const markup = await render(find(CHECKOUTS, name));
      expect(markup).toContain(`data-status="/_sluice/v1/orders/ord_${"a".repeat(40)}"`);
      expect(markup).toContain("See your order");
      expect(markup).not.toContain('id="order"');
    }
  });
});

describe("the order page", () => {
  test.each([
    ["accepted", "Your order is being processed"],
    ["accepted", "Pay another way"],
    ["action_required", "Continue at your bank"],
    ["action_required", "Your items are reserved for 90 seconds"],
    ["action_required", "Pay another way"],
    ["in_doubt", "You will not be charged twice"],
    ["confirmed", "Your order is confirmed"],
    ["confirmed", "See all sales"],
    ["confirmed, may buy more", "Continue shopping"],
    ["confirmed, of a shop", "Back to the shop"],
    ["confirmed, itemised", "Discount (WEL…) -€25.80"],
    ["confirmed, itemised", "Total €281.22"],
    ["partly refunded", "A part of what you paid was refunded"],
    ["partly refunded", "€30.00 of €281.22 in all."],
    ["refunded", "Your order was refunded"],
    [
      "declined",
      "The payment was not approved. Check the details, or pay another way. Nothing was charged.",
    ],
    ["declined", "Back to the cart"],
    ["given up", "You stopped the payment"],
    ["payment unavailable", "The shop cannot take this payment right now"],
    ["payment unavailable", "Back to the cart"],
    ["failed", "You have not been charged"],
    ["rejected", "Nothing was charged"],
    ["cancelled", "Your order was cancelled"],
  ])("%s: “%s”", async (state, expected) => {
    expect(await textOf(find(ORDERS, state))).toContain(expected);
  });

  test("offers to pay another way only while the payment can be given up", async () => {
    for (const state of ["confirmed", "capturing", "declined"]) {
      expect(await textOf(find(ORDERS, state))).not.toContain("Pay another way");
    }
  });

  test("reloads without scripts until the order is final", async () => {
    expect(await render(find(ORDERS, "booking"))).toContain('http-equiv="refresh" content="2"');
    expect(await render(find(ORDERS, "confirmed"))).not.toContain("http-equiv");
  });

  test("links to the bank, and only to web addresses", async () => {
    const markup = await render(find(ORDERS, "action_required"));
    expect(markup).toContain('href="https://bank.example/?a=1&amp;b=2"');
    const action = { kind: "redirect", url: "javascript:alert(1)", until_ms: 0 } as const;
    const order = orderView("action_required", { action });
    expect(await render(orderPage(orderModel(order)))).not.toContain("javascript:");
  });

  test("what Stripe's script does for the bank, it does on the page of the cart", async () => {
    const markup = await render(find(ORDERS, "action by script"));
    expect(markup).toMatch(/href="\/_sluice\/shop\/air-one\/cart"\s*>Continue at your bank/);
    expect(markup).not.toContain("pi_1_secret_2");
  });
});

describe("notices", () => {
  test.each([
    ["sale_not_found", 404],
    ["room_unavailable", 503],
    ["sale_over", 410],
    ["admission_required", 401],
    ["rate_limited", 429],
    ["foreign_origin", 403],
    ["body_too_large", 413],
    ["bad_form", 422],
    ["broken", 500],
  ])("%s answers %i", (kind, status) => {
    const notice = NOTICES.find((known) => known.kind === kind);
    expect(notice === undefined ? null : noticePage(notice, NOW).status).toBe(status);
  });

  test.each(PASS_REFUSALS)("a pass that is refused as %s says what to do next", async (reason) => {
    const notice = { kind: "pass_invalid", sale: SALE.id, reason, hasPlace: false } as const;
    const { status, page } = noticePage(notice, NOW);
    expect(status).toBe(403);
    const text = await textOf(page);
    expect(text).toContain(passText(reason).heading);
    expect(text).toMatch(/the link|a link|the shop|a new one/i);
    expect(text).toContain("Join the general line");
    expect(text).toContain(`pass_invalid, ${reason}`);
    const placed = await textOf(noticePage({ ...notice, hasPlace: true }, NOW).page);
    expect(placed).toContain("See your place");
    expect(placed).not.toContain("Join the general line");
  });

  test("when the room does not answer, the page reloads with and without scripts", async () => {
    const { page } = noticePage({ kind: "room_unavailable", retry_s: 7 }, NOW);
    expect(await textOf(page)).toContain("Your place is safe");
    const markup = await render(page);
    expect(markup).toContain('<meta http-equiv="refresh" content="7" />');
    expect(markup).not.toContain("<noscript>");
  });
});
