/**
 * What `npm run keys` makes of a set, in the hands of the gate: after a rotation the tokens of the
 * previous key are as good as before and the new key signs; a retired key verifies nothing.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { decodeProtectedHeader } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import gate from "../../src/gate.ts";
import { type KeySet, readKeySet, retire, rotate } from "../../tools/keys/key-rotation.ts";
import {
  type GateSecrets,
  generateGateSecrets,
  generateKey,
  type KeyPurpose,
} from "../../scripts/secret-set.ts";
import { signAdmission, verifyAdmission } from "../../src/tokens/admissions.ts";
import { type Keys, readSecrets } from "../../src/tokens/secrets.ts";
import { readWebhookKeys, secretOf } from "../../src/webhooks/endpoint-secrets.ts";
import { startClock } from "./support/clock.ts";
import { instant, openSale, saleDocument } from "./support/shop.ts";

beforeEach(startClock);

const NAMES = {
  tickets: "TICKET_KEYS",
  admissions: "ADMISSION_KEYS",
  webhooks: "WEBHOOK_KEYS",
} as const;
type Rotated = keyof typeof NAMES;

function read(purpose: KeyPurpose, text: string): KeySet {
  const outcome = readKeySet(purpose, text);
  if (outcome.kind === "bad") throw new Error(outcome.message);
  return outcome.set;
}

function changed(
  secrets: GateSecrets,
  purpose: Rotated,
  change: (set: KeySet) => ReturnType<typeof rotate>,
): GateSecrets {
  const outcome = change(read(purpose, JSON.stringify(secrets)));
  if (outcome.kind === "bad") throw new Error(outcome.message);
  return { ...secrets, [NAMES[purpose]]: JSON.stringify({ keys: outcome.set.keys }) };
}

function afterRotation(secrets: GateSecrets, purpose: Rotated): GateSecrets {
  return changed(secrets, purpose, (set) => rotate(set, generateKey(purpose, Date.now())));
}

function afterRetirement(secrets: GateSecrets, purpose: Rotated): GateSecrets {
  const old = read(purpose, secrets[NAMES[purpose]]).keys.slice(1);
  const retirement = { kids: old.map(({ kid }) => kid), overlapDays: null };
  return changed(secrets, purpose, (set) => retire(set, retirement, Date.now()));
}

function kidsOf(secrets: GateSecrets, purpose: Rotated): string[] {
  return read(purpose, secrets[NAMES[purpose]]).keys.map(({ kid }) => kid);
}

async function ask(secrets: GateSecrets, path: string, init: RequestInit = {}) {
  const request = new Request(`https://shop.example/_sluice${path}`, init);
  return gate.fetch(request, { ...env, ...secrets }, createExecutionContext());
}

let skus = 0;

async function openDoor() {
  skus += 1;
  return openSale(saleDocument([{ sku: `ROTATED-${skus}`, stock: 5 }]));
}

const join = (secrets: GateSecrets, sale: string) =>
  ask(secrets, `/v1/sales/${sale}/tickets`, { method: "POST" });

const jwksSchema = z.object({ keys: z.array(z.record(z.string(), z.unknown())) });

describe("tickets", () => {
  const poll = async (secrets: GateSecrets, sale: string, ticket: string) => {
    const headers = { "Sluice-Ticket": ticket };
    return (await ask(secrets, `/v1/sales/${sale}/status`, { headers })).status;
  };

  test("of the previous key keep their places while the new key signs, until it is retired", async () => {
    skus += 1;
    const later = { startsAt: instant(Date.now() + 3_600_000) };
    const sale = await openSale(saleDocument([{ sku: `ROTATED-${skus}`, stock: 5 }], later));
    const ticketOf = async (secrets: GateSecrets) => {
      const body = await (await join(secrets, sale.id)).json();
      return z.object({ ticket: z.string() }).parse(body).ticket;
    };
    const before = generateGateSecrets();
    const after = afterRotation(before, "tickets");
    const old = await ticketOf(before);
    const fresh = await ticketOf(after);
    expect([fresh, old].map((token) => decodeProtectedHeader(token).kid)).toEqual(
      kidsOf(after, "tickets"),
    );
    expect(await poll(after, sale.id, old)).toBe(200);
    expect(await poll(after, sale.id, fresh)).toBe(200);
    expect(await poll(before, sale.id, fresh)).toBe(401);
    const retired = afterRetirement(after, "tickets");
    expect(await poll(retired, sale.id, old)).toBe(401);
    expect(await poll(retired, sale.id, fresh)).toBe(200);
  });
});

describe("admissions", () => {
  const setCart = async (secrets: GateSecrets, sale: string, admission: string) => {
    const init = {
      method: "PUT",
      headers: { "Sluice-Admission": admission, "Content-Type": "application/json" },
      body: JSON.stringify({ lines: [] }),
    };
    return (await ask(secrets, `/v1/sales/${sale}/cart`, init)).status;
  };

  const ISSUER = "sluice";

  async function keysOf(secrets: GateSecrets): Promise<Keys> {
    const read = await readSecrets(secrets);
    if (read.kind !== "ready") throw new Error(read.missing.join("; "));
    return read.keys;
  }

  const signedWith = async (secrets: GateSecrets, sale: string) => {
    const [issuedAt_ms, expiresAt_ms] = [Date.now(), Date.now() + 600_000];
    const standing = { standing: "active", ordersDone: 0, orderInProgress: null } as const;
    const who = { id: "adm_fresh", ticket: "tkt_fresh", subject: "sub_fresh", lane: "general" };
    return signAdmission(await keysOf(secrets), ISSUER, sale, {
      ...who,
      ...standing,
      issuedAt_ms,
      expiresAt_ms,
      orderBegunAt_ms: null,
      ordersEnded: [],
    });
  };

  const verdictOf = async (secrets: GateSecrets, sale: string, token: string) => {
    const keys = await keysOf(secrets);
    return (await verifyAdmission(keys, ISSUER, sale, token, Date.now())).kind;
  };

  test("of the previous key stay good, both public keys are shown, the first signs", async () => {
    const sale = await openDoor();
    const admissionOf = async (secrets: GateSecrets) => {
      const body = await (await join(secrets, sale.id)).json();
      return z.object({ admission: z.string() }).parse(body).admission;
    };
    // The room signs, with the set of the environment: here that is the one before.
    const before = { ...generateGateSecrets(), ADMISSION_KEYS: env.ADMISSION_KEYS };
    const after = afterRotation(before, "admissions");
    const kids = kidsOf(after, "admissions");
    const old = await admissionOf(after);
    expect(decodeProtectedHeader(old).kid).toBe(kids[1]);
    expect(await setCart(after, sale.id, old)).toBe(200);
    const fresh = await signedWith(after, sale.id);
    expect(decodeProtectedHeader(fresh).kid).toBe(kids[0]);
    expect(await verdictOf(after, sale.id, fresh)).toBe("valid");
    expect(await verdictOf(after, sale.id, old)).toBe("valid");
    expect(await verdictOf(before, sale.id, fresh)).toBe("invalid");

    const { keys } = jwksSchema.parse(await (await ask(after, "/.well-known/jwks.json")).json());
    expect(keys.map(({ kid }) => kid)).toEqual(kids);
    for (const key of keys) {
      expect(Object.keys(key).toSorted()).toEqual(["alg", "crv", "kid", "kty", "use", "x"]);
    }

    const retired = afterRetirement(after, "admissions");
    expect(await setCart(retired, sale.id, old)).toBe(401);
    expect(await verdictOf(retired, sale.id, old)).toBe("invalid");
    expect(await verdictOf(retired, sale.id, fresh)).toBe("valid");
  });
});

test("a webhook endpoint's secret is the same after a rotation, and gone when its key is retired", () => {
  const before = generateGateSecrets();
  const after = afterRotation(before, "webhooks");
  const secretIn = (secrets: GateSecrets, kid: string) => {
    const read = readWebhookKeys(secrets);
    return read.kind === "ready" ? secretOf(read.keys, "whe_1", { kid, generation: 1 }) : null;
  };
  const [newest = "", old = ""] = kidsOf(after, "webhooks");
  expect(secretIn(before, old)).not.toBeNull();
  expect(secretIn(after, old)).toEqual(secretIn(before, old));
  expect(readWebhookKeys(after)).toMatchObject({ kind: "ready", newest });
  expect(secretIn(afterRetirement(after, "webhooks"), old)).toBeNull();
});

test("a set whose keys do not say when they were made is as good", async () => {
  const secrets = generateGateSecrets();
  const undated = Object.fromEntries(
    Object.entries(secrets).map(([name, text]) => [name, text.replaceAll(/,?"iat":\d+/g, "")]),
  );
  expect(JSON.stringify(undated)).not.toContain("iat");
  const sale = await openDoor();
  expect((await join({ ...secrets, ...undated }, sale.id)).status).toBe(201);
});
