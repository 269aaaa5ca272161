/**
 * What each mail says, as a document without a format: `render.ts` makes text and HTML from it, so
 * both say the same.
 *
 * Guarantee: the content follows from the facts of the order, the sale's title and the address of
 * the pages alone, not from the time, so a mail that is tried again is the same mail. What buyers
 * typed (their name, their address) is in no mail before the order is paid for, because anybody can
 * name a stranger's e-mail address in an order that the bank will decline.
 */
import { moneyText } from "../money/amounts.ts";
import { orderPagePath, receiptPagePath } from "../order/order-page.ts";
import { PAYMENT_UNAVAILABLE } from "../order/reasons.ts";
import { printable } from "./address.ts";
import type { MailFacts } from "./facts.ts";
import type { MailKind } from "./mail.ts";

export interface MailContent {
  readonly subject: string;
  readonly heading: string;
  readonly paragraphs: readonly string[];
  /** The first is the one to follow. */
  readonly links: readonly { readonly text: string; readonly url: string }[];
  readonly lines: readonly {
    readonly name: string;
    readonly quantity: number;
    readonly price: string;
  }[];
  /** `isMain`: the one that the reader looks for. */
  readonly amounts: readonly {
    readonly label: string;
    readonly value: string;
    readonly isMain?: boolean;
  }[];
  readonly details: readonly { readonly label: string; readonly value: readonly string[] }[];
  readonly footer: readonly string[];
}

export interface MailSubject {
  readonly kind: MailKind;
  /** The id of the refund, for the kind `refunded`. */
  readonly refund: string | null;
  readonly facts: MailFacts;
  /** The sale's title. */
  readonly title: string;
  /** Scheme and host of the gate; null: from the order's return address, if that leads there. */
  readonly origin: string | null;
}

/** Null when there is nothing to say any more: the refund has failed after all. */
export function contentOf(mail: MailSubject): MailContent | null {
  // The buyer was erased: there is nobody to write to.
  if (mail.facts.email === "") return null;
  switch (mail.kind) {
    case "confirmed":
      return confirmed(mail);
    case "declined":
      return declined(mail);
    case "cancelled":
      return cancelled(mail);
    case "refunded":
      return refunded(mail);
  }
}

type Own = Pick<MailContent, "heading" | "paragraphs"> &
  Partial<Pick<MailContent, "links" | "lines" | "amounts" | "details">>;

function frame(mail: MailSubject, subject: string, own: Own): MailContent {
  const { facts } = mail;
  const { booking } = facts;
  const title = printable(mail.title);
  return {
    subject: printable(`${subject}: ${title}`),
    links: linksTo(mail, ["View your order", orderPagePath]),
    lines: facts.lines.map(({ name, quantity, price }) => {
      return { name, quantity, price: moneyText(price * quantity, facts.currency) };
    }),
    amounts: [{ label: "Total", value: moneyText(facts.total, facts.currency), isMain: true }],
    details: [],
    footer: [
      `Order ${facts.order}, placed ${instantText(facts.placedAt_ms)}.`,
      ...(booking === null ? [] : [`The shop’s reference: ${printable(booking)}.`]),
      `You get this mail because your e-mail address was given with this order at ${title}. ` +
        "If it was not you, you can ignore this mail.",
    ],
    ...own,
  };
}

type OrderPage = readonly [text: string, path: typeof orderPagePath];

/** Links to pages of the order, with the key that opens them; none where the gate is not known. */
function linksTo(mail: MailSubject, ...pages: readonly OrderPage[]): MailContent["links"] {
  const { sale, order, viewKey } = mail.facts;
  const origin = gateOrigin(mail);
  if (origin === null) return [];
  return pages.map(([text, path]) => ({ text, url: `${origin}${path(sale, order, viewKey)}` }));
}

/**
 * Scheme and host of the gate. An order that names no address to return to returns to its own page,
 * at the gate. Any other address was named by the one who placed it, and is not trusted with the
 * key of the order: then only the configured origin leads to the gate. That page's address has a
 * secret which nobody knew before the order was placed, so nobody can name it.
 */
function gateOrigin({ facts, origin }: MailSubject): string | null {
  if (origin !== null) return origin;
  const { order, returnUrl, sale, viewKey } = facts;
  const back = URL.parse(returnUrl);
  if (back === null || !/^https?:$/.test(back.protocol)) return null;
  const isOurs = returnUrl === `${back.origin}${orderPagePath(sale, order, viewKey)}`;
  return isOurs ? back.origin : null;
}

function confirmed(mail: MailSubject): MailContent {
  const { facts } = mail;
  return frame(mail, "Order confirmed", {
    heading: "Thank you for your order",
    paragraphs: ["Your payment was successful and your order is confirmed."],
    links: linksTo(
      mail,
      ["View your order", orderPagePath],
      ["Your signed receipt, to keep", receiptPagePath],
    ),
    amounts: amountsOf(facts),
    details: detailsOf(facts),
  });
}

/** Items, discount, delivery and tax, where the order has them, and always the total. */
function amountsOf({ amounts, total, currency, delivery, discountHint }: MailFacts) {
  const rows: { label: string; value: string; isMain: boolean }[] = [];
  const row = (label: string, amount: number, isMain = false): void => {
    rows.push({ label, value: moneyText(amount, currency), isMain });
  };
  if (amounts !== null && amounts.items !== amounts.total) row("Items", amounts.items);
  if (amounts !== null && amounts.discount > 0) {
    row(discountHint === null ? "Discount" : `Discount (${discountHint})`, -amounts.discount);
  }
  if (amounts !== null && delivery !== null) row("Delivery", amounts.delivery);
  if (amounts !== null && amounts.tax > 0) row("Tax added", amounts.tax);
  row("Total", total, true);
  if (amounts !== null && amounts.taxIncluded > 0) {
    row("Tax already in the prices", amounts.taxIncluded);
  }
  return rows;
}

/** The parts of an address in the order in which most countries write them. */
const ADDRESS_PARTS = [["name"], ["line1"], ["line2"], ["postalCode", "city"], ["region"]] as const;

function detailsOf({ delivery, shipTo, name }: MailFacts): MailContent["details"] {
  const details: { label: string; value: readonly string[] }[] = [];
  if (delivery !== null) details.push({ label: "Delivery", value: [delivery.name] });
  if (shipTo !== null) {
    const address: Readonly<Record<string, string>> = name === null ? shipTo : { name, ...shipTo };
    const written = ADDRESS_PARTS.map((parts) => {
      return parts.flatMap((part) => address[part] ?? []).join(" ");
    });
    const value = [...written, countryName(address["country"])].filter((text) => text !== "");
    details.push({ label: "Delivery address", value: value.map(printable) });
  }
  return details;
}

const COUNTRIES = new Intl.DisplayNames("en", { type: "region" });

/** Text that is no code of a country is shown as it is. */
function countryName(country: string | undefined): string {
  if (country === undefined) return "";
  return /^[A-Z]{2}$/.test(country) ? (COUNTRIES.of(country) ?? country) : country;
}

const DECLINED_BECAUSE: Readonly<Record<string, string>> = {
  [PAYMENT_UNAVAILABLE]: "The shop cannot take this payment right now.",
  action_abandoned: "The payment was not confirmed with the bank in time.",
  limit_reached: "This order would be more than the shop sells to one buyer.",
};

function declined(mail: MailSubject): MailContent {
  const { reason, holdUntil_ms } = mail.facts;
  const because =
    DECLINED_BECAUSE[reason ?? ""] ?? "The payment was declined by the bank or payment service.";
  const until = instantText(holdUntil_ms);
  return frame(mail, "Payment not completed", {
    heading: "Your payment was not completed",
    paragraphs: [
      `${because} You have not been charged.`,
      reason === "limit_reached"
        ? `You can order fewer items until ${until}.`
        : `You can pay another way: your items are reserved for you until ${until}. ` +
          "Open your order in the browser you ordered with, and go back to your cart.",
    ],
  });
}

function cancelled(mail: MailSubject): MailContent {
  const isFailed = mail.facts.state === "failed";
  return frame(mail, "Order cancelled", {
    heading: isFailed ? "Your order could not be completed" : "Your order was cancelled",
    paragraphs: [
      isFailed
        ? "The shop could not complete your order, so it was cancelled."
        : "The shop has cancelled your order.",
      "You do not pay anything. An amount that was already reserved or charged is released or " +
        "paid back; it may take your bank some days to show this.",
    ],
  });
}

function refunded(mail: MailSubject): MailContent | null {
  const { refunds, total, currency } = mail.facts;
  const refund = refunds.find(({ id }) => id === mail.refund);
  if (refund?.state !== "succeeded") return null;
  const until = refunds.filter(({ state, updatedAt_ms }) => {
    return state === "succeeded" && updatedAt_ms <= refund.updatedAt_ms;
  });
  const inAll = until.reduce((sum, { amount }) => sum + amount, 0);
  const isFull = inAll >= total;
  const amount = moneyText(refund.amount, currency);
  return frame(mail, "Refund", {
    heading: isFull ? "Your order was refunded" : "Part of your order was refunded",
    paragraphs: [
      `The shop has refunded ${amount} to the payment method you paid with.`,
      "It may take your bank up to ten days to show it.",
    ],
    amounts: [
      { label: "Order total", value: moneyText(total, currency) },
      { label: "This refund", value: amount, isMain: true },
      ...(inAll === refund.amount
        ? []
        : [{ label: "Refunded in all", value: moneyText(inAll, currency) }]),
    ],
  });
}

const INSTANT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "long",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});

/** In UTC, which it names, because the reader's zone is not known. */
export function instantText(at_ms: number): string {
  return `${INSTANT.format(at_ms)} UTC`;
}
