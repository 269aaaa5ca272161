/**
 * Sends the form of its page at once, so that nobody has to press the button.
 *
 * Guarantee: sends it once. A page that comes back from the
 * browser's history shows its button.
 */

const form = document.querySelector("[data-resend]");
const [entry] = performance.getEntriesByType("navigation");
const isHistory = entry instanceof PerformanceNavigationTiming && entry.type === "back_forward";
if (form instanceof HTMLFormElement && !isHistory) form.requestSubmit();
