/**
 * Receipts over HTTP: bought from the line, downloaded, and verified by a stranger with jose, by
 * `npm run verify-draw` and by the shop's page without scripts.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import { createRemoteJWKSet, decodeJwt, importJWK, jwtVerify, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetch } from "undici";
import { z } from "zod";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { STAND_IN_CHAIN } from "../../simulation/sandbox/beacon.ts";
import { chainHashOf } from "../../src/domain/line/beacon.ts";
import { generateGateSecrets } from "../../scripts/secret-set.ts";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import {
  buy,
  claim,
  download,
  order,
  receiptOf,
  receiptPath,
  saleWithLine,
  type Bought,
} from "./support/receipts.ts";
import { expectProblem } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  connections,
  finalOrder,
  makeSale,
  type Sluice,
  startSluice,
  until,
} from "./support/sluice.ts";

const SALE = "in-line";
const { ADMIN_TOKEN: adminToken, ...secrets } = generateGateSecrets();
const NODE = joinPath(PROJECT_ROOT, "node_modules", ".bin", "node");

let sluice: Sluice;
let folder: string;
let tickets: string[];
let bought: Bought;
let token: string;

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), "receipts-"));
  sluice = await startSluice({ adminToken, variables: { gate: secrets } });
  tickets = await saleWithLine(sluice, SALE);
  bought = await buy(sluice, SALE, await claim(sluice, SALE, tickets[3] ?? ""));
  token = await receiptOf(sluice, bought);
});

afterAll(async () => {
  await sluice.stop();
  await rm(folder, { recursive: true });
});

const verifying = { algorithms: ["EdDSA"], typ: "sluice-receipt+jwt", audience: "sluice:receipt" };

function verified(text: string) {
  const keys = createRemoteJWKSet(new URL(`${sluice.host.gateUrl}/_sluice/.well-known/jwks.json`));
  return jwtVerify(text, keys, { ...verifying, issuer: "sluice" });
}

const ranked = z.object({ rank: z.int() });

/** Waits for it, because a snapshot from before the draw may still be cached. */
async function rankOf(ticket: string): Promise<number> {
  const headers = { "sluice-ticket": ticket };
  const { body } = await until(
    () => sluice.shopper("GET", `/sales/${SALE}/status`, { headers }),
    ({ body: status }) => ranked.safeParse(status).success,
  );
  return ranked.parse(body).rank;
}

describe("an order from the line", () => {
  test("has a receipt that anybody verifies with the published keys", async () => {
    const { payload, protectedHeader } = await verified(token);
    const claims = claimsOf(tickets[3] ?? "");
    const rank = await rankOf(tickets[3] ?? "");
    expect(protectedHeader).toMatchObject({ alg: "EdDSA", typ: "sluice-receipt+jwt" });
    expect(payload).toMatchObject({
      sale: SALE,
      order: bought.order,
      state: "confirmed",
      entry: "line",
      ticket: claims?.jti,
      place: {
        lane: "general",
        cohort: 0,
        shard: claims?.shard,
        index: claims?.index,
        rank,
      },
      admission: { jti: `adm_${claims?.jti}` },
      hold: `adm_${claims?.jti}`,
      currency: "EUR",
      amounts: { items: 12_900, discount: 0, delivery: 0, tax: 0, total: 12_900 },
      lines: [{ sku: `${SALE}-shoe`, quantity: 1, price: 12_900 }],
    });
    const joined = decodeJwt(tickets[3] ?? "").iat;
    const times = z
      .object({ joined: z.int(), admitted: z.int(), ordered: z.int(), confirmed: z.int() })
      .parse(payload["times"]);
    expect(times.joined).toBe(joined);
    expect(times.admitted).toBeGreaterThanOrEqual(times.joined);
    expect(times.confirmed).toBeGreaterThanOrEqual(times.ordered);
    expect(JSON.stringify(payload)).not.toMatch(/ann@|"ann"|shoppers\.example|sub_/i);
  });

  test("is downloaded as a file, the same every time", async () => {
    const { status, headers, text } = await download(sluice, bought);
    expect([status, headers.get("content-type")]).toEqual([200, "application/jwt"]);
    expect(headers.get("content-disposition")).toContain(`receipt-${bought.order}.jwt`);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(text).toBe(token);
  });

  test("gives its receipt to nobody without the key or the admission", async () => {
    const [path = ""] = receiptPath(bought).split("?");
    for (const address of [path, `${path}?key=another`]) {
      const { body } = expectProblem(await sluice.ask("GET", address), 404, "order_not_found");
      expect(JSON.stringify(body)).not.toContain(SALE);
    }
  });

  test("before it is confirmed, and when it is declined, has none", async () => {
    const admission = await claim(sluice, SALE, tickets[4] ?? "");
    const method = "pm_card_chargeDeclined";
    const placed = await order(sluice, SALE, admission, { payment: { method } });
    const { path } = acceptedOrder(placed);
    const ask = () => sluice.ask("GET", receiptPath({ path }));
    expectProblem(await ask(), 409, "order_not_confirmed");
    const { body } = await finalOrder(sluice, placed);
    expect(body["state"]).toBe("declined");
    expectProblem(await ask(), 409, "order_not_confirmed");
  });
});

test("a receipt is no admission, and an admission no receipt", async () => {
  const headers = { "sluice-admission": token };
  const cart = { headers, body: { lines: [] } };
  const refused = await sluice.shopper("PUT", `/sales/${SALE}/cart`, cart);
  expectProblem(refused, 401, "admission_invalid");
  const admission = await claim(sluice, SALE, tickets[5] ?? "");
  await expect(verified(admission)).rejects.toThrow("typ");
  expect(await check(admission)).toContain("This is a token of another kind, not a receipt.");
});

test("a buyer let in at once has a receipt that says so", async () => {
  await makeSale(sluice, "open-door");
  const { "sluice-admission": admission = "" } = await admit(sluice, "open-door");
  const { payload } = await verified(
    await receiptOf(sluice, await buy(sluice, "open-door", admission)),
  );
  expect(payload).toMatchObject({ entry: "direct", place: null, ticket: null });
  expect(payload["times"]).toMatchObject({ joined: null, admitted: expect.any(Number) });
});

test("an order by an admission of an earlier release, which has no place, has a receipt", async () => {
  const { place, ...claims } = decodeJwt(await claim(sluice, SALE, tickets[6] ?? ""));
  expect(place).toMatchObject({ cohort: 0, rank: expect.any(Number) });
  const { keys } = z
    .object({ keys: z.array(z.looseObject({ kid: z.string() })) })
    .parse(JSON.parse(secrets.ADMISSION_KEYS));
  const [jwk = { kid: "" }] = keys;
  const older = await new SignJWT(claims)
    .setProtectedHeader({ alg: "EdDSA", typ: "sluice-admission+jwt", kid: jwk.kid })
    .sign(await importJWK(jwk, "EdDSA"));
  const { payload } = await verified(await receiptOf(sluice, await buy(sluice, SALE, older)));
  expect(payload).toMatchObject({ entry: "unknown", place: null, ticket: null });
});

/** What the page without scripts says about a receipt. */
async function check(receipt: string): Promise<string> {
  const url = `${sluice.host.gateUrl}/_sluice/shop/${SALE}/receipt`;
  const headers = {
    "content-type": "application/x-www-form-urlencoded",
    origin: sluice.host.gateUrl,
  };
  const body = new URLSearchParams({ receipt }).toString();
  const answer = await fetch(url, { method: "POST", headers, body, dispatcher: connections });
  const text = await answer.text();
  return text.replace(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
}

describe("the page without scripts", () => {
  test("verifies a receipt, and its place against the draw", async () => {
    const text = await check(token);
    expect(text).toContain("The signature is the shop’s.");
    expect(text).toContain(`Order ${bought.order} was confirmed`);
    expect(text).toContain("The draw gives the same place.");
  });

  test("refuses a changed receipt, and shows nothing of what it says", async () => {
    const [head, payload = "", signature] = token.split(".");
    const claims = { ...decodeJwt(token), order: "ord_mine" };
    const changed = Buffer.from(JSON.stringify(claims)).toString("base64url");
    expect(changed).not.toBe(payload);
    const text = await check([head, changed, signature].join("."));
    expect(text).toContain("The signature does not match");
    expect(text).not.toContain("ord_mine");
  });

  test("comes filled in from the order's page, for who has the order's key", async () => {
    const key = new URLSearchParams(bought.path.split("?")[1]).get("key") ?? "";
    const page = async (query: Record<string, string>) => {
      const path = `/_sluice/shop/${SALE}/receipt?${new URLSearchParams(query)}`;
      const answer = await fetch(`${sluice.host.gateUrl}${path}`, { dispatcher: connections });
      return { status: answer.status, text: await answer.text() };
    };
    expect((await page({ order: bought.order, key })).text).toContain(token);
    const stranger = await page({ order: bought.order, key: "another" });
    expect([stranger.status, stranger.text.includes(token)]).toEqual([404, false]);
  });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly complaints: string;
}

/** `npm run verify-draw` in a process of its own. */
async function verifyDraw(text: string, ...args: readonly string[]): Promise<Ran> {
  const file = joinPath(folder, "receipt.jwt");
  await writeFile(file, text);
  const program = joinPath(PROJECT_ROOT, "tools", "verify-draw", "main.ts");
  const known = ["--beacon-chain", chainHashOf(STAND_IN_CHAIN)];
  const all = [program, "--url", sluice.host.gateUrl, "--receipt", file, ...known, ...args];
  return new Promise((resolve) => {
    const child = execFile(NODE, all, (_error, out, complaints) => {
      resolve({ code: child.exitCode, out, complaints });
    });
  });
}

test("npm run verify-draw verifies a receipt while the sale is live, and says what is left", async () => {
  const { code, out } = await verifyDraw(token);
  expect(out).toContain("✓ receipt 1, signature");
  expect(out).toMatch(/✓ receipt 1, amounts .*add up to \d+ EUR/);
  expect(out).toMatch(/✓ receipt 1, place .*as the draw gives/);
  expect(out).toMatch(/… secret .*only when the sale is over/);
  expect(out).toContain("Receipts verified");
  expect(code).toBe(0);
  const { code: ofDraw, out: draw } = await verifyDraw(token, "--sale", SALE);
  expect(draw).toContain("Not yet verified");
  expect(ofDraw).toBe(3);
});

describe("npm run verify-draw after the end", () => {
  beforeAll(async () => {
    await sluice.merchant("POST", `/sales/${SALE}/actions`, { action: "end" });
    const ask = () => sluice.shopper("GET", `/sales/${SALE}/fairness`);
    await until(ask, ({ body }) => body["secret"] !== null);
  });

  test("verifies signature and place, and says what is proven", async () => {
    const { code, out } = await verifyDraw(token, "--ticket", tickets[3] ?? "");
    const rank = await rankOf(tickets[3] ?? "");
    expect(out).toMatch(new RegExp(`✓ receipt 1, signature .*order ${bought.order}`));
    expect(out).toMatch(new RegExp(`✓ receipt 1, place .*rank ${rank}, as the draw gives`));
    expect(out).toContain("the ticket you gave has this place");
    expect(out).toContain(`Receipt 1: order ${bought.order} (1 × ${SALE}-shoe) came from rank`);
    expect(out).toContain("A receipt names nobody");
    expect(code).toBe(0);
  });

  test("detects a changed receipt", async () => {
    const [head, , signature] = token.split(".");
    const claims = { ...decodeJwt(token), booking: "BK-other" };
    const changed = Buffer.from(JSON.stringify(claims)).toString("base64url");
    const { code, out } = await verifyDraw([head, changed, signature].join("."));
    expect(out).toContain("✗ receipt 1, signature");
    expect(out).not.toContain("BK-other");
    expect(code).toBe(1);
  });

  test("refuses a file without a receipt, and a receipt of another sale", async () => {
    const none = await verifyDraw("what is this");
    expect([none.code, none.complaints.includes("line 1, is no receipt")]).toEqual([2, true]);
    const empty = await verifyDraw("");
    expect([empty.code, empty.complaints.includes("names no sale")]).toEqual([2, true]);
    const other = await verifyDraw(token, "--sale", "open-door");
    expect([other.code, other.complaints.includes(`a receipt of sale ${SALE}`)]).toEqual([2, true]);
  });
});
