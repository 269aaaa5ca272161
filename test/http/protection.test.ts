/**
 * A sale that requires a proof, over HTTP: where the challenge is, the order in which a join is
 * refused, and that one proof gives one place, even when repeated.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChallenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/web/pbkdf2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SANDBOX_TURNSTILE_SECRET, sandboxToken } from "../../simulation/sandbox/turnstile.ts";
import { inSeconds, MEMBERS, passFor, WITH_PASSES } from "./support/merchant-passes.ts";
import { expectNoChange, expectProblem } from "./support/problem-checks.ts";
import { encoded, solved } from "../../simulation/crowd/proof-of-work.ts";
import { askChallenge, refusal } from "./support/proofs.ts";
import {
  makeSale,
  NOT_OPEN,
  PREQUEUE,
  saleDocument,
  startSluice,
  textOf,
  type Sluice,
  until,
} from "./support/sluice.ts";

/** As cheap to solve as possible, because the work is not what is tested. */
const ALTCHA = { kind: "altcha", maxNumber: 4, cost: 1 };
const TURNSTILE = { kind: "turnstile", siteKey: "1x00000000000000000000AA" };

let sluice: Sluice;
const logged: string[] = [];
const onLog = ({ message }: { readonly message: string }): void => {
  logged.push(message);
};
beforeAll(async () => {
  sluice = await startSluice({ ...WITH_PASSES, onLog });
});
afterAll(() => sluice.stop());

interface JoinBody {
  readonly proof?: unknown;
  readonly pass?: string;
}

function joinSale(sale: string, body: JoinBody = {}, headers: Record<string, string> = {}) {
  return sluice.shopper("POST", `/sales/${sale}/tickets`, { body, headers });
}

const challengeOf = (sale: string) => askChallenge(sluice, sale);
const proofFor = async (sale: string) => solved(await challengeOf(sale));

describe("a sale that requires a proof of work", () => {
  const SALE = "worked";
  beforeAll(() => makeSale(sluice, SALE, { ...PREQUEUE, ...MEMBERS, protection: ALTCHA }));

  test("shows it in public, and a join without a proof names the URL of the challenge", async () => {
    const { body } = await sluice.shopper("GET", `/sales/${SALE}`);
    expect(body["protection"]).toEqual({ ...ALTCHA, expiresSeconds: 600 });
    const refused = expectProblem(await joinSale(SALE), 403, "proof_required");
    const challengeUrl = `/_sluice/v1/sales/${SALE}/challenge`;
    expect(refused.body["proof"]).toEqual({ kind: "altcha", challengeUrl });
    const challenge = await sluice.ask("GET", challengeUrl);
    expect(challenge.headers.get("cache-control")).toBe("no-store");
  });

  test("gives a place for a proof, and the same place for the same proof", async () => {
    const proof = await proofFor(SALE);
    const first = await joinSale(SALE, { proof });
    expect(first.status).toBe(201);
    const again = await joinSale(SALE, { proof });
    expect(again.status).toBe(200);
    expect(textOf(again, "ticket")).toBe(textOf(first, "ticket"));
    expect(textOf(await joinSale(SALE, { proof: await proofFor(SALE) }), "ticket")).not.toBe(
      textOf(first, "ticket"),
    );
  });

  test("gives one place for twenty concurrent joins with one proof", async () => {
    const proof = await proofFor(SALE);
    const answers = await Promise.all(Array.from({ length: 20 }, () => joinSale(SALE, { proof })));
    const tickets = new Set(answers.map((answer) => textOf(answer, "ticket")));
    expect(tickets.size).toBe(1);
  });

  test("requires no further proof with a ticket", async () => {
    const ticket = textOf(await joinSale(SALE, { proof: await proofFor(SALE) }), "ticket");
    const again = await joinSale(SALE, {}, { "sluice-ticket": ticket });
    expect([again.status, again.body["ticket"]]).toEqual([200, ticket]);
  });

  test("accepts a pass with a subject instead of a proof, but not one without", async () => {
    const named = await passFor(SALE, { sub: "customer-1" });
    expect((await joinSale(SALE, { pass: named })).status).toBe(201);
    const anybodys = await passFor(SALE, {});
    expect(refusal(await joinSale(SALE, { pass: anybodys }))).toBe("403 proof_required");
    const both = await joinSale(SALE, { pass: anybodys, proof: await proofFor(SALE) });
    expect(both.body["status"]).toMatchObject({ lane: "members" });
  });

  test("refuses with the reason, and gives no place", async () => {
    const other = "worked-too";
    await makeSale(sluice, other, { ...PREQUEUE, protection: ALTCHA });
    const challenge = await challengeOf(SALE);
    const { parameters } = challenge;
    const elsewhere = await createChallenge({
      algorithm: parameters.algorithm,
      cost: 1,
      counter: 2,
      data: parameters.data,
      deriveKey,
      expiresAt: inSeconds(600),
      hmacSignatureSecret: "not the deployment's",
      hmacKeySignatureSecret: "nor this",
    });
    const easier = { ...challenge, parameters: { ...parameters, expiresAt: inSeconds(9000) } };
    const solution = { counter: 1, derivedKey: "00".repeat(32) };
    const wrongKey = { ...parameters, data: { sale: SALE, kid: "nobody" } };
    const proofs: [string, string][] = [
      ["other_sale", await proofFor(other)],
      ["bad_signature", await solved(elsewhere)],
      ["bad_signature", await solved(easier)],
      ["wrong_solution", encoded({ challenge, solution })],
      ["unknown_key", encoded({ challenge: { ...challenge, parameters: wrongKey }, solution })],
      ["malformed", encoded({ challenge: { ...challenge, more: 1 }, solution })],
      ["malformed", encoded({ challenge })],
      ["malformed", "no base64 !"],
      ["malformed", encoded(7)],
    ];
    await expectNoChange(sluice, SALE, async () => {
      for (const [reason, proof] of proofs)
        expect(refusal(await joinSale(SALE, { proof }))).toBe(`403 proof_invalid ${reason}`);
    });
  });

  test("limits the length of a proof", async () => {
    expect(refusal(await joinSale(SALE, { proof: "x".repeat(2048) }))).toBe(
      "403 proof_invalid malformed",
    );
    expect(refusal(await joinSale(SALE, { proof: "x".repeat(2049) }))).toBe("422 invalid_request");
    expect(refusal(await joinSale(SALE, { proof: 7 }))).toBe("422 invalid_request");
  });

  test("has no challenge for a sale that requires none, that is not open, or that is over", async () => {
    const ask = (sale: string) => sluice.shopper("GET", `/sales/${sale}/challenge`);
    expect(refusal(await ask("nobody-made-it"))).toBe("404 sale_not_found");
    await makeSale(sluice, "unprotected");
    expect(refusal(await ask("unprotected"))).toBe("404 challenge_not_found");
    await makeSale(sluice, "worked-later", { ...NOT_OPEN, protection: ALTCHA });
    expect(refusal(await ask("worked-later"))).toBe("409 sale_not_open");
    await makeSale(sluice, "worked-before", { ...PREQUEUE, protection: ALTCHA });
    await sluice.merchant("POST", "/sales/worked-before/actions", { action: "end" });
    await until(
      () => ask("worked-before"),
      ({ body }) => body["code"] === "sale_over",
    );
  });

  test("refuses in this order: the pass, the phase, the proof", async () => {
    const bad = { pass: "x.y.z", proof: "x" };
    expect(refusal(await joinSale("worked-later", bad))).toBe("403 pass_invalid malformed");
    expect(refusal(await joinSale("worked-later", { proof: "x" }))).toBe("409 sale_not_open");
    expect(refusal(await joinSale("worked-before", { proof: "x" }))).toBe("410 sale_over");
    expect(refusal(await joinSale("nobody-made-it", bad))).toBe("404 sale_not_found");
  });
});

test("a proof lets in at once while nobody waits, and not again after leaving", async () => {
  const sale = "worked-live";
  await makeSale(sluice, sale, { protection: ALTCHA });
  const proof = await proofFor(sale);
  const first = await joinSale(sale, { proof });
  expect(first.status).toBe(201);
  const admission = textOf(first, "admission");
  expect(textOf(await joinSale(sale, { proof }), "admission")).toBe(admission);
  const headers = { "sluice-admission": admission };
  await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers });
  expect(refusal(await joinSale(sale, { proof }))).toBe("403 proof_invalid already_used");
  const { body } = await sluice.merchant("GET", `/sales/${sale}/audit`);
  expect(body["seats"] ?? body).toMatchObject({ claimed: 1 });
});

test("a proof of an expired challenge is refused", async () => {
  const sale = "worked-briefly";
  await makeSale(sluice, sale, { ...PREQUEUE, protection: { ...ALTCHA, expiresSeconds: 30 } });
  const { parameters } = await challengeOf(sale);
  expect(Math.abs(parameters.expiresAt - inSeconds(30))).toBeLessThan(5);
  const past = { ...parameters, expiresAt: inSeconds(-1) };
  const solution = { counter: 1, derivedKey: "00".repeat(32) };
  const signature = "0".repeat(64);
  const late = encoded({ challenge: { parameters: past, signature }, solution });
  expect(refusal(await joinSale(sale, { proof: late }))).toBe("403 proof_invalid expired");
});

describe("a sale that requires Turnstile", () => {
  const SALE = "checked";
  let tokens = 0;
  const tokenFor = (sale: string, change: Record<string, unknown> = {}) => {
    tokens += 1;
    const valid = { hostname: "127.0.0.1", action: "sluice-join", cdata: sale };
    return sandboxToken({ id: `t${tokens}`, solvedAt_ms: Date.now(), ...valid, ...change });
  };
  beforeAll(async () => {
    await makeSale(sluice, SALE, { ...PREQUEUE, protection: TURNSTILE });
  });

  test("shows it in public, and gives one place for a token, even when repeated", async () => {
    const refused = expectProblem(await joinSale(SALE), 403, "proof_required");
    expect(refused.body["proof"]).toEqual({ kind: "turnstile" });
    const proof = tokenFor(SALE);
    const first = await joinSale(SALE, { proof });
    expect(first.status).toBe(201);
    expect(textOf(await joinSale(SALE, { proof }), "ticket")).toBe(textOf(first, "ticket"));
    expectProblem(
      await sluice.shopper("GET", `/sales/${SALE}/challenge`),
      404,
      "challenge_not_found",
    );
  });

  test("repeats siteverify with the same key when an answer was lost", async () => {
    expect((await joinSale(SALE, { proof: tokenFor(SALE, { fault: "once" }) })).status).toBe(201);
  });

  test.each([
    ["not_verified", "not a token"],
    ["expired_or_used", () => tokenFor(SALE, { solvedAt_ms: Date.now() - 301_000 })],
    ["other_host", () => tokenFor(SALE, { hostname: "shop.example" })],
    ["other_action", () => tokenFor(SALE, { action: "login" })],
    ["other_sale", () => tokenFor("another")],
  ])("refuses a token that is %s", async (reason, proof) => {
    const answer = await joinSale(SALE, { proof: typeof proof === "string" ? proof : proof() });
    expect(refusal(answer)).toBe(`403 proof_invalid ${reason}`);
  });

  test("refuses a token that another system redeemed", async () => {
    const proof = tokenFor(SALE);
    await sluice.sandbox("POST", "/turnstile/v0/siteverify", {
      secret: SANDBOX_TURNSTILE_SECRET,
      response: proof,
    });
    expect(refusal(await joinSale(SALE, { proof }))).toBe("403 proof_invalid expired_or_used");
  });

  test("accepts tokens only from the merchant's host names", async () => {
    const sale = "checked-elsewhere";
    const protection = { ...TURNSTILE, hostnames: ["shop.example"] };
    await makeSale(sluice, sale, { ...PREQUEUE, protection });
    const there = tokenFor(sale, { hostname: "shop.example" });
    expect((await joinSale(sale, { proof: there })).status).toBe(201);
    expect(refusal(await joinSale(sale, { proof: tokenFor(sale) }))).toBe(
      "403 proof_invalid other_host",
    );
  });

  test("while siteverify does not answer, lets in or refuses as the merchant chose, and logs it", async () => {
    const answer = await joinSale(SALE, { proof: tokenFor(SALE, { fault: "silent" }) });
    expectProblem(answer, 503, "proof_unavailable");
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    const open = "checked-or-not";
    const protection = { ...TURNSTILE, onUnavailable: "allow" };
    await makeSale(sluice, open, { ...PREQUEUE, protection });
    const proof = tokenFor(open, { fault: "silent" });
    const first = await joinSale(open, { proof });
    expect(first.status).toBe(201);
    expect(textOf(await joinSale(open, { proof }), "ticket")).toBe(textOf(first, "ticket"));
    expect(refusal(await joinSale(open))).toBe("403 proof_required");
    const lines = await until(
      async () => logged.join(),
      (text) => text.includes('"onUnavailable":"allow"'),
    );
    expect(lines).toContain('"event":"turnstile_silent","sale":"checked"');
    expect(lines).not.toContain(proof);
  });
});

describe("a deployment without the secrets of protections", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-protection-"));
  let bare: Sluice;
  beforeAll(async () => {
    const before = await startSluice({ folder, pipeline: false });
    await makeSale(before, "bare-old", { protection: ALTCHA });
    await before.stop();
    const gate = { PROOF_KEYS: "", TURNSTILE_SECRET: "" };
    bare = await startSluice({ folder, pipeline: false, variables: { gate }, onLog });
  });
  afterAll(async () => {
    await bare.stop();
    rmSync(folder, { recursive: true });
  });

  test.each([
    ["altcha", ALTCHA, "PROOF_KEYS"],
    ["turnstile", TURNSTILE, "TURNSTILE_SECRET"],
  ])("refuses a sale with %s, and names the missing secret", async (kind, protection, name) => {
    const document = saleDocument(`bare-${kind}`, { protection });
    const answer = await bare.merchant("PUT", `/sales/bare-${kind}`, document);
    expectProblem(answer, 409, "protection_not_configured");
    expect(answer.body["errors"]).toEqual([{ path: "protection.kind", message: `needs ${name}` }]);
    expectProblem(await bare.merchant("GET", `/sales/bare-${kind}`), 404, "sale_not_found");
  });

  test("lets nobody into an existing sale, and logs the reason for the operator", async () => {
    const path = "/sales/bare-old";
    const body = { proof: "x" };
    const answers = [
      await bare.shopper("GET", `${path}/challenge`),
      await bare.shopper("POST", `${path}/tickets`, { body }),
    ];
    expect(answers.map(refusal)).toEqual(["503 proof_unavailable", "503 proof_unavailable"]);
    await until(
      async () => logged.join(),
      (text) => text.includes('"event":"not_configured","sale":"bare-old","missing":"PROOF_KEYS"'),
    );
  });
});
