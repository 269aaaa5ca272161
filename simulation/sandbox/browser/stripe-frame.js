/**
 * A frame of the sandbox in the shop's page, and the conversation with it.
 *
 * Guarantee: the frame alone knows what is entered in it. It is spoken to through a message port
 * that only it receives, and only answers and news come back.
 */

const FRAME_LOADS_WITHIN_MS = 5000;

/** @typedef {{ id: number, answer: unknown } | { news: StandIn.News }} FrameMessage */

export class SandboxFrame {
  /** @type {HTMLIFrameElement} */
  element = document.createElement("iframe");
  #hear;
  /** Null while no document is loaded: before it is in the page, and after it was taken away. */
  /** @type {MessagePort | null} */
  #port = null;
  /** @type {{ id: number, question: StandIn.Question }[]} */
  #unsent = [];
  /** A method, so that each can take the answer of its own question. */
  /** @type {Map<number, { resolve(answer: unknown): void }>} */
  #asked = new Map();
  #questions = 0;

  /**
   * @param {string} path of the document in the frame
   * @param {string} title read by screen readers
   * @param {(news: StandIn.News) => void} hear
   */
  constructor(path, title, hear) {
    const { element } = this;
    this.#hear = hear;
    element.src = `${SANDBOX}/sandbox/elements/${path}`;
    element.title = title;
    element.allow = "payment *";
    for (const [name, value] of FRAME_STYLE) element.style.setProperty(name, value);
    element.addEventListener("load", () => this.#connect());
  }

  remove() {
    this.element.remove();
    this.#port?.close();
    this.#port = null;
  }

  #connect() {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.addEventListener("message", (/** @type {MessageEvent<FrameMessage>} */ { data }) => {
      this.#receive(data);
    });
    port1.start();
    this.element.contentWindow?.postMessage("port", SANDBOX, [port2]);
    for (const question of this.#unsent.splice(0)) port1.postMessage(question, []);
  }

  /** @param {FrameMessage} message */
  #receive(message) {
    if ("news" in message) {
      const { news } = message;
      if (news.kind === "height") this.element.style.height = `${news.height}px`;
      this.#hear(news);
      return;
    }
    this.#asked.get(message.id)?.resolve(message.answer);
    this.#asked.delete(message.id);
  }

  /**
   * @template {StandIn.Question["kind"]} Kind
   * @param {StandIn.Question & { kind: Kind }} question
   * @returns {Promise<StandIn.Answers[Kind]>}
   */
  ask(question) {
    this.#questions += 1;
    const id = this.#questions;
    return new Promise((resolve) => {
      this.#asked.set(id, { resolve });
      if (this.#port === null) this.#unsent.push({ id, question });
      else this.#port.postMessage({ id, question }, []);
    });
  }

  /**
   * The first question, which also finds out whether the frame has loaded.
   *
   * @param {StandIn.Setup} setup
   * @returns {Promise<StandIn.Answers["setup"] | null>} null when the frame did not load
   */
  setUp(setup) {
    // A frame of another colour scheme than its document gets an opaque background.
    this.element.style.setProperty("color-scheme", schemeOf(setup.appearance));
    /** @type {Promise<null>} */
    const late = new Promise((resolve) => setTimeout(resolve, FRAME_LOADS_WITHIN_MS, null));
    return Promise.race([this.ask({ kind: "setup", setup }), late]);
  }
}

/** @type {readonly (readonly [string, string])[]} */
const FRAME_STYLE = [
  ["display", "block"],
  ["width", "100%"],
  ["height", "1px"],
  ["border", "0"],
];

/**
 * @param {unknown} appearance as given to `stripe.elements()`
 * @returns {"dark" | "light"}
 */
function schemeOf(appearance) {
  if (typeof appearance !== "object" || appearance === null) return "light";
  return Reflect.get(appearance, "theme") === "night" ? "dark" : "light";
}
