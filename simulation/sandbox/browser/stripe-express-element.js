/**
 * The express checkout element: wallets as buttons, in a frame. A button opens the wallet's sheet
 * there, once the page has resolved the click; what the shopper chooses in the sheet is sent to the
 * page, which decides about it (`stripe-wallet-sheet.js`).
 */

import { ElementEvents, MountedFrame, NOT_LOADED } from "./stripe-element.js";
import { elementOf } from "./stripe-payment-element.js";
import { SandboxFrame } from "./stripe-frame.js";
import { WalletSheet } from "./stripe-wallet-sheet.js";

/** @import { ElementsGroup } from "./stripe-elements.js" */

/** Stripe gives up when the page has not resolved the click by then. */
const CLICK_RESOLVED_WITHIN_MS = 1000;

/**
 * @param {ElementsGroup} group
 * @param {unknown} options
 */
export function createExpressElement(group, options) {
  /** @type {ElementEvents<"expressCheckout">} */
  const events = new ElementEvents();
  const frame = new SandboxFrame("express-checkout", "Secure express checkout frame", (news) => {
    switch (news.kind) {
      case "click":
        return clicked(sheet, events, news.wallet);
      case "address":
        return sheet.changeAddress(news.change, { name: news.name, address: news.address });
      case "rate":
        return sheet.changeRate(news.change, news.rate);
      case "cancel":
        return void events.emit("cancel", { elementType: "expressCheckout" });
      case "confirm":
        group.isWalletConfirmed = true;
        events.emit("confirm", confirmEvent(group, frame, news));
        break;
      default:
    }
  });
  const sheet = new WalletSheet(group, frame, events, isOptions(options) ? options : {});
  const base = new MountedFrame(frame, async () => {
    group.express = frame;
    const loaded = await frame.setUp({ ...group.setup, options: sheet.options });
    if (loaded === null) {
      events.emit("loaderror", { elementType: "expressCheckout", error: NOT_LOADED });
      return;
    }
    events.emit("ready", {
      elementType: "expressCheckout",
      availablePaymentMethods: availableOf(loaded.wallets),
    });
  });
  return elementOf(base, events, (changed) => {
    if (isOptions(changed)) sheet.options = { ...sheet.options, ...changed };
    void frame.setUp({ ...group.setup, options: sheet.options });
  });
}

/**
 * The page is type-checked against Stripe's own type, so only its kind is checked.
 *
 * @param {unknown} options
 * @returns {options is StandIn.ExpressOptions}
 */
function isOptions(options) {
  return typeof options === "object" && options !== null;
}

/**
 * @param {ElementsGroup} group
 * @param {SandboxFrame} frame
 * @param {Extract<StandIn.News, { kind: "confirm" }>} news
 * @returns {StandIn.ConfirmEvent}
 */
function confirmEvent(group, frame, { wallet, billingDetails, shippingAddress, rate }) {
  return {
    expressPaymentType: wallet,
    billingDetails,
    ...(shippingAddress ? { shippingAddress } : {}),
    ...(rate === null ? {} : { shippingRate: rate }),
    paymentFailed: () => {
      group.isWalletConfirmed = false;
      void frame.ask({ kind: "close" });
    },
  };
}

/**
 * @param {WalletSheet} sheet
 * @param {ElementEvents<"expressCheckout">} events
 * @param {StandIn.Wallet} wallet
 */
function clicked(sheet, events, wallet) {
  let isDecided = false;
  /** @type {StandIn.ClickEvent["resolve"]} */
  const resolve = (details = {}) => {
    if (isDecided) return;
    isDecided = true;
    sheet.open(wallet, details);
  };
  const reject = () => {
    if (isDecided) return;
    isDecided = true;
    events.emit("cancel", { elementType: "expressCheckout" });
  };
  /** @type {StandIn.ClickEvent} */
  const event = { elementType: "expressCheckout", expressPaymentType: wallet, resolve, reject };
  if (events.emit("click", event)) setTimeout(reject, CLICK_RESOLVED_WITHIN_MS);
  else resolve();
}

/**
 * @param {readonly StandIn.Wallet[]} wallets
 * @returns {StandIn.Events["expressCheckout"]["ready"]["availablePaymentMethods"]}
 */
function availableOf(wallets) {
  if (wallets.length === 0) return undefined;
  return {
    amazonPay: wallets.includes("amazon_pay"),
    applePay: wallets.includes("apple_pay"),
    googlePay: wallets.includes("google_pay"),
    klarna: wallets.includes("klarna"),
    link: wallets.includes("link"),
    paypal: wallets.includes("paypal"),
  };
}
