/**
 * The document of the express checkout element: a button for each wallet, and the wallet's sheet.
 */
import { applyAppearance, converse, createToken, tell } from "./frame-conversation.js";
import {
  billingData,
  closeSheet,
  openSheet,
  openWallet,
  shippingData,
  takeDecision,
} from "./wallet-sheet.js";

/** @type {StandIn.Setup | null} */
let setup = null;
/** Of the element; an update of `elements` gives none. @type {unknown} */
let options = null;

const buttons = [...document.querySelectorAll("button[data-wallet]")].filter(
  (button) => button instanceof HTMLButtonElement,
);

/**
 * @param {HTMLButtonElement} button
 * @returns {StandIn.Wallet}
 */
function walletOf(button) {
  const { wallet } = button.dataset;
  if (wallet === "apple_pay" || wallet === "google_pay" || wallet === "link") return wallet;
  throw new Error(`the sandbox has no wallet ${wallet}`);
}

/** The name of the option that switches a wallet off. */
/** @type {Partial<Record<StandIn.Wallet, string>>} */
const OPTION = { apple_pay: "applePay", google_pay: "googlePay", link: "link" };

/** @param {StandIn.Setup} given */
function apply(given) {
  setup = given;
  options = given.options ?? options;
  document.documentElement.lang = given.locale;
  applyAppearance(given.appearance);
  const { allowed } = given;
  for (const button of buttons) {
    const wallet = walletOf(button);
    const type = wallet === "link" ? "link" : "card";
    const isAllowed = allowed === null || allowed.includes(type);
    button.hidden = !isAllowed || isSwitchedOff(options, OPTION[wallet] ?? "");
  }
  return { wallets: buttons.filter(({ hidden }) => !hidden).map(walletOf) };
}

/**
 * @param {unknown} given
 * @param {string} name
 */
function isSwitchedOff(given, name) {
  if (typeof given !== "object" || given === null) return false;
  const methods = Reflect.get(given, "paymentMethods");
  return typeof methods === "object" && methods !== null && Reflect.get(methods, name) === "never";
}

/** @param {StandIn.TokenParams} params */
function tokenParameters(params) {
  const wallet = openWallet();
  const type = wallet === "link" ? "link" : "card";
  return {
    payment_method_data: {
      type,
      ...billingData(),
      ...(type === "card" ? { wallet } : {}),
    },
    shipping: params.shipping ?? shippingData(),
    return_url: params.return_url,
    capture_method: setup?.captureMethod,
  };
}

/** @param {StandIn.Question} question */
async function answer(question) {
  switch (question.kind) {
    case "setup":
      return apply(question.setup);
    case "open": {
      const { wallet, asked, sheet } = question;
      const name = buttons.find((button) => walletOf(button) === wallet)?.textContent ?? wallet;
      openSheet(wallet, name, asked, sheet);
      return null;
    }
    case "changed":
      takeDecision(question.change, question.sheet);
      return null;
    case "close":
      closeSheet();
      return null;
    case "token": {
      const token = await createToken(
        setup?.publishableKey ?? "",
        tokenParameters(question.params),
      );
      closeSheet();
      return token;
    }
    default:
      return null;
  }
}

for (const button of buttons) {
  button.addEventListener("click", () => tell({ kind: "click", wallet: walletOf(button) }));
}
converse(answer);
