/**
 * What of the gate needs a look from inside: which Durable Objects a poll touches, the bindings
 * and secrets it is given, its tokens and its cookies. The HTTP contract is tested over HTTP.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Sale } from "../../src/domain/sale/sale.ts";
import gate from "../../src/gate.ts";
import { SnapshotCache } from "../../src/sales/snapshots.ts";
import { verifyAdmission } from "../../src/tokens/admissions.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import { pass, startClock } from "./support/clock.ts";
import { instant, openSale, roomOf, saleDocument } from "./support/shop.ts";
import { steppingNamespace } from "./support/stepping.ts";

const ORIGIN = "https://shop.example";

beforeEach(() => {
  startClock();
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

async function ask(path: string, init: RequestInit = {}, withEnv: object = env): Promise<Response> {
  const request = new Request(`${ORIGIN}/_sluice${path}`, init);
  return gate.fetch(request, { ...env, ...withEnv }, createExecutionContext());
}

let skus = 0;

function aSale(change: Readonly<Record<string, unknown>> = {}): Promise<Sale> {
  skus += 1;
  return openSale(saleDocument([{ sku: `SKU-${skus}`, stock: 10 }], change));
}

function prequeue(): Promise<Sale> {
  return aSale({ startsAt: instant(Date.now() + 3_600_000) });
}

const joined = z.object({ ticket: z.string() });
const keySet = z.object({ keys: z.array(z.object({ kid: z.string(), k: z.string() })) });
const admitted = z.object({ admission: z.string() });
const refused = z.object({ code: z.string(), detail: z.string().optional() });

function join(sale: Sale, init: RequestInit = {}, withEnv: object = env): Promise<Response> {
  return ask(`/v1/sales/${sale.id}/tickets`, { method: "POST", ...init }, withEnv);
}

describe("a poll", () => {
  test("touches no Durable Object, but for the room once a second, however many poll", async () => {
    const sale = await prequeue();
    const tickets = await Promise.all(
      Array.from({ length: 20 }, async () => joined.parse(await (await join(sale)).json()).ticket),
    );
    const { WAITING_ROOM, TICKET_BOOTH, PASS_DESK, SKU_STOCK, ORDER } = env;
    const namespaces = [WAITING_ROOM, TICKET_BOOTH, PASS_DESK, SKU_STOCK, ORDER];
    const [rooms, ...others] = namespaces.map((namespace) => vi.spyOn(namespace, "get"));
    const pollAll = async (): Promise<void> => {
      const answers = await Promise.all(
        [...tickets, ...tickets, ...tickets].map((ticket) => {
          return ask(`/v1/sales/${sale.id}/status`, { headers: { "Sluice-Ticket": ticket } });
        }),
      );
      expect(answers.every(({ status }) => status === 200)).toBe(true);
    };
    pass(1000);
    await pollAll();
    const atFirst = rooms?.mock.calls.length ?? 0;
    expect(atFirst).toBeLessThanOrEqual(1);
    for (let poll = 0; poll < 5; poll += 1) {
      pass(199);
      await pollAll();
    }
    expect(rooms).toHaveBeenCalledTimes(atFirst);
    pass(5);
    await pollAll();
    expect(rooms?.mock.calls.length).toBeLessThanOrEqual(atFirst + 1);
    for (const other of others) expect(other).not.toHaveBeenCalled();
  });
});

describe("joins that meet in an isolate", () => {
  test("share calls of their booth, and each has a place of its own", async () => {
    const sale = await prequeue();
    let calls = 0;
    const counting = steppingNamespace(env.TICKET_BOOTH, async (step) => {
      if (step === "before join") calls += 1;
    });
    const withEnv = { ...env, TICKET_BOOTH: counting };
    const answers = await Promise.all(Array.from({ length: 150 }, () => join(sale, {}, withEnv)));
    expect(answers.every(({ status }) => status === 201)).toBe(true);
    const places = await Promise.all(
      answers.map(async (answer) => {
        const { cohort, shard, index } = decodeJwt(joined.parse(await answer.json()).ticket);
        return `${String(cohort)}/${String(shard)}/${String(index)}`;
      }),
    );
    expect(new Set(places).size).toBe(150);
    expect(calls).toBeLessThan(20);
  });
});

describe("an isolate's memory of a room, where the location has no cache", () => {
  test("asks the room once a second, however many poll at once", async () => {
    const sale = await prequeue();
    let asked = 0;
    const room = (id: string) => {
      asked += 1;
      return roomOf(id);
    };
    const cache = new SnapshotCache(room, null);
    await cache.snapshot(sale.id, Date.now());
    for (let second = 1; second <= 3; second += 1) {
      expect(asked).toBe(second);
      pass(999);
      const polls = Array.from({ length: 50 }, () => cache.snapshot(sale.id, Date.now()));
      expect((await Promise.all(polls)).every((seen) => seen?.stale === false)).toBe(true);
      expect(asked).toBe(second);
      pass(1);
      await Promise.all(polls.map(() => cache.snapshot(sale.id, Date.now())));
    }
  });

  test("shows the last snapshot of a room that is gone, marked stale, for five minutes", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const sale = await prequeue();
    const gone = () => Promise.reject(new Error("gone"));
    let reads: ConstructorParameters<typeof SnapshotCache>[0] = (id) => roomOf(id);
    const cache = new SnapshotCache((id) => reads(id), null);
    const first = await cache.snapshot(sale.id, Date.now());
    reads = () => ({ snapshot: gone, manifest: gone });
    pass(1000);
    const kept = await cache.snapshot(sale.id, Date.now());
    expect(kept).toEqual({ snapshot: first?.snapshot, stale: true });
    pass(299_000);
    expect(await cache.snapshot(sale.id, Date.now())).toMatchObject({ stale: true });
    pass(1);
    expect(await cache.snapshot(sale.id, Date.now())).toBeNull();
  });
});

describe("a gate without its secrets", () => {
  const without = (name: string): object => ({ [name]: undefined });

  test.each(["TICKET_KEYS", "ADMISSION_KEYS", "ADMIN_TOKEN"] as const)(
    "lets nobody in and names %s",
    async (name) => {
      const sale = await prequeue();
      const response = await join(sale, {}, without(name));
      expect(response.status).toBe(503);
      const { code, detail } = refused.parse(await response.json());
      expect(code).toBe("not_configured");
      expect(detail).toContain(`${name} is missing`);
    },
  );

  test("still says that it is alive, and never shows a secret's value", async () => {
    expect((await ask("/health", {}, without("ADMIN_TOKEN"))).status).toBe(200);
    const sale = await prequeue();
    const withEnv = { ...env, TICKET_KEYS: "my-secret", ADMIN_TOKEN: "short-secret" };
    const text = await (await join(sale, {}, withEnv)).text();
    expect(text).toContain("TICKET_KEYS is not JSON");
    expect(text).not.toContain("my-secret");
    expect(text).not.toContain("short-secret");
  });
});

test("wrong tokens of the merchant are logged once a minute, with their number", async () => {
  const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const logged = () => {
    return warned.mock.calls.map(String).filter((line) => line.includes("refused"));
  };
  const tryTokens = async () => {
    const headers = { Authorization: "Bearer not-the-token" };
    for (let nth = 0; nth < 3; nth += 1) {
      expect((await ask("/admin/v1/sales", { headers })).status).toBe(401);
    }
  };
  pass(3_600_000);
  await tryTokens();
  pass(60_000);
  await tryTokens();
  expect(logged()).toHaveLength(2);
  expect(logged()[1]).toContain('"event":"merchant_refused","requests":3');
  expect(logged().join("")).not.toContain("not-the-token");
});

describe("rate limits", () => {
  /** Lets `most` writes of a key through and refuses the rest, as the platform's binding does. */
  function limiter(most: number) {
    const seen = new Map<string, number>();
    return {
      limit: async ({ key }: { readonly key: string }) => {
        seen.set(key, (seen.get(key) ?? 0) + 1);
        return { success: (seen.get(key) ?? 0) <= most };
      },
    };
  }

  test("past the address's limit a write is refused with 429 and Retry-After, and reads are not counted", async () => {
    const sale = await prequeue();
    const withEnv = { ...env, WRITES_BY_ADDRESS: limiter(2) };
    const from = (address: string) => ({ headers: { "CF-Connecting-IP": address } });
    const statuses: number[] = [];
    for (let write = 0; write < 3; write += 1) {
      statuses.push((await join(sale, from("192.0.2.1"), withEnv)).status);
    }
    expect(statuses).toEqual([201, 201, 429]);
    const last = await join(sale, from("192.0.2.1"), withEnv);
    expect(Number(last.headers.get("Retry-After"))).toBeGreaterThan(0);
    expect(refused.parse(await last.json()).code).toBe("rate_limited");
    expect((await join(sale, from("192.0.2.2"), withEnv)).status).toBe(201);
    const read = await ask(`/v1/sales/${sale.id}`, from("192.0.2.1"), withEnv);
    expect(read.status).toBe(200);
  });

  test("past the limit of a server's key its writes are refused, and its address is not counted", async () => {
    const sale = await prequeue();
    const byAddress = limiter(0);
    const withEnv = { ...env, WRITES_BY_SERVER_KEY: limiter(2), WRITES_BY_ADDRESS: byAddress };
    const secret = z.object({ SERVER_KEYS: z.string() }).parse(env).SERVER_KEYS;
    const key = keySet.parse(JSON.parse(secret)).keys[0]?.k ?? "";
    const headers = { "Sluice-Server-Key": key, "CF-Connecting-IP": "192.0.2.1" };
    const statuses: number[] = [];
    for (let write = 0; write < 3; write += 1) {
      statuses.push((await join(sale, { headers }, withEnv)).status);
    }
    expect(statuses).toEqual([201, 201, 429]);
    const shopper = { ...headers, "Sluice-Shopper-Address": "192.0.2.7" };
    expect((await join(sale, { headers: shopper }, withEnv)).status).toBe(429);
  });

  test("past the subject's limit it does not help to come from another address", async () => {
    const sale = await prequeue();
    const withEnv = { ...env, WRITES_BY_SUBJECT: limiter(1) };
    const { ticket } = joined.parse(await (await join(sale)).json());
    const write = (address: string) => {
      return join(
        sale,
        { headers: { "Sluice-Ticket": ticket, "CF-Connecting-IP": address } },
        withEnv,
      );
    };
    expect((await write("192.0.2.1")).status).toBe(200);
    expect((await write("192.0.2.2")).status).toBe(429);
  });
});

describe("tokens", () => {
  test("an admission is verified by anybody with the published keys, which hold nothing private", async () => {
    const sale = await aSale();
    const { admission } = admitted.parse(await (await join(sale)).json());
    const published = await (await ask("/.well-known/jwks.json")).json();
    const jwks = z
      .object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).min(1) })
      .parse(published);
    expect(jwks.keys.every((key) => !("d" in key) && !("k" in key))).toBe(true);
    const { payload, protectedHeader } = await jwtVerify(admission, createLocalJWKSet(jwks), {
      issuer: "sluice",
      audience: sale.id,
      algorithms: ["EdDSA"],
      typ: "sluice-admission+jwt",
    });
    expect(protectedHeader.kid).toBe(jwks.keys[0]?.kid);
    expect(payload).toMatchObject({ lane: "general" });
    expect(payload.exp).toBeGreaterThan(Date.now() / 1000);
  });

  test("the room says beside an admission what is in it, so nobody need verify it", async () => {
    const sale = await aSale();
    const outcome = await roomOf(sale.id).admitNow("tkt_ann", "sub_ann", "general", "a device");
    const secrets = await readSecrets(env);
    if (outcome.kind !== "admitted" || secrets.kind !== "ready") throw new Error(outcome.kind);
    const { token, admission } = outcome;
    const { keys } = secrets;
    const verified = await verifyAdmission(keys, env.ISSUER, sale.id, token, Date.now());
    const wholeSeconds = (at_ms: number): number => Math.floor(at_ms / 1000) * 1000;
    const issuedAt_ms = wholeSeconds(admission.issuedAt_ms);
    const expiresAt_ms = wholeSeconds(admission.expiresAt_ms);
    const expected = { ...admission, issuedAt_ms, expiresAt_ms };
    expect(verified).toEqual({ kind: "valid", admission: expected });
    expect(admission.place).toBe(null);
  });

  const ticketKey = () => {
    const { keys } = keySet.parse(JSON.parse(env.TICKET_KEYS));
    return { kid: keys[0]?.kid ?? "", secret: Buffer.from(keys[0]?.k ?? "", "base64url") };
  };

  test("a ticket is a JWT that any library verifies with the gate's key", async () => {
    const sale = await prequeue();
    const { ticket } = joined.parse(await (await join(sale)).json());
    const { kid, secret } = ticketKey();
    const { payload, protectedHeader } = await jwtVerify(ticket, secret, {
      audience: sale.id,
      algorithms: ["HS256"],
      typ: "sluice-ticket+jwt",
    });
    expect(protectedHeader.kid).toBe(kid);
    expect(payload).toMatchObject({ lane: "general", cohort: 0, index: 0 });
    expect(payload.iat).toBe(Math.floor(Date.now() / 1000));
  });

  test("a ticket that a library signed with the gate's key is one of the gate's", async () => {
    const sale = await prequeue();
    const { ticket } = joined.parse(await (await join(sale)).json());
    const { kid, secret } = ticketKey();
    const again = await new SignJWT({ ...decodeJwt(ticket), jti: "tkt_ünïcode" })
      .setProtectedHeader({ alg: "HS256", typ: "sluice-ticket+jwt", kid })
      .sign(secret);
    const headers = { "Sluice-Ticket": again };
    expect((await ask(`/v1/sales/${sale.id}/status`, { headers })).status).toBe(200);
  });

  test("a ticket is signed with another key and algorithm than an admission", async () => {
    const { ticket } = joined.parse(await (await join(await prequeue())).json());
    expect(decodeProtectedHeader(ticket)).toMatchObject({ alg: "HS256", typ: "sluice-ticket+jwt" });
  });

  test.each([
    ["ticket", prequeue],
    ["admission", aSale],
  ])("the cookie of a %s is __Host-, Secure, HttpOnly and SameSite=Lax", async (token, open) => {
    const sale = await open();
    const cookie = (await join(sale)).headers.getSetCookie().find((value) => value.includes(token));
    expect(cookie).toMatch(new RegExp(`^__Host-sluice-${token}-${sale.id}=`));
    for (const attribute of ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]) {
      expect(cookie?.split("; ")).toContain(attribute);
    }
    expect(cookie).not.toContain("Domain");
    // By its age and not by a date: the clock of a device may be wrong.
    expect(cookie).toMatch(/; Max-Age=\d+/);
    expect(cookie).not.toContain("Expires");
  });
});

describe("a write of a browser", () => {
  test.each([
    ["a foreign Origin", { Origin: "https://evil.example" }],
    ["the Origin null", { Origin: "null" }],
    ["Sec-Fetch-Site: cross-site", { "Sec-Fetch-Site": "cross-site" }],
    ["cookies and no Origin", { Cookie: "__Host-sluice-ticket-x=y" }],
  ])("with %s is refused", async (_, headers) => {
    const response = await join(await prequeue(), { headers });
    expect(response.status).toBe(403);
    expect(refused.parse(await response.json()).code).toBe("origin_mismatch");
  });

  test("from the shop's own pages is taken", async () => {
    expect((await join(await prequeue(), { headers: { Origin: ORIGIN } })).status).toBe(201);
  });
});
