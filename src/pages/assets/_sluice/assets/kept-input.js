/**
 * What a shopper typed into the checkout, kept in this tab while they are at their bank or look at
 * their order, so that they need not type it again to pay another way.
 *
 * Guarantee: stays in this tab (`sessionStorage`), is deleted when an order is confirmed, and has
 * nothing of the payment. Without storage nothing is kept, and nothing fails.
 */

const FIELDS =
  "email name phone country line1 line2 city region postalCode delivery assumed discount".split(
    " ",
  );

/** @param {string} sale */
function nameOf(sale) {
  return `sluice-checkout-${sale}`;
}

/**
 * @param {string} sale
 * @param {URLSearchParams} body
 */
export function keepInput(sale, body) {
  const kept = FIELDS.flatMap((name) => {
    const value = body.get(name) ?? "";
    // Empty, it says that the delivery was chosen.
    return value === "" && name !== "assumed" ? [] : [[name, value]];
  });
  try {
    sessionStorage.setItem(nameOf(sale), JSON.stringify(Object.fromEntries(kept)));
  } catch {
    // Not allowed, or full.
  }
}

/**
 * @param {string} sale
 * @returns {Record<string, string>}
 */
export function keptInput(sale) {
  try {
    /** @type {unknown} */
    const kept = JSON.parse(sessionStorage.getItem(nameOf(sale)) ?? "{}");
    if (typeof kept !== "object" || kept === null) return {};
    return Object.fromEntries(
      Object.entries(kept).filter(([name, value]) => {
        return FIELDS.includes(name) && typeof value === "string";
      }),
    );
  } catch {
    return {};
  }
}

/** @param {string} sale */
export function forgetInput(sale) {
  try {
    sessionStorage.removeItem(nameOf(sale));
  } catch {
    // Not allowed.
  }
}
