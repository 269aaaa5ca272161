/**
 * The shopper that the stand-in's wallets know: fixed data, so that a test knows them. The sheet
 * lets the shopper choose among these addresses, the first of which is chosen when it opens.
 */

export const SHOPPER = {
  name: "Wanda Wallet",
  email: "wanda@example.com",
  phone: "+353 1 555 0100",
};

/** @typedef {NonNullable<StandIn.ConfirmEvent["shippingAddress"]>["address"]} Address */

/** @type {readonly [Address, ...Address[]]} */
export const ADDRESSES = [
  address("1 Wallet Street", "Dublin", "", "D01 F5P2", "IE"),
  address("Geldbeutelweg 2", "Berlin", "", "10115", "DE"),
  address("3 rue du Portefeuille", "Paris", "", "75001", "FR"),
  address("4 Purse Lane", "London", "", "SW1A 1AA", "GB"),
  address("5 Billfold Avenue", "New York", "NY", "10001", "US"),
  address("6 Saifu", "Chiyoda", "Tokyo", "100-0001", "JP"),
];

/**
 * @param {string} line1
 * @param {string} city
 * @param {string} state
 * @param {string} postal_code
 * @param {string} country
 * @returns {Address}
 */
function address(line1, city, state, postal_code, country) {
  return { line1, line2: null, city, state, postal_code, country };
}
