/**
 * Pages in front of a shop with pages of its own: a storefront without stock, and guarded
 * addresses.
 */
import { describe, expect, test } from "vitest";
import { GUARDED_PAGES, GUARDED_WAITS, GUARDING } from "../support/pages-exhibits.ts";
import { find, render, textOf } from "../support/pages-text.ts";

describe("the storefront of a sale without items", () => {
  test.each([
    ["scheduled", "Until it is your turn, the shop’s pages show your place"],
    ["prequeue", "The line leads into the shop"],
    ["live", "Join the line"],
    ["ended", "The shop’s pages are open to everyone again"],
    ["let in", "You’re in"],
    ["let in", "Time left in the shop: 8 minutes"],
  ])("%s: “%s”", async (name, expected) => {
    const page = find(GUARDING, name);
    expect(await textOf(page)).toContain(expected);
    expect(await render(page)).toContain('href="/drops/">Go to the shop</a>');
  });

  test.each(GUARDING)("%s: mentions no stock and no cart", async (_, page) => {
    expect(await textOf(page)).not.toMatch(/what there is to|in stock|sold out|cart|choose|held/i);
    expect(await render(page)).not.toMatch(/class="items"|air-one\/cart/);
  });

  test("on a host without a guard has no link to the shop", async () => {
    const page = find(GUARDING, "of another host");
    expect(await textOf(page)).toContain("The line leads into the shop");
    expect(await textOf(page)).not.toContain("Go to the shop");
  });
});

describe("a guarded address shows", () => {
  test.each([
    ["not_open", "It joins the line by itself at that time"],
    ["form_not_sent", "It was not sent to the shop"],
    ["pass_invalid, expired", "Join the general line"],
    ["rate_limited", "Please slow down"],
    ["booth_unavailable", "We could not give you a place right now"],
    ["room_unavailable", "Your place is safe"],
  ])("%s: “%s”", async (name, expected) => {
    expect(await textOf(find(GUARDED_PAGES, name))).toContain(expected);
  });

  test.each(["not_open", "rate_limited", "booth_unavailable", "room_unavailable"])(
    "%s, and reloads itself",
    async (name) => {
      const markup = await render(find(GUARDED_PAGES, name));
      expect(markup).toContain('<meta http-equiv="refresh" content="7" />');
    },
  );

  test.each(["form_not_sent", "pass_invalid, expired"])("%s, and does not reload", async (name) => {
    expect(await render(find(GUARDED_PAGES, name))).not.toContain("http-equiv");
  });

  test("a called shopper the button to enter, at the address itself", async () => {
    const markup = await render(find(GUARDED_WAITS, "called"));
    expect(markup).toContain("Go in now");
    expect(markup).toContain('data-shop="/drops/air?size=&quot;&gt;');
    expect(markup).not.toContain("/enter");
  });
});
