/**
 * The document of the payment element: a card form, and other methods to choose from.
 *
 * Guarantee: what is entered stays in this document until it is sent to the sandbox for a
 * confirmation token; the shop's page learns whether it is complete, and the country.
 */
import {
  digitsOf,
  expiryOf,
  faultOfCode,
  faultOfExpiry,
  faultOfNumber,
  groupNumber,
  writeExpiry,
} from "./card-fields.js";
import {
  applyAppearance,
  converse,
  createToken,
  part,
  recordOf,
  tell,
} from "./frame-conversation.js";

/** @typedef {import("./card-fields.js").Fault} Fault */

const form = document.forms.namedItem("payment");
if (form === null) throw new Error("the document has no form");

/** @type {StandIn.Setup | null} */
let setup = null;
/** Options of the element, of which an update may give some. */
/** @type {Record<string, unknown>} */
let options = {};

/** @param {string} name */
function field(name) {
  const found = form?.elements.namedItem(name);
  if (found instanceof HTMLInputElement || found instanceof HTMLSelectElement) return found;
  throw new Error(`the form has no field ${name}`);
}

/** @returns {string} */
function chosenType() {
  const chosen = form?.querySelector("input[name=type]:checked");
  return chosen instanceof HTMLInputElement ? chosen.value : "card";
}

/** @returns {Record<string, Fault | null>} */
function faults() {
  if (chosenType() !== "card") return {};
  const number = field("number").value;
  return {
    number: faultOfNumber(number),
    expiry: faultOfExpiry(field("expiry").value, new Date()),
    cvc: faultOfCode(field("cvc").value, number),
  };
}

/** @param {boolean} isFinal true: also what is only incomplete is shown */
function showFaults(isFinal) {
  for (const [name, fault] of Object.entries(faults())) {
    const input = field(name);
    const isShown = fault !== null && (isFinal || fault.code.startsWith("invalid"));
    part(`#${name}-fault`).textContent = isShown ? fault.message : "";
    input.setAttribute("aria-invalid", String(isShown));
  }
}

function tellChange() {
  const type = chosenType();
  const isCard = type === "card";
  const texts = ["number", "expiry", "cvc"].map((name) => field(name).value);
  tell({
    kind: "change",
    event: {
      elementType: "payment",
      empty: isCard && texts.every((text) => text === ""),
      complete: Object.values(faults()).every((fault) => fault === null),
      collapsed: false,
      value: { type },
    },
  });
}

/** True unless the page says that it gives the country itself. */
function asksCountry() {
  const details = recordOf(options["fields"])["billingDetails"];
  const address = details === "never" ? "never" : recordOf(details)["address"];
  return address !== "never" && recordOf(address)["country"] !== "never";
}

/** @param {StandIn.Setup} given */
function apply(given) {
  setup = given;
  options = { ...options, ...recordOf(given.options) };
  document.documentElement.lang = given.locale;
  applyAppearance(given.appearance);
  const { allowed } = given;
  for (const choice of document.querySelectorAll("[data-type]")) {
    if (!(choice instanceof HTMLElement)) continue;
    choice.hidden = allowed !== null && !allowed.includes(choice.dataset["type"] ?? "");
  }
  const visible = [...document.querySelectorAll("[data-type]:not([hidden]) input")];
  const isChosen = visible.some((input) => input instanceof HTMLInputElement && input.checked);
  if (!isChosen && visible[0] instanceof HTMLInputElement) visible[0].checked = true;
  part("#types").hidden = visible.length < 2;
  part("#country-line").hidden = !asksCountry();
  const country = recordOf(recordOf(billingDefaults()["address"]))["country"];
  if (typeof country === "string" && country !== "") field("country").value = country;
  showType();
}

function billingDefaults() {
  return recordOf(recordOf(options["defaultValues"])["billingDetails"]);
}

function showType() {
  part("#card").hidden = chosenType() !== "card";
  part("#redirect").hidden = chosenType() === "card";
}

/** @param {StandIn.TokenParams} params of `stripe.createConfirmationToken()` */
function tokenParameters(params) {
  const type = chosenType();
  const given = recordOf(params.payment_method_data?.billing_details);
  const defaults = billingDefaults();
  const address = {
    ...recordOf(defaults["address"]),
    ...(asksCountry() ? { country: field("country").value } : {}),
    ...recordOf(given["address"]),
  };
  const { month, year } = expiryOf(field("expiry").value);
  const card = {
    number: digitsOf(field("number").value),
    exp_month: month,
    exp_year: year,
    cvc: digitsOf(field("cvc").value),
  };
  return {
    payment_method_data: {
      type,
      billing_details: { ...defaults, ...given, address },
      ...(type === "card" ? { card } : {}),
    },
    shipping: params.shipping,
    return_url: params.return_url,
    capture_method: setup?.captureMethod,
  };
}

/** @param {StandIn.Question} question */
async function answer(question) {
  switch (question.kind) {
    case "setup":
      apply(question.setup);
      return { wallets: [] };
    case "validate": {
      showFaults(true);
      const [name, fault] = Object.entries(faults()).find((each) => each[1] !== null) ?? [];
      if (name === undefined || !fault) return { type: chosenType(), error: null };
      field(name).focus();
      return { type: "card", error: { type: "validation_error", ...fault } };
    }
    case "token":
      return createToken(setup?.publishableKey ?? "", tokenParameters(question.params));
    case "clear":
      form?.reset();
      return null;
    case "focus":
      field("number").focus();
      return null;
    default:
      return null;
  }
}

form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", (event) => {
  const { target } = event;
  if (target === field("number")) field("number").value = groupNumber(field("number").value);
  if (target === field("expiry")) field("expiry").value = writeExpiry(field("expiry").value);
  showType();
  showFaults(false);
  tellChange();
});
form.addEventListener("focusout", () => showFaults(false));
for (const button of document.querySelectorAll("button[data-number]")) {
  button.addEventListener("click", () => {
    if (!(button instanceof HTMLElement)) return;
    field("number").value = groupNumber(button.dataset["number"] ?? "");
    field("expiry").value = "12 / 34";
    field("cvc").value = button.dataset["number"]?.startsWith("37") ? "1234" : "123";
    showFaults(false);
    tellChange();
  });
}
converse(answer);
