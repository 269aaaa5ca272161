/**
 * What a room states of its draw, on the real platform: closing times and signatures that never
 * change, also when the keys do, and the secret, which is known to be revealed before it leaves.
 */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createLocalJWKSet, jwtVerify } from "jose";
import { beforeEach, expect, test } from "vitest";
import { WaitingRoom } from "../../durable-objects/waiting-room/waiting-room.ts";
import { generateGateSecrets } from "../../scripts/secret-set.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import type { StatementKey } from "../../src/tokens/draw-statements.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import { pass, startClock } from "./support/clock.ts";
import { instant, openSale, roomOf, saleDocument } from "./support/shop.ts";

beforeEach(startClock);

/** A sale with one closed cohort. */
async function drawnSale(revealAfterSeconds = 0): Promise<Sale> {
  const items = [{ sku: `DRAW-${Date.now()}`, stock: 5 }];
  const sale = await openSale(saleDocument(items, { fairness: { revealAfterSeconds } }));
  await env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(`${sale.id}/general/0`)).join(null);
  pass(1000);
  expect(await runDurableObjectAlarm(roomOf(sale.id))).toBe(true);
  return sale;
}

/** The same room under another set of keys, as after a rotation that retired the old one. */
function underOtherKeys<Answer>(
  sale: Sale,
  ask: (room: WaitingRoom) => Promise<Answer>,
): Promise<Answer> {
  const rotated = { ...env, ADMISSION_KEYS: generateGateSecrets().ADMISSION_KEYS };
  return runInDurableObject(roomOf(sale.id), (_room, state) => {
    return ask(new WaitingRoom(state, rotated));
  });
}

async function publishedKeys() {
  const secrets = await readSecrets(env);
  if (secrets.kind !== "ready") throw new Error(secrets.kind);
  return secrets.keys.admissionJwks;
}

const manifestAudience = { typ: "sluice-manifest+jwt", audience: "sluice:manifest" };

async function fairnessOf(sale: Sale) {
  const fairness = await roomOf(sale.id).fairness();
  if (fairness.kind !== "fairness") throw new Error(fairness.kind);
  return fairness;
}

test("a manifest carries its closing time, signed by a published key", async () => {
  const sale = await drawnSale();
  const closedAt = instant(Date.now());
  pass(60_000);
  const manifest = await roomOf(sale.id).manifest("general", 0);
  expect(manifest).toMatchObject({
    sale: sale.id,
    lane: "general",
    k: 0,
    counts: [1, 0],
    closedAt,
  });
  const { signature = "", ...stated } = manifest ?? {};
  const keys = createLocalJWKSet({ keys: [...(await publishedKeys()).keys] });
  const { payload } = await jwtVerify(signature, keys, manifestAudience);
  const iat = Math.floor(Date.parse(closedAt) / 1000);
  expect(payload).toEqual({ ...stated, iss: env.ISSUER, aud: "sluice:manifest", iat });
});

test("a manifest stays the same, byte for byte, when the keys are rotated", async () => {
  const sale = await drawnSale();
  const first = await roomOf(sale.id).manifest("general", 0);
  const later = await underOtherKeys(sale, (room) => room.manifest("general", 0));
  expect(JSON.stringify(later)).toBe(JSON.stringify(first));
});

test("a manifest that is asked for twice at once is signed once", async () => {
  const sale = await drawnSale();
  const asked = [0, 1, 2].map(() => roomOf(sale.id).manifest("general", 0));
  const rotated = underOtherKeys(sale, (room) => room.manifest("general", 0));
  const texts = (await Promise.all([...asked, rotated])).map((one) => JSON.stringify(one));
  expect(new Set(texts).size).toBe(1);
});

test("a cohort that an earlier release closed has no time and is not signed", async () => {
  const sale = await drawnSale();
  const before = await runInDurableObject(roomOf(sale.id), (room, { storage }) => {
    storage.sql.exec("DELETE FROM closings");
    return room.manifest("general", 0);
  });
  expect(before).not.toHaveProperty("closedAt");
  expect(before).not.toHaveProperty("signature");
  expect(before).toMatchObject({ k: 0, counts: [1, 0] });
});

test("the secret and the time of its revelation are signed, and never change", async () => {
  const sale = await drawnSale();
  const open = await fairnessOf(sale);
  expect(open).toMatchObject({ secret: null, revealed: null, keys: [] });
  await roomOf(sale.id).manifest("general", 0);
  await roomOf(sale.id).act("end");
  const at_ms = Date.now();
  const { secret, commitment, revealed } = await fairnessOf(sale);
  expect(revealed?.at_ms).toBe(at_ms);
  pass(60_000);
  const later = await underOtherKeys(sale, (room) => room.fairness());
  expect(later).toMatchObject({ secret, revealed });
  const keys = createLocalJWKSet({ keys: [...(await publishedKeys()).keys] });
  const pinned = { typ: "sluice-secret+jwt", audience: "sluice:secret" };
  const { payload } = await jwtVerify(revealed?.signature ?? "", keys, pinned);
  expect(payload).toMatchObject({ sale: sale.id, commitment, secret, revealedAt: instant(at_ms) });
});

test("a retired key that signed is still published with the secret, and no other", async () => {
  const sale = await drawnSale();
  const manifest = await underOtherKeys(sale, (room) => room.manifest("general", 0));
  await roomOf(sale.id).act("end");
  const { keys, revealed } = await fairnessOf(sale);
  // The key that signed the secret is stored with it; the answer after that has both.
  const both: readonly StatementKey[] = (await fairnessOf(sale)).keys;
  expect([keys.length, both.length]).toEqual([2, 2]);
  const withBoth = createLocalJWKSet({ keys: [...both] });
  expect(await jwtVerify(manifest?.signature ?? "", withBoth, manifestAudience)).toBeDefined();
  const pinned = { typ: "sluice-secret+jwt" };
  expect(await jwtVerify(revealed?.signature ?? "", withBoth, pinned)).toBeDefined();
  expect(JSON.stringify(both)).not.toContain('"d"');
});

test("that the secret is revealed is stored before it leaves the room", async () => {
  const sale = await drawnSale();
  await roomOf(sale.id).act("end");
  const stored = () => {
    return runInDurableObject(roomOf(sale.id), (_room, { storage }) => {
      return storage.sql.exec("SELECT at_ms FROM revealed").toArray();
    });
  };
  expect(await stored()).toEqual([]);
  const { revealed } = await fairnessOf(sale);
  expect(await stored()).toEqual([{ at_ms: revealed?.at_ms }]);
  const metrics = await roomOf(sale.id).metrics();
  expect(metrics).toMatchObject({ secret: null });
});
