/**
 * The page of the proof: gives ALTCHA's widget the addresses of its workers, announces when the
 * check is done, and shows a note when it could not be loaded.
 *
 * Guarantee: never joins by itself; the shopper's own button does. Workers are files of this
 * origin, because the page's policy allows no other.
 */
import { announce } from "./panel.js";

const LOADED_WITHIN_MS = 15_000;

const { proof: kind } = document.querySelector("main")?.dataset ?? {};
const trouble = document.querySelector("[data-trouble]");

/** @param {boolean} isTroubled */
function showTrouble(isTroubled) {
  if (trouble instanceof HTMLElement) trouble.hidden = !isTroubled;
}

/** The widget's own map of algorithms to workers; null when the widget did not load. */
function algorithms() {
  /** @type {unknown} */
  const registry = Reflect.get(globalThis, "$altcha");
  if (typeof registry !== "object" || registry === null || !("algorithms" in registry)) return null;
  return registry.algorithms instanceof Map ? registry.algorithms : null;
}

if (kind === "altcha") {
  const widget = document.querySelector("altcha-widget");
  const folder = widget instanceof HTMLElement ? (widget.dataset["workers"] ?? "") : "";
  const known = algorithms();
  known?.set("SCRYPT", () => new Worker(`${folder}/scrypt.js`));
  known?.set("PBKDF2/SHA-256", () => new Worker(`${folder}/pbkdf2.js`));
  showTrouble(known === null);
  widget?.addEventListener("statechange", (event) => {
    const { state = "" } = event instanceof CustomEvent ? (event.detail ?? {}) : {};
    if (state === "verified") announce("The check is done. You can join the line now.");
    showTrouble(state === "error");
  });
}

if (kind === "turnstile") {
  setTimeout(() => showTrouble(!("turnstile" in globalThis)), LOADED_WITHIN_MS);
}
