/**
 * The fields of the shop's form: what the sale asks for, and what was typed, which this tab keeps
 * over the way to the bank and back.
 *
 * Guarantee: of the payment details nothing is kept, because their fields are Stripe's, in a frame
 * of its own. What was typed ends with the tab, and is removed when the order is confirmed.
 */
import { keepVisit } from "./sluice.js";

/** @typedef {import("./sluice.js").Visit} Visit */

/** Every country of ISO 3166-1, for sales that serve them all; XK is Kosovo. */
const COUNTRIES =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO " +
  "BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ " +
  "DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP " +
  "GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG " +
  "KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML " +
  "MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE " +
  "PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL " +
  "SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM " +
  "US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";
const TYPED = ["email", "phone", "name", "line1", "postalCode", "city", "country", "delivery"];

/** @type {any} The form, whose fields are found by their names. */
const form = document.querySelector("#order");

/** @param {string} name @returns {string} what is entered in a field that is shown */
export function entered(name) {
  const value = new FormData(form).get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** @param {readonly string[]} served empty: all */
export function showCountries(served) {
  const names = new Intl.DisplayNames("en", { type: "region" });
  const codes = served.length === 0 ? COUNTRIES.split(" ") : served;
  const choices = codes
    .map((code) => new Option(names.of(code) ?? code, code))
    .toSorted((one, other) => one.text.localeCompare(other.text, "en"));
  form["country"].replaceChildren(new Option("Choose", ""), ...choices);
}

/** Fills in what was typed before, and keeps what is typed from now on. @param {Visit} visit */
export function keepTyped(visit) {
  const typed = visit.typed ?? {};
  for (const [name, text] of Object.entries(typed)) {
    if (name === "terms") form["terms"].checked = text === "on";
    // The next quote brings the deliveries, and refuses one that is not offered any more.
    if (name === "delivery" && text !== "") form[name].append(new Option(text, text));
    if (TYPED.includes(name)) form[name].value = text;
  }
  const keep = () => {
    const now = TYPED.map((name) => [name, entered(name)]);
    now.push(["terms", entered("terms")]);
    keepVisit(Object.assign(visit, { typed: Object.fromEntries(now) }));
  };
  form.addEventListener("input", keep);
}
