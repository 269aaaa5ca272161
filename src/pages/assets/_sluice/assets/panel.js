/**
 * How a script changes a page that the server has rendered: it fills slots with text, shows parts
 * for the states they are for, and writes to a live region.
 *
 *   <p data-slot="place">                  holds text; hidden while it has none
 *   <section data-for="called lapsed">     shown in these states only
 *   <p data-live aria-live="polite">       announced by screen readers
 *
 * Guarantee: text never becomes markup.
 */

/**
 * @param {string} name
 * @param {string | null} text
 */
export function fill(name, text) {
  for (const slot of document.querySelectorAll(`[data-slot="${name}"]`)) {
    if (!(slot instanceof HTMLElement)) continue;
    if (slot.textContent !== (text ?? "")) slot.textContent = text ?? "";
    slot.hidden = text === null;
  }
}

/** @param {string} state */
export function showFor(state) {
  for (const part of document.querySelectorAll("[data-for]")) {
    if (!(part instanceof HTMLElement)) continue;
    part.hidden = !(part.dataset["for"] ?? "").split(" ").includes(state);
  }
}

/** @param {string} text */
export function announce(text) {
  const live = document.querySelector("[data-live]");
  if (live !== null && live.textContent !== text) live.textContent = text;
}

/** Hides the parts that only help while no script runs. */
export function hideFallbacks() {
  for (const part of document.querySelectorAll("[data-without-script]")) {
    if (part instanceof HTMLElement) part.hidden = true;
  }
}

/** @param {string} heading */
export function nameTab(heading) {
  const place = document.documentElement.dataset["title"] ?? "";
  document.title = place === "" ? heading : `${heading} · ${place}`;
}
