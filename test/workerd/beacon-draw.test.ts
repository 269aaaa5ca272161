/**
 * A lottery whose draw a beacon decides, on the real platform: the counts are durable before their
 * round is asked for, a restart asks for the same round, and a beacon that is gone ends the wait.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WaitingRoom } from "../../durable-objects/waiting-room/waiting-room.ts";
import {
  answerOfBeacon,
  STAND_IN_CHAIN,
  standInSettings,
} from "../../simulation/sandbox/beacon.ts";
import { isSignedRound } from "../../src/domain/line/beacon.ts";
import { BEACON_WAIT_MS } from "../../src/domain/limits.ts";
import { readSecrets } from "../../src/tokens/secrets.ts";
import { pass, startClock } from "./support/clock.ts";
import { instant, roomOf, saleDocument } from "./support/shop.ts";

const RELAY = "http://relay.test";
const WAIT_FOR_START_MS = 60_000;

/** What was asked of the relay. */
let asked: string[] = [];

beforeEach(() => {
  startClock();
  asked = [];
  relayAnswers(answerOfBeacon);
});

afterEach(() => vi.restoreAllMocks());

function relayAnswers(answer: typeof answerOfBeacon): void {
  vi.restoreAllMocks();
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input) => {
    const { pathname } = new URL(input instanceof Request ? input.url : input);
    asked.push(pathname);
    const { status, body } = answer(pathname, Date.now());
    return Response.json(body, { status });
  });
}

/** Acts as an instance that has just begun, and knows what is stored. */
function withRoom<Answer>(
  sale: string,
  act: (room: WaitingRoom) => Promise<Answer>,
): Promise<Answer> {
  return runInDurableObject(roomOf(sale), (_room, state) => {
    return act(new WaitingRoom(state, { ...env, ...standInSettings(RELAY) }));
  });
}

const tick = (sale: string) => withRoom(sale, (room) => room.alarm());
const countedIn = (sale: string) => {
  return withRoom(sale, async (room) => (await room.snapshot())?.lanes["general"]?.counted);
};
const manifestOf = (sale: string) => withRoom(sale, (room) => room.manifest("general", 0));

/** A lottery that three have joined, at its start. */
async function lottery(name: string): Promise<string> {
  const startsAt = instant(Date.now() + WAIT_FOR_START_MS);
  const document = saleDocument([{ sku: `BEACON-${name}`, stock: 5 }], { startsAt });
  const sale = { ...document, id: `beacon-${name}` };
  await withRoom(sale.id, (room) => room.configure(sale));
  const booth = env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(`${sale.id}/general/0`));
  await booth.join(Date.parse(startsAt), 3);
  pass(WAIT_FOR_START_MS);
  await tick(sale.id);
  return sale.id;
}

test("the counts are signed, stored and shown before their round is asked for", async () => {
  const sale = await lottery("counted");
  expect(asked).toEqual([]);
  const counted = await countedIn(sale);
  expect(counted).toMatchObject({ sale, lane: "general", k: 0, base: 0, counts: [3, 0] });
  const secrets = await readSecrets(env);
  if (secrets.kind !== "ready" || counted === undefined) throw new Error("nothing to verify");
  const { payload } = await jwtVerify(
    counted.signature,
    createLocalJWKSet({ keys: [...secrets.keys.admissionJwks.keys] }),
    { typ: "sluice-counts+jwt", audience: "sluice:counts" },
  );
  expect(payload).toMatchObject({ round: counted.round, counts: [3, 0], chain: counted.chain });
  expect(await manifestOf(sale)).toBe(null);
  pass(1);
  await tick(sale);
  // The tick after a restart neither counts again nor asks before the round's time.
  expect([await countedIn(sale), asked]).toEqual([counted, []]);
  pass(3000);
  await tick(sale);
  expect(asked).toEqual([`/${counted.chain}/public/${counted.round}`]);
  const manifest = await manifestOf(sale);
  const { countedAt, chain, round, signature: countsSignature } = counted;
  expect(manifest?.draw).toMatchObject({ countedAt, chain, round, countsSignature });
  expect(isSignedRound(STAND_IN_CHAIN, round, manifest?.draw?.beacon ?? "")).toBe(true);
  expect(await countedIn(sale)).toBe(undefined);
  // Signed once, and the same for ever.
  expect([typeof manifest?.signature, await manifestOf(sale)]).toEqual(["string", manifest]);
});

test("a beacon that is gone is waited for, and then the manifest says that it was not", async () => {
  const sale = await lottery("gone");
  relayAnswers(() => ({ status: 503, body: {} }));
  pass(BEACON_WAIT_MS);
  await tick(sale);
  expect([await manifestOf(sale), asked.length]).toEqual([null, 1]);
  pass(3000);
  await tick(sale);
  expect((await manifestOf(sale))?.draw).toMatchObject({ beacon: null });
});

test("a round is taken at the last attempt, however long the room was away", async () => {
  const sale = await lottery("away");
  pass(10 * BEACON_WAIT_MS);
  await tick(sale);
  expect(typeof (await manifestOf(sale))?.draw?.beacon).toBe("string");
});
