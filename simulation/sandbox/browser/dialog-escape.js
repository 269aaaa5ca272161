/**
 * Tells the shop's page around the bank's dialog that the shopper pressed Escape, because a key
 * that is pressed in a frame does not reach the page.
 */
addEventListener("keydown", ({ key }) => {
  if (key === "Escape") parent.postMessage("sandbox: close", "*");
});
