/**
 * The code that docs/origins.md gives to origins, with a gate's real admissions: plain, as Hono
 * middleware, and as Express middleware behind `node:http`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import { decodeProtectedHeader, importJWK, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { requireAdmission as requireInExpress } from "../../examples/origins/express-middleware.ts";
import { requireAdmission as requireInHono } from "../../examples/origins/hono-middleware.ts";
import { admissionVerifier } from "../../examples/origins/verify-admission.ts";
import { readKeySet, rotate } from "../../tools/keys/key-rotation.ts";
import { generateGateSecrets, generateKey } from "../../scripts/secret-set.ts";
import { admit, makeSale, type Sluice, startSluice } from "./support/sluice.ts";

const SALE = "guarded";
const ISSUER = "sluice";
const COOKIE = `__Host-sluice-admission-${SALE}`;

const folder = mkdtempSync(join(tmpdir(), "sluice-origins-"));
const { ADMIN_TOKEN: adminToken, ...drawn } = generateGateSecrets();
const fresh = generateKey("admissions", Date.now());
let secrets = drawn;
let sluice: Sluice;
let admission: string;

const CLOSED = "http://127.0.0.1:9";

beforeAll(async () => {
  sluice = await startSluice({ folder, adminToken, variables: { gate: secrets } });
  await makeSale(sluice, SALE);
  await makeSale(sluice, "another");
  admission = await admitted();
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(async () => {
  await sluice.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function admitted(): Promise<string> {
  return (await admit(sluice, SALE))["sluice-admission"] ?? "";
}

type Headers = Readonly<Record<string, string>>;
/** An origin whose one page answers with the admission of the request. */
type Origin = (headers: Headers) => Promise<Response>;

function honoOrigin(gate: string, sale = SALE, issuer = ISSUER): Origin {
  const app = new Hono();
  app.get("/", requireInHono(admissionVerifier(gate, issuer), sale), (c) => {
    return c.json(c.get("admission"));
  });
  return async (headers) => app.request("/", { headers });
}

/** Adds to `node:http` the few members of Express that the middleware uses. */
class ExpressResponse {
  readonly locals: Record<string, unknown> = {};
  readonly #raw: ServerResponse;
  constructor(raw: ServerResponse) {
    this.#raw = raw;
  }
  status(code: number): this {
    this.#raw.statusCode = code;
    return this;
  }
  set(headers: Headers): this {
    this.#raw.setHeaders(new Map(Object.entries(headers)));
    return this;
  }
  send(body: string): void {
    this.#raw.end(body);
  }
}

function expressOrigin(gate: string, sale = SALE, issuer = ISSUER): Origin {
  const middleware = requireInExpress(admissionVerifier(gate, issuer), sale);
  return async (headers) => {
    const server = createServer((req, raw) => {
      const get = (name: string) => req.headers[name.toLowerCase()]?.toString();
      const res = new ExpressResponse(raw);
      void middleware({ get }, res, () => res.send(JSON.stringify(res.locals["admission"])));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? address?.port : 0;
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/`, { headers });
      return new Response(await answer.text(), answer);
    } finally {
      server.close();
    }
  };
}

const ORIGINS = [
  ["Hono", honoOrigin],
  ["Express", expressOrigin],
] as const;

async function seen(answer: Promise<Response>) {
  const { status, headers, body } = await answer.then(async (response) => ({
    status: response.status,
    headers: response.headers,
    body: JSON.parse(await response.text()),
  }));
  return { status, type: headers.get("content-type"), code: body.code, subject: body.subject };
}

const refusal = (code: string, status = 401) => {
  return { status, type: "application/problem+json", code, subject: undefined };
};
const carrying = (token: string) => ({ "Sluice-Admission": token });

const TYPE = { typ: "sluice-admission+jwt" };
const claims = { sub: "sub_1", jti: "adm_1", lane: "general", iss: ISSUER, aud: SALE };

function gateKey() {
  const read = readKeySet("admissions", JSON.stringify(secrets));
  if (read.kind === "bad") throw new Error(read.message);
  return read.set.keys[0];
}

/** A token signed with the gate's own key, whose only fault is `change`. */
async function signed(change: Record<string, unknown>, typ = TYPE.typ): Promise<string> {
  const key = gateKey();
  const payload = { ...claims, exp: Math.floor(Date.now() / 1000) + 60, ...change };
  const header = { alg: "EdDSA", typ, kid: key.kid };
  return new SignJWT(payload).setProtectedHeader(header).sign(await importJWK({ ...key }, "EdDSA"));
}

async function forged(): Promise<Record<string, string>> {
  const key = gateKey();
  const exp = Math.floor(Date.now() / 1000) + 60;
  // The public key as a shared secret, which a verifier accepts if the token chooses the algorithm.
  const secret = Buffer.from(String(key["x"]), "base64url");
  const header = { alg: "HS256", kid: key.kid, ...TYPE };
  const [head = "", payload = "", signature = ""] = admission.split(".");
  const changed = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: "other" };
  const body = Buffer.from(JSON.stringify(changed)).toString("base64url");
  return {
    "an HS256 token": await new SignJWT({ ...claims, exp }).setProtectedHeader(header).sign(secret),
    "an unsigned token": new UnsecuredJWT({ ...claims, exp }).encode(),
    "a token whose payload was changed": [head, body, signature].join("."),
    "a token without its signature": `${head}.${payload}.`,
    "no token at all": "let me in",
    "an empty text": "",
    "one that never ends": await signed({ exp: undefined }),
    "one without a subject": await signed({ sub: undefined }),
    "one of another sale": await signed({ aud: "another" }),
    "one of another gate": await signed({ iss: "elsewhere" }),
    "one of another type": await signed({}, "sluice-ticket+jwt"),
  };
}

describe.each(ORIGINS)("an origin with %s", (_, originOf) => {
  test("accepts an admission from the header or the gate's cookie", async () => {
    const origin = originOf(sluice.host.gateUrl);
    const letIn = { status: 200, code: undefined, subject: expect.any(String) };
    expect(await seen(origin(carrying(admission)))).toMatchObject(letIn);
    const Cookie = `theme=dark; ${COOKIE}=${admission}; seen=1`;
    expect(await seen(origin({ Cookie }))).toMatchObject(letIn);
    expect(await seen(origin(carrying(await signed({}))))).toMatchObject(letIn);
  });

  test("answers 401 with a code to everything else", async () => {
    const origin = originOf(sluice.host.gateUrl);
    expect(await seen(origin({}))).toEqual(refusal("admission_required"));
    const other = { Cookie: `${COOKIE}-two=${admission}` };
    expect(await seen(origin(other))).toEqual(refusal("admission_required"));
    for (const [what, token] of Object.entries(await forged())) {
      const answer = await seen(origin(carrying(token)));
      expect({ what, ...answer }).toEqual({ what, ...refusal("admission_invalid") });
    }
    const over = await signed({ exp: Math.floor(Date.now() / 1000) - 1 });
    expect(await seen(origin(carrying(over)))).toEqual(refusal("admission_expired"));
  });

  test("refuses an admission to another sale or from another gate", async () => {
    const otherSale = originOf(sluice.host.gateUrl, "another");
    const otherIssuer = originOf(sluice.host.gateUrl, SALE, "elsewhere");
    for (const origin of [otherSale, otherIssuer]) {
      expect(await seen(origin(carrying(admission)))).toEqual(refusal("admission_invalid"));
    }
  });

  test("answers 503 while it cannot fetch the gate's keys", async () => {
    // The first address has no server, and the server at the second has no keys.
    for (const gate of [CLOSED, sluice.host.sandboxUrl]) {
      const answer = await seen(originOf(gate)(carrying(admission)));
      expect(answer).toEqual(refusal("keys_unavailable", 503));
    }
  });
});

test("after a rotation an origin fetches the keys again, and accepts admissions of both keys", async () => {
  const { gateUrl } = sluice.host;
  const origins = ORIGINS.map(([, originOf]) => originOf(gateUrl));
  const statuses = async (token: string) => {
    return Promise.all(origins.map(async (origin) => (await origin(carrying(token))).status));
  };
  expect(await statuses(admission)).toEqual([200, 200]);

  const present = readKeySet("admissions", JSON.stringify(secrets));
  const rotated = present.kind === "read" ? rotate(present.set, fresh) : present;
  if (rotated.kind === "bad") throw new Error(rotated.message);
  secrets = { ...secrets, ADMISSION_KEYS: JSON.stringify({ keys: rotated.set.keys }) };
  await sluice.stop();
  const port = Number(new URL(gateUrl).port);
  sluice = await startSluice({ folder, port, adminToken, variables: { gate: secrets } });

  const ofNewKey = await admitted();
  expect(decodeProtectedHeader(ofNewKey).kid).toBe(fresh.kid);
  expect(decodeProtectedHeader(admission).kid).not.toBe(fresh.kid);
  // For an unknown key jose fetches the keys again, at most once in thirty seconds.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
  expect(await statuses(ofNewKey)).toEqual([200, 200]);
  expect(await statuses(admission)).toEqual([200, 200]);
});

test("docs/origins.md shows exactly these files", () => {
  const read = (path: string) => {
    return readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
  };
  const shown = [...read("docs/origins.md").matchAll(/^`(\S+\.ts)`:\n\n```ts\n([^]*?)^```$/gm)];
  const names = ["verify-admission.ts", "hono-middleware.ts", "express-middleware.ts"];
  expect(shown.map(([, path]) => path)).toEqual(names.map((name) => `examples/origins/${name}`));
  for (const [, path = "", code] of shown) expect(code).toBe(read(path));
});
