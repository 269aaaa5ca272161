/**
 * The answer to bad tokens. The test generates the gate's keys, so it can sign any token with them:
 * each case is a valid token with one fault.
 */
import { generateKeyPairSync } from "node:crypto";
import { type CryptoKey, importJWK, type JWK, type JWTPayload, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { generateGateSecrets } from "../../scripts/secret-set.ts";
import { expectNoChange, expectProblem } from "./support/problem-checks.ts";
import {
  acceptedOrder,
  admit,
  type Answer,
  finalOrder,
  makeSale,
  type Method,
  orderBody,
  placeOrder,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";
import { keyNamed } from "../node/support/keys.ts";

const SALE = "bad-tokens";
const QUEUE = "bad-tickets";
const { ADMIN_TOKEN: adminToken, ...secrets } = generateGateSecrets();
const keySet = z.object({ keys: z.array(z.looseObject({ kid: z.string() })).min(1) });

function firstKey(text: string): JWK & { kid: string } {
  const [key] = keySet.parse(JSON.parse(text)).keys;
  if (key === undefined) throw new Error("an empty key set");
  return key;
}

const ticketJwk = firstKey(secrets.TICKET_KEYS);
const admissionJwk = firstKey(secrets.ADMISSION_KEYS);
const publicJwk = { kty: "OKP", crv: "Ed25519", x: String(admissionJwk.x) };

let sluice: Sluice;
/** Valid tokens that the gate itself issued. */
let admission: string;
let ticket: string;

beforeAll(async () => {
  sluice = await startSluice({ adminToken, variables: { gate: secrets } });
  await makeSale(sluice, SALE);
  await makeSale(sluice, "another-sale");
  await makeSale(sluice, QUEUE, PREQUEUE);
  admission = (await admit(sluice, SALE))["sluice-admission"] ?? "";
  ticket = textOf(await sluice.shopper("POST", `/sales/${QUEUE}/tickets`), "ticket");
});
afterAll(() => sluice.stop());

interface Change {
  readonly header?: Record<string, unknown>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey | Uint8Array;
}

function payloadOf(token: string): JWTPayload {
  const json = Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
  return z.record(z.string(), z.unknown()).parse(JSON.parse(json));
}

const signingKey = (jwk: JWK, alg: string) => importJWK(jwk, alg);

/** An admission signed by the gate's key, with a change; `undefined` removes a claim. */
async function admissionWith({ header, claims, key }: Change): Promise<string> {
  return new SignJWT({ ...payloadOf(admission), ...claims })
    .setProtectedHeader({
      alg: "EdDSA",
      typ: "sluice-admission+jwt",
      kid: admissionJwk.kid,
      ...header,
    })
    .sign(key ?? (await signingKey(admissionJwk, "EdDSA")));
}

async function ticketWith({ header, claims, key }: Change): Promise<string> {
  return new SignJWT({ ...payloadOf(ticket), ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "sluice-ticket+jwt", kid: ticketJwk.kid, ...header })
    .sign(key ?? (await signingKey(ticketJwk, "HS256")));
}

const publicBytes = () => Buffer.from(publicJwk.x, "base64url");
const strangersKey = () => generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
const nowSeconds = () => Math.floor(Date.now() / 1000);
/** Combines the parts of two tokens of one kind. */
const spliced = (head: string, tail: string) => {
  const parts = head.split(".");
  return [parts[0], parts[1], tail.split(".")[2]].join(".");
};

type Forgery = readonly [string, () => string | Promise<string>];
const FORGERIES: readonly Forgery[] = [
  ["of nothing", () => "x"],
  ["of three empty parts", () => ".."],
  ["of parts that are no JSON", () => "aaaa.bbbb.cccc"],
  ["that is endless", () => "a".repeat(2049)],
  ["of another kid", () => admissionWith({ header: { kid: "another" } })],
  ["without a kid", () => admissionWith({ header: { kid: undefined } })],
  ["of another type", () => admissionWith({ header: { typ: "JWT" } })],
  ["without a type", () => admissionWith({ header: { typ: undefined } })],
  ["of the ticket's type", () => admissionWith({ header: { typ: "sluice-ticket+jwt" } })],
  ["of another sale", () => admissionWith({ claims: { aud: "another-sale" } })],
  ["of no sale", () => admissionWith({ claims: { aud: undefined } })],
  ["of another issuer", () => admissionWith({ claims: { iss: "somebody" } })],
  ["that never ends", () => admissionWith({ claims: { exp: undefined } })],
  ["of nobody", () => admissionWith({ claims: { sub: "" } })],
  ["of a subject that is no text", () => admissionWith({ claims: { sub: 7 } })],
  ["not valid yet", () => admissionWith({ claims: { nbf: nowSeconds() + 600 } })],
  ["signed by nobody", () => new UnsecuredJWT(payloadOf(admission)).encode()],
  [
    "signed with an unknown key",
    async () => {
      const key = await signingKey({ ...strangersKey(), kty: "OKP" }, "EdDSA");
      return admissionWith({ key });
    },
  ],
  [
    "signed with HS256 and the public key as its secret",
    () => admissionWith({ header: { alg: "HS256" }, key: publicBytes() }),
  ],
  [
    "whose claims were changed after signing",
    async () => spliced(await admissionWith({ claims: { sub: "sub_other" } }), admission),
  ],
  ["that is a ticket", () => ticketWith({ claims: { aud: SALE } })],
  ["that is a ticket dressed up", () => ticketWith({ header: { typ: "sluice-admission+jwt" } })],
];

const ADMITTED: readonly [Method, string, object | undefined, string][] = [
  ["PUT", `/sales/${SALE}/cart`, { lines: [] }, "admission_invalid"],
  ["POST", "/orders", orderBody(SALE), "admission_invalid"],
  ["DELETE", `/sales/${SALE}/admissions/current`, undefined, "admission_invalid"],
  ["GET", `/sales/${SALE}/status`, undefined, "ticket_required"],
];

test.each(FORGERIES)("an admission %s lets nobody in", async (_, forge) => {
  expect.hasAssertions();
  const token = await forge();
  await expectNoChange(sluice, SALE, async () => {
    for (const [method, path, body, code] of ADMITTED) {
      const headers = { "sluice-admission": token, "idempotency-key": keyNamed("bad-tokens") };
      const answer = await sluice.shopper(method, path, { headers, ...(body ? { body } : {}) });
      expectProblem(answer, 401, code);
    }
  });
});

test("an empty admission is a bad one", async () => {
  expect.hasAssertions();
  const headers = { "sluice-admission": "" };
  const answer = await sluice.shopper("PUT", `/sales/${SALE}/cart`, {
    headers,
    body: { lines: [] },
  });
  expectProblem(answer, 401, "admission_invalid");
});

test("an expired admission gets another code than a forged one, and neither can hold or order", async () => {
  expect.hasAssertions();
  const token = await admissionWith({ claims: { exp: nowSeconds() - 1 } });
  await expectNoChange(sluice, SALE, async () => {
    const headers = { "sluice-admission": token };
    const body = { lines: [] };
    const put = await sluice.shopper("PUT", `/sales/${SALE}/cart`, { headers, body });
    expectProblem(put, 401, "admission_expired");
    expectProblem(
      await placeOrder(sluice, headers, "k", orderBody(SALE)),
      401,
      "admission_expired",
    );
  });
});

test("a repeated order is answered after the admission expired, and a new one is refused", async () => {
  const me = await admit(sluice, "another-sale");
  const first = acceptedOrder(await placeOrder(sluice, me, "in-time", orderBody("another-sale")));
  const claims = { ...payloadOf(me["sluice-admission"] ?? ""), exp: nowSeconds() - 1 };
  const late = { "sluice-admission": await admissionWith({ claims }) };
  const again = await placeOrder(sluice, late, "in-time", orderBody("another-sale"));
  expect(acceptedOrder(again).id).toBe(first.id);
  const other = await placeOrder(sluice, late, "too-late", orderBody("another-sale"));
  expectProblem(other, 401, "admission_expired");
});

test("an admission that the room never issued cannot order", async () => {
  expect.hasAssertions();
  const token = await admissionWith({ claims: { jti: "adm_tkt_never", sub: "sub_never" } });
  await expectNoChange(sluice, SALE, async () => {
    const headers = { "sluice-admission": token };
    expectProblem(
      await placeOrder(sluice, headers, "never", orderBody(SALE)),
      401,
      "admission_required",
    );
  });
});

const TICKET_FORGERIES: readonly Forgery[] = [
  ["of nothing", () => "x"],
  ["that is endless", () => "a".repeat(2049)],
  ["of another kid", () => ticketWith({ header: { kid: "another" } })],
  ["of another type", () => ticketWith({ header: { typ: "JWT" } })],
  ["of another sale", () => ticketWith({ claims: { aud: SALE } })],
  ["of a stranger's secret", () => ticketWith({ key: new Uint8Array(32) })],
  ["of HS512 with the right secret", () => ticketWith({ header: { alg: "HS512" } })],
  ["signed by nobody", () => new UnsecuredJWT(payloadOf(ticket)).encode()],
  ["of a cohort before the first", () => ticketWith({ claims: { cohort: -1 } })],
  ["of half a place", () => ticketWith({ claims: { index: 0.5 } })],
  ["of a lane the sale does not have", () => ticketWith({ claims: { lane: "vip" } })],
  ["of a lane that every object has", () => ticketWith({ claims: { lane: "__proto__" } })],
  ["of a subject that is no text", () => ticketWith({ claims: { sub: 7 } })],
  ["of a cohort that never existed", () => ticketWith({ claims: { cohort: 1_000_000 } })],
  ["that is an admission", () => admissionWith({ claims: { aud: QUEUE } })],
  [
    "whose place was changed",
    async () => spliced(await ticketWith({ claims: { index: 7 } }), ticket),
  ],
];

test.each(TICKET_FORGERIES)("a ticket %s is refused", async (_, forge) => {
  const headers = { "sluice-ticket": await forge() };
  await expectNoChange(sluice, QUEUE, async () => {
    const status = await sluice.shopper("GET", `/sales/${QUEUE}/status`, { headers });
    expectProblem(status, 401, "ticket_invalid");
    const claim = await sluice.shopper("POST", `/sales/${QUEUE}/admissions`, { headers });
    expectProblem(claim, 401, "ticket_invalid");
  });
  const joined = await sluice.shopper("POST", `/sales/${QUEUE}/tickets`, { headers });
  expect(joined.status).toBe(201);
  expect(claimsOf(textOf(joined, "ticket"))?.sub).not.toBe(claimsOf(ticket)?.sub);
});

test("a bad token in a cookie is refused like one in a header, and a malformed cookie counts as none", async () => {
  const name = `__Host-sluice-ticket-${QUEUE}`;
  const ask = (cookie: string): Promise<Answer> => {
    return sluice.shopper("GET", `/sales/${QUEUE}/status`, { headers: { cookie } });
  };
  expectProblem(
    await ask(`${name}=${await ticketWith({ claims: { aud: SALE } })}`),
    401,
    "ticket_invalid",
  );
  expectProblem(await ask(`${name}=%E0%A4%A`), 401, "ticket_invalid");
  expectProblem(await ask("; ;=;"), 401, "ticket_required");
  expect((await ask(`${name}=${ticket}`)).status).toBe(200);
});

test("only the buyer, and requests with its key, can read an order", async () => {
  const placed = await placeOrder(
    sluice,
    { "sluice-admission": admission },
    "mine",
    orderBody(SALE),
  );
  const { id, path } = acceptedOrder(placed);
  await finalOrder(sluice, placed);
  // 128 random bits.
  expect(path).toMatch(/\?key=[0-9a-f]{32}$/);
  expect((await sluice.ask("GET", path)).body["id"]).toBe(id);
  const mine = { headers: { "sluice-admission": admission } };
  expect((await sluice.shopper("GET", `/orders/${id}`, mine)).body["id"]).toBe(id);
  const others = [
    undefined,
    await admissionWith({ claims: { sub: "sub_other" } }),
    await admissionWith({ claims: { aud: "another-sale" } }),
    await admissionWith({ header: { kid: "another" } }),
    await ticketWith({ claims: { aud: SALE, sub: String(payloadOf(admission).sub) } }),
  ];
  for (const token of others) {
    const headers = token === undefined ? {} : { "sluice-admission": token };
    const hidden = await sluice.shopper("GET", `/orders/${id}?key=wrong`, { headers });
    expectProblem(hidden, 404, "order_not_found");
  }
});

/** Places that do not exist, which is only known when the cohort has closed. */
const NO_PLACES: readonly Forgery[] = [
  ["an index beyond the booth's count", () => ticketWith({ claims: { index: 100_000 } })],
  ["a booth the lane does not have", () => ticketWith({ claims: { shard: 7 } })],
];

/** Repeats both requests, because the gate's snapshot can be a second behind the room. */
async function expectNoPlace(sale: string, token: string): Promise<void> {
  const parts = { headers: { "sluice-ticket": token } };
  const claim = () => sluice.shopper("POST", `/sales/${sale}/admissions`, parts);
  const status = () => sluice.shopper("GET", `/sales/${sale}/status`, parts);
  const refused = ({ body }: Answer) => body["code"] === "ticket_invalid";
  expectProblem(await until(claim, refused), 401, "ticket_invalid");
  expectProblem(await until(status, refused), 401, "ticket_invalid");
}

test.each(NO_PLACES)("a ticket of %s is refused once the cohort has closed", async (_, forge) => {
  expect.hasAssertions();
  await sluice.merchant("POST", `/sales/${QUEUE}/actions`, { action: "start" });
  await expectNoPlace(QUEUE, await forge());
});

test("a place with its lane changed to one with fewer places is refused", async () => {
  expect.hasAssertions();
  const sale = "bad-lanes";
  await makeSale(sluice, sale, { ...PREQUEUE, lanes: [{ id: "members" }] });
  const passJwk = firstKey(secrets.PASS_KEYS);
  const pass = await new SignJWT({ aud: sale, exp: nowSeconds() + 60, lane: "members" })
    .setProtectedHeader({ alg: "HS256", typ: "sluice-pass+jwt", kid: passJwk.kid })
    .sign(await signingKey(passJwk, "HS256"));
  const join = async (body: object) => {
    return textOf(await sluice.shopper("POST", `/sales/${sale}/tickets`, { body }), "ticket");
  };
  await join({ pass });
  await join({});
  const second = payloadOf(await join({}));
  const moved = await ticketWith({ claims: { ...second, lane: "members", jti: "tkt_moved" } });
  await sluice.merchant("POST", `/sales/${sale}/actions`, { action: "start" });
  await expectNoPlace(sale, moved);
});
