/**
 * A page that was loaded in advance acts only when it is shown: then it is loaded again, because it
 * may be outdated.
 *
 * Guarantee: reloads such a page once. Chromium loads no page of the gate in advance, because the
 * gate refuses it; this is for pages that came by way of a service worker.
 */

/** Whether nobody sees the page yet; then it is loaded again when it is shown. */
export function waitsToBeShown() {
  const waits = "prerendering" in document && document.prerendering === true;
  if (waits) {
    document.addEventListener("prerenderingchange", () => location.reload(), { once: true });
  }
  return waits;
}
