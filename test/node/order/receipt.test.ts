/**
 * Receipts: what is in one, that no field of one can be changed, and that nothing else is one.
 */
import { jwtVerify, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { generateGateSecrets } from "../../../scripts/secret-set.ts";
import { LINES_PER_CART_MAX, RECEIPT_LENGTH_MAX } from "../../../src/domain/limits.ts";
import { orderIntentSchema, PLAIN_LINE } from "../../../src/domain/order/order.ts";
import { receiptOf, type ReceiptRefusal } from "../../../src/domain/order/receipt.ts";
import { signAdmission, verifyAdmission } from "../../../src/tokens/admissions.ts";
import { signReceipt, verifyReceipt } from "../../../src/tokens/receipts.ts";
import { readSecrets } from "../../../src/tokens/secrets.ts";
import { readReceipt } from "../../../tools/verify-draw/receipts.ts";
import { orderAt, STANDINGS } from "../support/order-records.ts";
import {
  ADMITTED,
  FROM_LINE,
  ISSUER,
  jwksOf,
  newKeys,
  PLACE,
  receiptFor,
  verifierOf,
} from "../support/receipts.ts";

const keySet = z.object({ keys: z.array(z.looseObject({ kid: z.string() })) });
const keys = await newKeys();
const signed = await signReceipt(keys, ISSUER, receiptFor());
const verify = (token: string) => verifyReceipt(keys, ISSUER, token);

function partsOf(token: string): [string, string, string] {
  const [head = "", payload = "", signature = ""] = token.split(".");
  return [head, payload, signature];
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe("what a receipt says", () => {
  test("place, admission, hold, order, amounts and times, and who signed it", async () => {
    const { payload, protectedHeader } = await jwtVerify(signed, verifierOf(keys));
    expect(protectedHeader).toEqual({
      alg: "EdDSA",
      typ: "sluice-receipt+jwt",
      kid: keys.admissionSigner.kid,
    });
    expect(payload).toEqual({
      iss: ISSUER,
      aud: "sluice:receipt",
      iat: 125,
      sale: "air-one",
      order: "ord_1",
      booking: "BK-1",
      state: "confirmed",
      entry: "line",
      ticket: "tkt_1",
      place: PLACE,
      admission: { jti: "adm_tkt_1", iat: 90, exp: 690 },
      hold: "adm_tkt_1",
      currency: "EUR",
      amounts: {
        items: 38_700,
        discount: 0,
        delivery: 0,
        tax: 0,
        taxIncluded: 0,
        total: 38_700,
      },
      lines: [
        { sku: "AIR-42", quantity: 1, price: 12_900 },
        { sku: "AIR-43", quantity: 2, price: 12_900 },
      ],
      times: { joined: 30, admitted: 90, ordered: 120, confirmed: 125 },
    });
  });

  test("the amounts of an order that has them", () => {
    const amounts = {
      items: 25_800,
      discount: 800,
      delivery: 500,
      tax: 0,
      taxIncluded: 4_000,
      total: 25_500,
    };
    expect(receiptFor({ ...FROM_LINE, amounts }).amounts).toEqual(amounts);
  });

  test("that somebody was let in without a ticket, because nobody waited", () => {
    const nowhere = { cohort: null, shard: null, index: null, rank: null, joinedAt_ms: null };
    const receipt = receiptFor({
      ...FROM_LINE,
      place: { lane: "general", ...nowhere },
      admitted: { ...ADMITTED, ticket: null },
    });
    expect(receipt).toMatchObject({ entry: "direct", ticket: null, place: null });
    expect(receipt.times).toMatchObject({ joined: null, admitted: 90 });
  });

  test("that the place is not known, for an order stored before orders had it", () => {
    const { amounts: _amounts, place: _place, admitted: _admitted, ...stored } = FROM_LINE;
    const receipt = receiptFor(orderIntentSchema.parse(stored));
    expect(receipt).toMatchObject({ entry: "unknown", ticket: null, place: null });
    expect(receipt.admission).toEqual({ jti: "adm_tkt_1", iat: null, exp: null });
  });

  test("nothing of a person: no name, e-mail address, address or subject", async () => {
    const person = {
      buyer: "pass:ann@members.example",
      email: "ann@example.com",
      name: "Ann Ó Broin",
      shipTo: { line1: "Kouter 1", city: "Ghent" },
    };
    const token = await signReceipt(keys, ISSUER, receiptFor({ ...FROM_LINE, ...person }));
    expect(token).toBe(signed);
  });

  test("the same at every reading, as long as the key is the same", async () => {
    expect(await signReceipt(keys, ISSUER, receiptFor())).toBe(signed);
    const later = orderAt(STANDINGS.confirmed, { updatedAt_ms: 5_000_000, version: 9 });
    const history = [
      { version: 5, at_ms: 125_900, state: "confirmed", reason: null },
      { version: 9, at_ms: 5_000_000, state: "confirmed", reason: null },
    ];
    expect(receiptOf({ ...later, intent: FROM_LINE }, history)).toEqual(receiptFor());
  });
});

test.each(Object.values(STANDINGS).filter(({ state }) => state !== "confirmed"))(
  "an order that is $state has no receipt",
  (standing) => {
    expect(receiptOf({ ...orderAt(standing), intent: FROM_LINE }, [])).toBe(null);
  },
);

/** Every way to change one value of a JSON document. */
function changesOf(value: unknown): unknown[] {
  if (value === null) return [0];
  if (typeof value === "number") return [value + 1];
  if (typeof value === "string") return [`${value}x`];
  if (Array.isArray(value)) {
    const inside = value.flatMap((item, at) => {
      return changesOf(item).map((other) => value.with(at, other));
    });
    return [...inside, value.slice(1)];
  }
  return Object.entries(Object(value)).flatMap(([name, item]) => {
    const without = Object.fromEntries(
      Object.entries(Object(value)).filter(([key]) => key !== name),
    );
    return [...changesOf(item).map((other) => ({ ...Object(value), [name]: other })), without];
  });
}

test("a receipt with any one field changed or removed is refused, by gate and verifier", async () => {
  const [head, payload, signature] = partsOf(signed);
  const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  const others = changesOf(claims);
  expect(others.length).toBeGreaterThan(60);
  for (const other of others) {
    const token = [head, encoded(other), signature].join(".");
    expect(await verify(token)).toEqual({ kind: "invalid", reason: "bad_signature" });
    expect(await readReceipt(token, jwksOf(keys))).toMatchObject({ kind: "refused" });
  }
});

const ADMISSION = {
  id: "adm_tkt_1",
  ticket: "tkt_1",
  subject: "sub_1",
  lane: "general",
  issuedAt_ms: 90_500,
  expiresAt_ms: 690_500,
  standing: "active",
  ordersDone: 0,
  orderInProgress: null,
  orderBegunAt_ms: null,
  ordersEnded: [],
} as const;

async function anAdmission(): Promise<string> {
  return signAdmission(keys, ISSUER, "air-one", ADMISSION);
}

/** Signed by the gate's key, with changes that no receipt of the gate has. */
async function changed(header: object, claims: object = {}): Promise<string> {
  const { kid, key } = keys.admissionSigner;
  return new SignJWT({ iss: ISSUER, aud: "sluice:receipt", ...receiptFor(), ...claims })
    .setProtectedHeader({ alg: "EdDSA", typ: "sluice-receipt+jwt", kid, ...header })
    .sign(key);
}

type Forgery = readonly [what: string, make: () => Promise<string>, reason: ReceiptRefusal];
const FORGERIES: readonly Forgery[] = [
  ["an admission", anAdmission, "wrong_type"],
  ["a receipt's claims under another type", () => changed({ typ: "JWT" }), "wrong_type"],
  ["one without a type", () => changed({ typ: undefined }), "wrong_type"],
  ["one for another audience", () => changed({}, { aud: "air-one" }), "wrong_type"],
  ["one of another issuer", () => changed({}, { iss: "another" }), "other_issuer"],
  ["one of an unknown key", () => changed({ kid: "another" }), "unknown_key"],
  ["one without its claims", () => changed({}, { times: undefined }), "malformed"],
  ["an unsigned one", async () => new UnsecuredJWT({ ...receiptFor() }).encode(), "wrong_type"],
  ["any text", async () => "what is this", "malformed"],
  ["one longer than any", async () => "a".repeat(RECEIPT_LENGTH_MAX + 1), "malformed"],
];

describe("no receipt", () => {
  test.each(FORGERIES)("is %s", async (_, make, reason) => {
    const token = await make();
    expect(await verify(token)).toEqual({ kind: "invalid", reason });
    // A stranger knows the keys of a gate, which has one issuer, and not its name.
    const { kind } = await readReceipt(token, jwksOf(keys));
    expect(kind).toBe(reason === "other_issuer" ? "verified" : "refused");
  });

  test("is one that another deployment signed", async () => {
    const foreign = await signReceipt(await newKeys(), ISSUER, receiptFor());
    expect(await verify(foreign)).toMatchObject({ kind: "invalid" });
  });
});

test("a receipt is no admission, also where only signature, issuer and audience are checked", async () => {
  const as = await verifyAdmission(keys, ISSUER, "air-one", signed, 100_000);
  expect(as).toEqual({ kind: "invalid" });
  const careless = { issuer: ISSUER, audience: "air-one" };
  await expect(jwtVerify(signed, verifierOf(keys), careless)).rejects.toThrow("aud");
});

test("an old receipt verifies while its key is published, and is signed again by the new one", async () => {
  const [first, second] = [generateGateSecrets(), generateGateSecrets()];
  const keysOf = async (...sets: readonly { readonly ADMISSION_KEYS: string }[]) => {
    const all = sets.map(({ ADMISSION_KEYS }) => keySet.parse(JSON.parse(ADMISSION_KEYS)).keys);
    const read = await readSecrets({
      ...first,
      ADMISSION_KEYS: JSON.stringify({ keys: all.flat() }),
    });
    if (read.kind !== "ready") throw new Error(read.missing.join("; "));
    return read.keys;
  };
  const [before, rotated, retired] = [
    await keysOf(first),
    await keysOf(second, first),
    await keysOf(second),
  ];
  const old = await signReceipt(before, ISSUER, receiptFor());
  expect(await verifyReceipt(rotated, ISSUER, old)).toMatchObject({ kind: "valid" });
  const unknown = { kind: "invalid", reason: "unknown_key" };
  expect(await verifyReceipt(retired, ISSUER, old)).toEqual(unknown);
  const again = await signReceipt(retired, ISSUER, receiptFor());
  expect(await verifyReceipt(retired, ISSUER, again)).toMatchObject({ kind: "valid" });
});

test("a receipt of the fullest cart is within the limit", async () => {
  const lines = Array.from({ length: LINES_PER_CART_MAX }, (_, at) => {
    const sku = String(at).padEnd(64, "x");
    const line = { sku, name: "", quantity: 1000, price: 1_000_000_000, limitPerBuyer: 1000 };
    return { ...PLAIN_LINE, ...line };
  });
  const admission = `adm_${"t".repeat(64)}`;
  const long = { lines, admission, sale: "s".repeat(56), id: "o".repeat(44), total: 2e13 };
  const token = await signReceipt(keys, ISSUER, receiptFor({ ...FROM_LINE, ...long }));
  expect(await verify(token)).toMatchObject({ kind: "valid" });
  expect(token.length).toBeLessThan(RECEIPT_LENGTH_MAX * 0.75);
});

test("the longest admission with its place is still one", async () => {
  const subject = `pass:${"名".repeat(200)}`;
  const place = { cohort: 1e6, shard: 63, index: 1e7, rank: 1e7, joinedAt_ms: 1.8e12 };
  const record = {
    ...ADMISSION,
    id: `adm_tkt_${"0".repeat(40)}`,
    subject,
    lane: "l".repeat(56),
    issuedAt_ms: 1.8e12,
    expiresAt_ms: 1.8e12 + 1000,
    place,
  };
  const sale = "s".repeat(56);
  const token = await signAdmission(keys, ISSUER, sale, record, {
    device: "d".repeat(64),
    number: 1e9,
  });
  const verified = await verifyAdmission(keys, ISSUER, sale, token, 1.8e12);
  expect(verified).toMatchObject({ kind: "valid", admission: { place } });
});

test("the intent of an order stores the place and reads one without it", () => {
  expect(orderIntentSchema.parse(JSON.parse(JSON.stringify(FROM_LINE)))).toEqual(FROM_LINE);
  const { place: _place, admitted: _admitted, ...stored } = FROM_LINE;
  expect(orderIntentSchema.parse(stored)).toMatchObject({ place: null });
});
