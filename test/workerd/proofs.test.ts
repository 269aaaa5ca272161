/**
 * Proofs of work on the runtime they are checked on: whatever is done to a proof, it is the same
 * proof, or none; and keys rotate under challenges that are being solved.
 */
import { solveChallenge } from "altcha-lib";
import { deriveKey as deriveByNodesScrypt } from "altcha-lib/algorithms/scrypt";
import { deriveKey as deriveByPbkdf2 } from "altcha-lib/algorithms/web/pbkdf2";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ALTCHA_MEMORY_DEFAULT_KIB, ALTCHA_NUMBER_MAX } from "../../src/domain/limits.ts";
import {
  altchaWorkOf,
  protectionSchema,
  type AltchaWork,
  type ProofSecret,
} from "../../src/domain/sale/protection.ts";
import { makeAltchaChallenge, verifyAltchaProof } from "../../src/proofs/altcha.ts";

const EASY: AltchaWork = { algorithm: "PBKDF2/SHA-256", maxNumber: 3, cost: 1 };
const secret = (name: string): ProofSecret => {
  return { kid: name, challenge: `challenge-${name}`, solution: `solution-${name}` };
};
const OLD = secret("old");
const NEW = secret("new");

async function solved(by: ProofSecret, sale: string): Promise<string> {
  const challenge = await makeAltchaChallenge(
    by,
    sale,
    { work: EASY, expiresSeconds: 60 },
    Date.now(),
  );
  const solution = await solveChallenge({ challenge, deriveKey: deriveByPbkdf2 });
  return Buffer.from(JSON.stringify({ challenge, solution })).toString("base64");
}

const check = (secrets: readonly ProofSecret[], proof: string, now = Date.now()) => {
  return verifyAltchaProof(secrets, "air-one", proof, now);
};

test("a challenge of the key before is good until that key is taken away", async () => {
  const proof = await solved(OLD, "air-one");
  expect(await check([OLD], proof)).toMatchObject({ kind: "proven" });
  expect(await check([NEW, OLD], proof)).toMatchObject({ kind: "proven" });
  expect(await check([NEW], proof)).toEqual({ kind: "refused", reason: "unknown_key" });
  const sameName = { ...NEW, kid: OLD.kid };
  expect(await check([sameName], proof)).toEqual({ kind: "refused", reason: "bad_signature" });
});

test("a proof is good until its challenge ends, to the second", async () => {
  const proof = await solved(OLD, "air-one");
  const end_ms = Math.floor(Date.now() / 1000) * 1000 + 60_000;
  expect(await check([OLD], proof, end_ms - 1000)).toMatchObject({ kind: "proven" });
  expect(await check([OLD], proof, end_ms + 2000)).toEqual({ kind: "refused", reason: "expired" });
});

test("a proof that is changed anywhere is none, or the same; two proofs are never the same", async () => {
  const [proof, another] = await Promise.all([solved(OLD, "air-one"), solved(OLD, "air-one")]);
  const [good, other] = await Promise.all([check([OLD], proof), check([OLD], another)]);
  expect(good.kind === "proven" && other.kind === "proven").toBe(true);
  expect(other).not.toEqual(good);
  const text = Buffer.from(proof, "base64").toString();
  const change = fc.record({
    at: fc.nat(text.length - 1),
    taken: fc.nat(3),
    put: fc.string({ maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      let changed = text;
      for (const { at, taken, put } of changes) {
        changed = changed.slice(0, at) + put + changed.slice(at + taken);
      }
      const outcome = await check([OLD], Buffer.from(changed).toString("base64"));
      const isNone = outcome.kind === "refused";
      expect(isNone || JSON.stringify(outcome) === JSON.stringify(good)).toBe(true);
    }),
    { numRuns: 300 },
  );
});

test("the work is scrypt unless a document names PBKDF2's cost, and both kinds of proof are good", async () => {
  const read = (more: object) => {
    const protection = protectionSchema.parse({ kind: "altcha", maxNumber: 3, ...more });
    if (protection.kind !== "altcha") throw new Error("another kind");
    return protection;
  };
  const kinds = [read({ memoryKiB: 16 }), read({ cost: 1 })] as const;
  const algorithms: string[] = [];
  for (const protection of kinds) {
    const asking = { work: altchaWorkOf(protection), expiresSeconds: 60 };
    const challenge = await makeAltchaChallenge(NEW, "air-one", asking, Date.now());
    algorithms.push(challenge.parameters.algorithm);
    const deriveKey = protection.cost === undefined ? deriveByNodesScrypt : deriveByPbkdf2;
    const solution = await solveChallenge({ challenge, deriveKey });
    const proof = Buffer.from(JSON.stringify({ challenge, solution })).toString("base64");
    // The sale has changed its protection since: what was signed before is good.
    expect(await check([NEW], proof)).toMatchObject({ kind: "proven" });
  }
  expect(algorithms).toEqual(["SCRYPT", "PBKDF2/SHA-256"]);
  expect(altchaWorkOf(read({ maxNumber: 1000 }))).toEqual({
    algorithm: "SCRYPT",
    cost: ALTCHA_MEMORY_DEFAULT_KIB,
    memoryCost: 8,
    parallelism: 1,
    maxNumber: 1000,
  });
});

test("a network that asks for many challenges has more work, within bounds, at the same cost here", () => {
  const protection = { kind: "altcha", maxNumber: 1000, expiresSeconds: 600 } as const;
  const work = (["few", "some", "many"] as const).map((asked) => altchaWorkOf(protection, asked));
  expect(work.map(({ maxNumber }) => maxNumber)).toEqual([1000, 4000, 16_000]);
  expect(new Set(work.map(({ cost }) => cost)).size).toBe(1);
  const hardest = { ...protection, maxNumber: ALTCHA_NUMBER_MAX };
  expect(altchaWorkOf(hardest, "many").maxNumber).toBe(ALTCHA_NUMBER_MAX);
});
