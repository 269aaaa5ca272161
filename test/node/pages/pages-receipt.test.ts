/**
 * The page that checks a receipt: what it shows without scripts, and the script's own verification,
 * compared with the gate's and with jose.
 */
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { verifyReceipt } from "../../../src/pages/assets/_sluice/assets/receipt-signature.js";
import { receiptSentences } from "../../../src/pages/assets/_sluice/assets/receipt-text.js";
import { signReceipt, verifyReceipt as verifyAtGate } from "../../../src/tokens/receipts.ts";
import { RECEIPTS } from "../support/pages-exhibits.ts";
import { find, render, textOf } from "../support/pages-text.ts";
import { ISSUER, jwksOf, newKeys, receiptFor } from "../support/receipts.ts";

describe("without scripts", () => {
  test.each([
    ["malformed", "This is not a receipt. Paste the complete receipt."],
    ["wrong_type", "a token of another kind"],
    ["unknown_key", "None of this shop’s keys signed this receipt."],
    ["bad_signature", "The signature does not match"],
    ["other_issuer", "the receipt of another shop"],
    ["other sale", "a receipt of another sale of this shop: air-two."],
    ["agrees", "It came from place number 413 of the lane general."],
    ["agrees", "In the draw, which counts from 0: cohort 3, booth 1, index"],
    ["agrees", ", rank 412"],
    ["agrees", "at €129.00, and a total of €387.00."],
    ["agrees", "The draw gives the same place."],
    ["agrees", "joined 1970-01-01 00:00:30 UTC, was admitted 1970-01-01 00:01:30 UTC, ordered"],
    ["no place", "let in at once, because nobody waited, so it has no place in line"],
    ["place not known", "It does not say which place it came from"],
    ["draw not read", "The draw could not be read just now."],
    ["another rank", "Wrong: The draw gives place number 8."],
    ["no such place", "Wrong: No booth ever handed out this place."],
    ["empty", "npm run verify-draw -- --url https://shop.example --receipt receipt.jwt"],
  ])("%s: “%s”", async (name, expected) => {
    expect(await textOf(find(RECEIPTS, name))).toContain(expected);
  });

  test("the receipt is sent as a form, and shown as text", async () => {
    const markup = await render(find(RECEIPTS, "filled in"));
    expect(markup).toContain('method="post" action="/_sluice/shop/air-one/receipt"');
    expect(markup).toMatch(/<textarea[^>]*name="receipt"[^>]*>\s*a\.b\.c &lt;script/);
    expect(await render(find(RECEIPTS, "agrees"))).toContain("BK &lt;script");
  });
});

describe("what was bought", () => {
  const facts = {
    names: { "AIR-42": "Air One, 42" },
    currency: { code: "EUR", digits: 2, step: 1 },
  };

  test("is named as in the shop, with SKU and amounts in the currency", () => {
    expect(receiptSentences(receiptFor(), facts)[1]).toBe(
      "It has 1 × Air One, 42 (SKU AIR-42) at €129.00, 2 × AIR-43 at €129.00, and a total of " +
        "€387.00.",
    );
  });

  test("keeps SKU and smallest unit where the sale's document has another item or currency", () => {
    const other = { names: {}, currency: { code: "JPY", digits: 0, step: 1 } };
    const unit = "in the smallest unit of EUR";
    expect(receiptSentences(receiptFor(), other)[1]).toBe(
      `It has 1 × AIR-42 at 12900 ${unit}, 2 × AIR-43 at 12900 ${unit}, ` +
        `and a total of 38700 ${unit}.`,
    );
  });
});

describe("the page's script", async () => {
  const keys = await newKeys();
  const token = await signReceipt(keys, ISSUER, receiptFor());
  const verify = (text: string, issuer = ISSUER) => verifyReceipt(text, jwksOf(keys), issuer);

  test("gives out what the gate signed", async () => {
    const { kid } = keys.admissionSigner;
    const verdict = await verify(` ${token}\n`);
    expect(verdict).toMatchObject({ kind: "valid", kid, receipt: receiptFor() });
  });

  test("refuses a change of any character, as the gate does", async () => {
    for (let at = 0; at < token.length; at += 1) {
      const other = token.at(at) === "A" ? "B" : "A";
      const changed = `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
      const verdict = await verify(changed);
      const atGate = await verifyAtGate(keys, ISSUER, changed);
      expect(verdict.kind, `at ${at}`).toBe(atGate.kind);
    }
  });

  test("refuses every other spelling of a signature's last character, as the gate does", async () => {
    const kinds = new Map<string, string>();
    for (const last of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/") {
      const changed = token.slice(0, -1) + last;
      const verdict = await verify(changed);
      expect(verdict.kind, `last ${last}`).toBe((await verifyAtGate(keys, ISSUER, changed)).kind);
      kinds.set(last, verdict.kind);
    }
    expect([...kinds].filter(([, kind]) => kind === "valid")).toEqual([[token.at(-1), "valid"]]);
  });

  test.each([
    ["JWT", {}, ISSUER, "wrong_type"],
    ["sluice-admission+jwt", {}, ISSUER, "wrong_type"],
    ["sluice-receipt+jwt", { aud: "air-one" }, ISSUER, "wrong_type"],
    ["sluice-receipt+jwt", {}, "another", "other_issuer"],
    ["sluice-receipt+jwt", { place: { lane: "general" } }, ISSUER, "malformed"],
    ["sluice-receipt+jwt", { times: null }, ISSUER, "malformed"],
    ["sluice-receipt+jwt", { lines: [{ sku: 7 }] }, ISSUER, "malformed"],
  ])("refuses %s with %j for issuer %s: %s", async (typ, claims, issuer, reason) => {
    const { kid, key } = keys.admissionSigner;
    const forged = await new SignJWT({ aud: "sluice:receipt", ...receiptFor(), ...claims })
      .setProtectedHeader({ alg: "EdDSA", typ, kid })
      .setIssuer(ISSUER)
      .sign(key);
    expect(await verify(forged, issuer)).toEqual({ kind: "invalid", reason });
  });

  test("refuses what another shop's key signed, and what is no token", async () => {
    const foreign = await signReceipt(await newKeys(), ISSUER, receiptFor());
    expect(await verify(foreign)).toMatchObject({ kind: "invalid" });
    for (const text of ["", "a.b", "a.b.c.d", "what is this", ".."]) {
      expect(await verify(text)).toEqual({ kind: "invalid", reason: "malformed" });
    }
  });
});
