/**
 * How a script changes a page that the server has rendered: words go into slots, parts are shown
 * for the states they are for, and a live region says what matters.
 *
 *   <p data-slot="place">                  takes words; hidden while it has none
 *   <section data-for="called lapsed">     shown in these states only
 *   <p data-live aria-live="polite">       said aloud
 *
 * Guarantee: words are text, never markup.
 */

/**
 * @param {string} name
 * @param {string | null} words
 */
export function fill(name, words) {
  for (const slot of document.querySelectorAll(`[data-slot="${name}"]`)) {
    if (!(slot instanceof HTMLElement)) continue;
    if (slot.textContent !== (words ?? "")) slot.textContent = words ?? "";
    slot.hidden = words === null;
  }
}

/** @param {string} state */
export function showFor(state) {
  for (const part of document.querySelectorAll("[data-for]")) {
    if (!(part instanceof HTMLElement)) continue;
    part.hidden = !(part.dataset["for"] ?? "").split(" ").includes(state);
  }
}

/** @param {string} words */
export function say(words) {
  const live = document.querySelector("[data-live]");
  if (live !== null && live.textContent !== words) live.textContent = words;
}

/** What only helps while no script runs. */
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
