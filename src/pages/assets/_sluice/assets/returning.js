/**
 * A page that the browser restores from its back-forward cache may show an outdated state: a turn
 * that was used, a cart that was ordered. So it is reloaded.
 *
 * Guarantee: reloads only pages restored from that cache, once each time. Not for pages that the
 * browser requests from the server anyway.
 */

addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
