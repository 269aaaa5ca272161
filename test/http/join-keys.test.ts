/**
 * Keys of joins and orders, over HTTP: a guessed key is refused, and a key that became known gives
 * nobody else the place, the admission or the order of the shopper who chose it.
 */
import { randomUUID } from "node:crypto";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { expectProblem } from "./support/problem-checks.ts";
import {
  makeSale,
  orderBody,
  PREQUEUE,
  startSluice,
  textOf,
  type Sluice,
} from "./support/sluice.ts";

const WAITS = "join-keys-wait";
const OPEN = "join-keys-open";

type Headers = Readonly<Record<string, string>>;

let sluice: Sluice;
const SERVER_KEY = "c2VydmVyLWtleS1vZi10aGUtam9pbi1rZXlzLXRlc3Q";

beforeAll(async () => {
  const key = { kty: "oct", kid: "shop-1", k: SERVER_KEY };
  const SERVER_KEYS = JSON.stringify({ keys: [key] });
  sluice = await startSluice({ variables: { gate: { SERVER_KEYS } } });
  await makeSale(sluice, WAITS, PREQUEUE);
  await makeSale(sluice, OPEN);
});
afterAll(() => sluice.stop());

const ANN = { "cf-connecting-ip": "192.0.2.10", "user-agent": "Ann's app" };
const BOB = { "cf-connecting-ip": "192.0.2.11", "user-agent": "Bob's app" };
const LAPTOP = { "sluice-device": "laptop-0000000000000" };
const PHONE = { "sluice-device": "phone-00000000000000" };

function join(sale: string, key: string, headers: Headers) {
  const parts = { headers: { ...headers, "idempotency-key": key } };
  return sluice.shopper("POST", `/sales/${sale}/tickets`, parts);
}

/** The id of the ticket that a join gives. */
async function place(key: string, headers: Headers): Promise<unknown> {
  return claimsOf(textOf(await join(WAITS, key, headers), "ticket"))?.jti;
}

describe("a key that can be guessed", () => {
  test.each(["user-1042", "1", "a".repeat(64), "00000000-0000-4000-8000-000000001042"])(
    "%s is refused, and says what to send instead",
    async (key) => {
      const joined = await join(WAITS, key, ANN);
      expectProblem(joined, 422, "idempotency_key_guessable");
      expect(joined.body).toMatchObject({
        errors: [
          { path: "Idempotency-Key", message: expect.stringContaining("crypto.randomUUID()") },
        ],
      });
      const admitted = textOf(await join(OPEN, randomUUID(), ANN), "admission");
      const headers = { ...ANN, "sluice-admission": admitted, "idempotency-key": key };
      const order = await sluice.shopper("POST", "/orders", { headers, body: orderBody(OPEN) });
      expectProblem(order, 422, "idempotency_key_guessable");
    },
  );
});

describe("the key of a join", () => {
  test("gives the same place to the client that lost the answer, with or without a device", async () => {
    for (const headers of [ANN, { ...ANN, ...LAPTOP }]) {
      const key = randomUUID();
      expect(await place(key, headers)).toBe(await place(key, headers));
    }
  });

  test("is a device's own, on whatever network it is", async () => {
    const key = randomUUID();
    const own = await place(key, { ...ANN, ...LAPTOP });
    expect(await place(key, { ...BOB, ...LAPTOP })).toBe(own);
    expect(await place(key, { ...ANN, ...PHONE })).not.toBe(own);
    expect(await place(key, ANN)).not.toBe(own);
  });

  test("of a client without a device is that of its network and software", async () => {
    const key = randomUUID();
    const own = await place(key, ANN);
    expect(await place(key, BOB)).not.toBe(own);
    expect(await place(key, { ...ANN, "user-agent": "Bob's app" })).not.toBe(own);
    const home = { ...ANN, "cf-connecting-ip": "2001:db8:1:2::3" };
    const lodger = { ...ANN, "cf-connecting-ip": "2001:db8:1:2:aaaa::4" };
    const neighbour = { ...ANN, "cf-connecting-ip": "2001:db8:1:3::3" };
    expect(await place(key, lodger)).toBe(await place(key, home));
    expect(await place(key, neighbour)).not.toBe(await place(key, home));
  });

  test("of a shop's server may be the shop's own id, because only the server can use it", async () => {
    const server = { "sluice-server-key": SERVER_KEY };
    const own = await place("user-1042", server);
    expect(await place("user-1042", server)).toBe(own);
    const key = randomUUID();
    expect(await place(key, server)).not.toBe(await place(key, {}));
  });

  test("that became known gives nobody else the admission", async () => {
    const key = randomUUID();
    const own = textOf(await join(OPEN, key, ANN), "admission");
    expect(textOf(await join(OPEN, key, ANN), "admission")).toBe(own);
    const other = textOf(await join(OPEN, key, BOB), "admission");
    expect(decodeJwt(other).sub).not.toBe(decodeJwt(own).sub);
  });
});
