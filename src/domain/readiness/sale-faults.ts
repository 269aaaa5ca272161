/**
 * What the sales that are not over ask for, and the deployment does not have. Pure.
 */
import { paymentSetup, type PaymentVariables } from "../checkout/payment-setup.ts";
import { checkoutOf } from "../sale/checkout-rules.ts";
import { unpayable } from "../checkout/payable.ts";
import type { Sale } from "../sale/sale.ts";
import { bad, type Check, good } from "./check.ts";

export interface SaleNeeds {
  readonly gate: PaymentVariables;
  /** Null where it is not known. */
  readonly mailBackend: string | null;
  /** "stripe", or a server of the shop's own; null where it is not known. */
  readonly paymentBackend: string | null;
  /** The missing secret of a sale's protection or Queue-it tokens; null for none. */
  readonly lackingSecret: (sale: Sale) => string | null;
}

/** Whether shoppers pay for this sale in the built-in checkout. */
export function sellsHere(sale: Sale): boolean {
  return sale.items.length > 0 && checkoutOf(sale).page === undefined;
}

/** @param left how many more sales there are, which were not looked at */
export function salesCheck(sales: readonly Sale[], needs: SaleNeeds, left: number): Check {
  const name = "sales";
  const more = left > 0 ? ` ${left} more were not looked at.` : "";
  const faults = sales.flatMap((sale) => {
    return faultsOf(sale, needs).map((fault) => `${sale.id}: ${fault}`);
  });
  if (faults.length > 0) return bad(name, "error", `${faults.join(" ")}${more}`);
  const which = sales.length === 1 ? "1 sale is" : `${sales.length} sales are`;
  return good(name, `${which} ahead or running, and all that they ask for is set.${more}`);
}

/**
 * Orders of a checkout of the shop's own return to the shop, so that a mail learns from them no
 * host of the gate.
 *
 * @param mail of the orders Worker's report
 */
export function mailLinksCheck(
  sales: readonly Sale[],
  mail: { readonly backend: string; readonly hasLinkOrigin: boolean | null },
): readonly Check[] {
  if (mail.backend === "off" || mail.hasLinkOrigin !== false) return [];
  const own = sales.filter((sale) => checkoutOf(sale).page !== undefined).map(({ id }) => id);
  if (own.length === 0) return [];
  const detail =
    "MAIL_LINK_ORIGIN is empty, so mails about sales with a checkout.page of the shop's own " +
    `(${own.join(", ")}) have no link to the order and its receipt. Set it to the gate's scheme ` +
    "and host in queues/wrangler.toml, and deploy (docs/mail.md).";
  return [bad("mail_links", "warning", detail)];
}

function faultsOf(sale: Sale, needs: SaleNeeds): string[] {
  const faults: string[] = [];
  const { mail } = checkoutOf(sale);
  const takesCards = paymentSetup(needs.gate).kind === "ready";
  if (sellsHere(sale) && !takesCards && needs.paymentBackend !== "http") {
    faults.push(
      "its items cannot be paid in the built-in checkout (see checkout_page); a shop with a " +
        "checkout of its own names it in checkout.page.",
    );
  }
  for (const { path, message } of unpayable(sale)) faults.push(`${path.join(".")} ${message}.`);
  if (mail.yourTurn && needs.mailBackend === "off") {
    faults.push("checkout.mail.yourTurn is true, but MAIL_BACKEND is off.");
  }
  const lacking = needs.lackingSecret(sale);
  if (lacking !== null) faults.push(`it needs ${lacking}, which is missing or unusable.`);
  return faults;
}
