/**
 * What an isolate remembers of admissions: that this very token was verified, until it expires,
 * with the keys that verified it. Nothing that was refused is remembered.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { AdmissionRecord } from "../../src/domain/room/admission.ts";
import { ADMISSIONS_REMEMBERED_MAX } from "../../src/domain/limits.ts";
import { generateGateSecrets } from "../../scripts/secret-set.ts";
import { signAdmission, verifyAdmission } from "../../src/tokens/admissions.ts";
import { readSecrets, type Keys } from "../../src/tokens/secrets.ts";

const ISSUER = "https://shop.example";
const SALE = "sale";
const ISSUED_MS = 1_800_000_000_000;
const EXPIRES_MS = ISSUED_MS + 600_000;

async function keysOf(secrets = generateGateSecrets()): Promise<Keys> {
  const read = await readSecrets(secrets);
  if (read.kind !== "ready") throw new Error(read.missing.join("; "));
  return read.keys;
}

function recordOf(id: string): AdmissionRecord {
  return {
    id,
    ticket: `tkt_${id}`,
    subject: "sub_1",
    lane: "general",
    issuedAt_ms: ISSUED_MS,
    expiresAt_ms: EXPIRES_MS,
    standing: "active",
    ordersDone: 0,
    orderInProgress: null,
    orderBegunAt_ms: null,
    ordersEnded: [],
  };
}

const signed = (keys: Keys, id: string) => signAdmission(keys, ISSUER, SALE, recordOf(id));
const looked = (keys: Keys, token: string, now = ISSUED_MS, sale = SALE, issuer = ISSUER) =>
  verifyAdmission(keys, issuer, sale, token, now).then(({ kind }) => kind);

let verified = vi.spyOn(crypto.subtle, "verify");
beforeEach(() => {
  verified = vi.spyOn(crypto.subtle, "verify");
});
afterEach(() => void vi.restoreAllMocks());

test("a good admission is verified once, and tells the same again", async () => {
  const keys = await keysOf();
  const token = await signed(keys, "adm_1");
  const first = await verifyAdmission(keys, ISSUER, SALE, token, ISSUED_MS);
  const again = await verifyAdmission(keys, ISSUER, SALE, token, EXPIRES_MS - 1);
  expect(first).toMatchObject({ kind: "valid", admission: { id: "adm_1", sale: SALE } });
  expect(again).toEqual(first);
  expect(verified).toHaveBeenCalledTimes(1);
});

test("an admission that is remembered expires at its instant", async () => {
  const keys = await keysOf();
  const token = await signed(keys, "adm_1");
  expect(await looked(keys, token, EXPIRES_MS - 1)).toBe("valid");
  expect(await looked(keys, token, EXPIRES_MS)).toBe("expired");
});

test("an admission that is remembered is none of another sale, nor of another issuer", async () => {
  const keys = await keysOf();
  const token = await signed(keys, "adm_1");
  expect(await looked(keys, token)).toBe("valid");
  expect(await looked(keys, token, ISSUED_MS, "another-sale")).toBe("invalid");
  expect(await looked(keys, token, ISSUED_MS, SALE, "https://else.example")).toBe("invalid");
});

test("a key that is rotated away takes with it the admissions it verified", async () => {
  const secrets = generateGateSecrets();
  const before = await keysOf(secrets);
  const token = await signed(before, "adm_1");
  expect(await looked(before, token)).toBe("valid");
  const { ADMISSION_KEYS } = generateGateSecrets();
  const after = await keysOf({ ...secrets, ADMISSION_KEYS });
  expect(await looked(after, token)).toBe("invalid");
});

test("what was refused is looked at anew each time, beside the good one it resembles", async () => {
  const keys = await keysOf();
  const token = await signed(keys, "adm_1");
  const other = await signed(keys, "adm_2");
  const forged = [...token.split(".").slice(0, 2), other.split(".")[2]].join(".");
  expect(await looked(keys, token)).toBe("valid");
  expect([await looked(keys, forged), await looked(keys, forged)]).toEqual(["invalid", "invalid"]);
  expect(verified).toHaveBeenCalledTimes(3);
});

test("as many as its limit are remembered; with one more the first is forgotten", async () => {
  const keys = await keysOf();
  const first = await signed(keys, "adm_first");
  const second = await signed(keys, "adm_second");
  await looked(keys, first);
  await looked(keys, second);
  // Ten thousand signatures take ten seconds; that any passes is enough to fill the memory.
  verified.mockResolvedValue(true);
  const [header, , signature] = first.split(".");
  const times = { iat: ISSUED_MS / 1000, exp: EXPIRES_MS / 1000 };
  const claims = { iss: ISSUER, aud: SALE, sub: "sub_1", lane: "general", ...times };
  for (let nth = 2; nth < ADMISSIONS_REMEMBERED_MAX; nth += 1) {
    const payload = btoa(JSON.stringify({ ...claims, jti: `adm_${nth}` })).replaceAll("=", "");
    const token = [header, payload, signature].join(".");
    expect(await looked(keys, token)).toBe("valid");
  }
  const callsFor = async (token: string): Promise<number> => {
    verified.mockClear();
    expect(await looked(keys, token)).toBe("valid");
    return verified.mock.calls.length;
  };
  expect(await callsFor(first)).toBe(0);
  await looked(keys, await signed(keys, "adm_more"));
  expect([await callsFor(second), await callsFor(first)]).toEqual([0, 1]);
});
