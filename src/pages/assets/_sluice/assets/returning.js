/**
 * A page that comes back as it was left, by Back or Forward, may show what is long over: a turn
 * that was taken, a cart that was ordered. It is loaded again, and says how things stand.
 *
 * Guarantee: only pages that the browser kept alive are loaded, once each time. Not for pages that
 * it asks the server for anyway: those are new.
 */

addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
