/**
 * Passes and lanes, for a merchant and shoppers. The test generates the gate's keys, so that each
 * bad pass is a valid one with one fault.
 */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { type CryptoKey, decodeJwt, importJWK, type JWK, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { claimsOf } from "../../simulation/drill/fairness.ts";
import { generateGateSecrets } from "../../scripts/secret-set.ts";
import { expectNoChange, expectProblem } from "./support/problem-checks.ts";
import {
  type Answer,
  auditOf,
  makeSale,
  PREQUEUE,
  type Sluice,
  startSluice,
  textOf,
  until,
} from "./support/sluice.ts";

const SALE = "with-lanes";
const LANES = { lanes: [{ id: "members", weight: 3 }] };
const { ADMIN_TOKEN: adminToken, ...secrets } = generateGateSecrets();

const shared: JWK & { kid: string } = {
  kty: "oct",
  kid: "shared",
  k: randomBytes(32).toString("base64url"),
};
const edPair = generateKeyPairSync("ed25519");
const ecPair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicKeys = [
  { ...edPair.publicKey.export({ format: "jwk" }), kid: "ed" },
  { ...ecPair.publicKey.export({ format: "jwk" }), kid: "ec" },
];
const PASS_KEYS = JSON.stringify({ keys: [shared, ...publicKeys] });

let sluice: Sluice;
beforeAll(async () => {
  sluice = await startSluice({ adminToken, variables: { gate: { ...secrets, PASS_KEYS } } });
  await makeSale(sluice, SALE, { ...PREQUEUE, ...LANES });
});
afterAll(() => sluice.stop());

interface Change {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: CryptoKey | Uint8Array;
}

const inSeconds = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;
const CLAIMS = () => ({ aud: SALE, exp: inSeconds(600), lane: "members", sub: "customer-1" });

/** A valid pass with a change; `undefined` removes a claim or a header. */
async function passWith({ header, claims, key }: Change = {}): Promise<string> {
  return new SignJWT({ ...CLAIMS(), ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "sluice-pass+jwt", kid: "shared", ...header })
    .sign(key ?? (await importJWK(shared, "HS256")));
}

interface Came {
  readonly headers?: Readonly<Record<string, string>>;
  readonly sale?: string;
}

/** Joins from a device without tokens, unless headers are given. */
function join(pass: string | null, { headers = {}, sale = SALE }: Came = {}): Promise<Answer> {
  const body = pass === null ? {} : { pass };
  return sluice.shopper("POST", `/sales/${sale}/tickets`, { headers, body });
}

function act(sale: string, action: string): Promise<Answer> {
  return sluice.merchant("POST", `/sales/${sale}/actions`, { action });
}

const PUBLIC_BYTES = () => Buffer.from(String(publicKeys[0]?.["x"]), "base64url");

type BadPass = readonly [string, string, () => string | Promise<string>];
const BAD: readonly BadPass[] = [
  ["of nothing", "malformed", () => "x"],
  ["of parts that are no JSON", "malformed", () => "aaaa.bbbb.cccc"],
  ["for nobody at all", "malformed", () => passWith({ claims: { sub: "" } })],
  ["for too long a name", "malformed", () => passWith({ claims: { sub: "x".repeat(201) } })],
  ["into a lane that is a number", "malformed", () => passWith({ claims: { lane: 3 } })],
  ["that is over", "expired", () => passWith({ claims: { exp: inSeconds(-1) } })],
  ["that is never over", "no_expiry", () => passWith({ claims: { exp: undefined } })],
  ["not valid yet", "not_yet_valid", () => passWith({ claims: { nbf: inSeconds(60) } })],
  ["for another sale", "other_sale", () => passWith({ claims: { aud: "another-sale" } })],
  ["for no sale", "other_sale", () => passWith({ claims: { aud: undefined } })],
  ["into an unknown lane", "unknown_lane", () => passWith({ claims: { lane: "vip" } })],
  ["of another type", "wrong_type", () => passWith({ header: { typ: "JWT" } })],
  ["of an unknown kid", "unknown_key", () => passWith({ header: { kid: "another" } })],
  ["without a kid", "unknown_key", () => passWith({ header: { kid: undefined } })],
  ["of a stranger's secret", "bad_signature", () => passWith({ key: new Uint8Array(32) })],
  [
    "of HS512 with the right secret",
    "wrong_algorithm",
    () => passWith({ header: { alg: "HS512" }, key: Buffer.from(String(shared.k), "base64url") }),
  ],
  [
    "of HS256 with a public key as its secret",
    "wrong_algorithm",
    () => passWith({ header: { kid: "ed" }, key: PUBLIC_BYTES() }),
  ],
  ["signed by nobody", "wrong_algorithm", () => new UnsecuredJWT(CLAIMS()).encode()],
];

test.each(BAD)("a pass %s is refused as %s and takes no place", async (_, reason, forge) => {
  expect.hasAssertions();
  const pass = await forge();
  await expectNoChange(sluice, SALE, async () => {
    const refused = expectProblem(await join(pass), 403, "pass_invalid");
    expect(refused.body["reason"]).toBe(reason);
  });
});

test.each([
  ["HS256", "shared", () => importJWK(shared, "HS256")],
  ["EdDSA", "ed", () => importJWK(edPair.privateKey.export({ format: "jwk" }), "EdDSA")],
  ["ES256", "ec", () => importJWK(ecPair.privateKey.export({ format: "jwk" }), "ES256")],
])("a pass signed with %s lets into its lane", async (alg, kid, key) => {
  const claims = { sub: `signed-with-${alg}` };
  const answer = await join(await passWith({ header: { alg, kid }, claims, key: await key() }));
  expect(answer.status).toBe(201);
  const ticket = claimsOf(textOf(answer, "ticket"));
  expect(ticket).toMatchObject({ lane: "members", sub: `pass:signed-with-${alg}`, aud: SALE });
  expect(answer.body["status"]).toMatchObject({ lane: "members", state: "prequeue" });
});

test("two devices with one pass get the same ticket, even concurrently or after a lost answer", async () => {
  const pass = await passWith({ claims: { sub: "two-devices" } });
  const atOnce = await Promise.all([join(pass), join(pass), join(pass)]);
  const later = await join(await passWith({ claims: { sub: "two-devices", exp: inSeconds(9) } }));
  expect(later.status).toBe(200);
  const tickets = [...atOnce, later].map((answer) => textOf(answer, "ticket"));
  expect(new Set(tickets).size).toBe(1);
  const general = await passWith({ claims: { sub: "two-devices", lane: undefined } });
  expect(textOf(await join(general), "ticket")).toBe(tickets[0]);
  const other = textOf(await join(await passWith({ claims: { sub: "one-device" } })), "ticket");
  expect(claimsOf(other)).toMatchObject({ lane: "members", sub: "pass:one-device" });
  expect(other).not.toBe(tickets[0]);
});

test("a pass without a subject is valid for anybody, and a ticket of its lane is kept", async () => {
  const pass = await passWith({ claims: { sub: undefined } });
  const first = textOf(await join(pass), "ticket");
  expect(textOf(await join(pass), "ticket")).not.toBe(first);
  const again = await join(pass, { headers: { "sluice-ticket": first } });
  expect([again.status, again.body["ticket"]]).toEqual([200, first]);
  const general = textOf(await join(null), "ticket");
  const moved = await join(pass, { headers: { "sluice-ticket": general } });
  expect([moved.status, claimsOf(textOf(moved, "ticket"))?.lane]).toEqual([201, "members"]);
});

test("a shopper with another's ticket gets their own place with their pass", async () => {
  const [ann, bob] = await Promise.all(
    ["ann", "bob"].map(async (sub) => passWith({ claims: { sub } })),
  );
  const hers = textOf(await join(ann ?? null), "ticket");
  const his = await join(bob ?? null, { headers: { "sluice-ticket": hers } });
  expect(claimsOf(textOf(his, "ticket"))?.sub).toBe("pass:bob");
});

test("while nobody waits a pass lets in at once, on every device with the same admission", async () => {
  const sale = "no-line";
  await makeSale(sluice, sale, LANES);
  const pass = await passWith({ claims: { aud: sale } });
  const first = await join(pass, { sale });
  const second = await join(pass, { sale });
  expect([first.status, second.status]).toEqual([201, 201]);
  const admission = textOf(first, "admission");
  expect(textOf(second, "admission")).toBe(admission);
  expect(decodeJwt(admission)).toMatchObject({ lane: "members", sub: "pass:customer-1" });
  expect(await auditOf(sluice, sale)).toMatchObject({ claimed: 1, active: 1 });
  const headers = { "sluice-admission": admission };
  await sluice.shopper("DELETE", `/sales/${sale}/admissions/current`, { headers });
  const next = await join(pass, { sale });
  expect(textOf(next, "admission")).not.toBe(admission);
  expect(await auditOf(sluice, sale)).toMatchObject({ claimed: 2, active: 1, left: 1 });
});

test("only a lapsed place is replaced, by one new place that is the same on every device", async () => {
  const sale = "lapses";
  const admission = { ratePerMinute: 6000, claimWindowSeconds: 5 };
  await makeSale(sluice, sale, { ...PREQUEUE, ...LANES, admission });
  const pass = await passWith({ claims: { aud: sale } });
  const first = textOf(await join(pass, { sale }), "ticket");
  await act(sale, "start");
  const stateOf = async (ticket: string): Promise<unknown> => {
    const headers = { "sluice-ticket": ticket };
    return (await sluice.shopper("GET", `/sales/${sale}/status`, { headers })).body["state"];
  };
  await until(
    () => stateOf(first),
    (state) => state === "called",
  );
  expect(textOf(await join(pass, { sale }), "ticket")).toBe(first);
  await until(
    () => stateOf(first),
    (state) => state === "lapsed",
  );
  const next = await Promise.all([join(pass, { sale }), join(pass, { sale })]);
  const given = next.map(({ body }) => body["ticket"] ?? body["admission"]);
  expect(given[0]).not.toBe(first);
  expect(given[1]).toBe(given[0]);
  const headers = { "sluice-ticket": first };
  const late = () => sluice.shopper("POST", `/sales/${sale}/admissions`, { headers });
  expectProblem(await late(), 410, "turn_lapsed");
});

const rates = z.object({ lanes: z.array(z.string()) });

test("lanes share the calls by weight, and every route works in each of them", async () => {
  const sale = "weighted";
  const admission = { ratePerMinute: 6000, maxActive: 4, overcall: 1000 };
  await makeSale(sluice, sale, { ...PREQUEUE, ...LANES, admission });
  const seen = rates.parse((await sluice.shopper("GET", `/sales/${sale}`)).body);
  expect(seen.lanes).toEqual(["general", "members"]);
  const member = await passWith({ claims: { aud: sale, sub: undefined } });
  const tickets = await Promise.all(
    Array.from({ length: 16 }, async (_, shopper) => {
      return textOf(await join(shopper % 2 === 0 ? member : null, { sale }), "ticket");
    }),
  );
  await act(sale, "start");
  const states = async () => {
    return Promise.all(
      tickets.map(async (ticket) => {
        const headers = { "sluice-ticket": ticket };
        return sluice.shopper("GET", `/sales/${sale}/status`, { headers });
      }),
    );
  };
  const isCalled = ({ body }: Pick<Answer, "body">) => body["state"] === "called";
  const called = await until(states, (all) => all.filter(isCalled).length === 4);
  const lanes = called.filter(isCalled);
  const members = lanes.filter(({ body }) => body["lane"] === "members");
  expect([members.length, lanes.length - members.length]).toEqual([3, 1]);
  for (const lane of seen.lanes) {
    const cohort = await sluice.shopper("GET", `/sales/${sale}/cohorts/${lane}/0`);
    expect(cohort.body).toMatchObject({ sale, lane, k: 0, counts: [8] });
    const winner = called.findIndex(({ body }) => body["lane"] === lane && isCalled({ body }));
    const headers = { "sluice-ticket": tickets[winner] ?? "" };
    const claimed = await sluice.shopper("POST", `/sales/${sale}/admissions`, { headers });
    expect(claimed.status).toBe(201);
    expect(claimed.body["status"]).toMatchObject({ lane, state: "admitted" });
  }
});

test("without configured keys no pass is accepted", async () => {
  const variables = { gate: { ...secrets, PASS_KEYS: "" } };
  const keyless = await startSluice({ adminToken, variables });
  try {
    await makeSale(keyless, SALE, { ...PREQUEUE, ...LANES });
    const body = { pass: await passWith() };
    const answer = await keyless.shopper("POST", `/sales/${SALE}/tickets`, { body });
    expect(expectProblem(answer, 403, "pass_invalid").body["reason"]).toBe("unknown_key");
    expect((await keyless.shopper("POST", `/sales/${SALE}/tickets`)).status).toBe(201);
  } finally {
    await keyless.stop();
  }
});
