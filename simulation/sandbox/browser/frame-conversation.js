/**
 * The frame's side of the conversation with the shop's page, and what its documents share.
 *
 * Guarantee: it answers only over the port that the page around it has sent, and says nothing of
 * what is entered but whether it is complete.
 */

/** @type {MessagePort | null} */
let port = null;

/** @param {StandIn.News} news */
export function tell(news) {
  port?.postMessage({ news }, []);
}

/**
 * @param {(question: StandIn.Question) => unknown} answer the answer or a promise of it
 */
export function converse(answer) {
  addEventListener("message", (/** @type {MessageEvent<unknown>} */ { data, ports: [sent] }) => {
    if (data !== "port" || sent === undefined) return;
    port = sent;
    const reply = async (/** @type {{ id: number, question: StandIn.Question }} */ asked) => {
      sent.postMessage({ id: asked.id, answer: await answer(asked.question) }, []);
    };
    sent.addEventListener("message", (message) => void reply(message.data));
    sent.start();
    tellHeight();
  });
  new ResizeObserver(tellHeight).observe(document.body);
}

function tellHeight() {
  tell({ kind: "height", height: Math.ceil(document.documentElement.offsetHeight) });
}

/**
 * Creates a confirmation token. Card data goes from this document to the sandbox only.
 *
 * @param {string} publishableKey
 * @param {object} parameters of Stripe's form, nested
 * @returns {Promise<StandIn.Answers["token"]>}
 */
export async function createToken(publishableKey, parameters) {
  try {
    const response = await fetch("/v1/confirmation_tokens", {
      method: "POST",
      headers: { authorization: `Bearer ${publishableKey}` },
      body: new URLSearchParams(pairsOf("", parameters)),
    });
    const body = await response.json();
    return response.ok ? { confirmationToken: body } : { error: body.error };
  } catch {
    return {
      error: { type: "api_connection_error", message: "The network could not be reached." },
    };
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 * @returns {[string, string][]}
 */
function pairsOf(name, value) {
  if (value === undefined || value === null) return [];
  if (typeof value === "string") return [[name, value]];
  if (typeof value !== "object") return [[name, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([step, each]) => {
    return pairsOf(name === "" ? step : `${name}[${step}]`, each);
  });
}

/** The variables of Stripe's Appearance API that the frames follow. */
/** @type {Record<string, string>} */
const VARIABLES = {
  colorPrimary: "--primary",
  colorBackground: "--background",
  colorText: "--text",
  colorDanger: "--danger",
  fontFamily: "--font",
  borderRadius: "--radius",
};

/** @param {unknown} appearance as given to `stripe.elements()` */
export function applyAppearance(appearance) {
  const { theme, variables } = recordOf(appearance);
  const { documentElement: root } = document;
  root.dataset["theme"] = theme === "night" ? "night" : "stripe";
  for (const [name, value] of Object.entries(recordOf(variables))) {
    const property = VARIABLES[name];
    if (property !== undefined && typeof value === "string")
      root.style.setProperty(property, value);
  }
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>} its fields; empty when it is not an object
 */
export function recordOf(value) {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/**
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function part(selector) {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`the document has no ${selector}`);
  return found;
}
