/**
 * Rounds are read from relays that may hang, lie or be gone, over HTTP; the stand-in beacon answers
 * as drand's relays do.
 */
import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBeaconServer, type BeaconServer } from "../../../simulation/host/beacon-server.ts";
import {
  answerOfBeacon,
  signStandInRound,
  STAND_IN_CHAIN,
  standInSettings,
} from "../../../simulation/sandbox/beacon.ts";
import {
  chainHashOf,
  firstRoundFrom,
  isSignedRound,
  QUICKNET,
} from "../../../src/domain/line/beacon.ts";
import { beaconChainOf, beaconRelaysOf, readRound } from "../../../src/beacon/relays.ts";

const ROUND = 1000;
const PATH = `/${chainHashOf(STAND_IN_CHAIN)}/public/${ROUND}`;
const SILENT = "http://127.0.0.1:1";

let honest: BeaconServer;
let liar: BeaconServer;
let verbose: BeaconServer;
let hanging: Server;

beforeAll(async () => {
  honest = await startBeaconServer();
  liar = await startBeaconServer(() => {
    return { status: 200, body: { round: ROUND, signature: signStandInRound(ROUND + 1) } };
  });
  verbose = await startBeaconServer((path, now) => {
    const { status, body } = answerOfBeacon(path, now);
    return { status, body: { ...body, more: "x".repeat(5000) } };
  });
  hanging = createServer(() => undefined);
  await new Promise<void>((resolve) => hanging.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  hanging.closeAllConnections();
  hanging.close();
  await Promise.all([honest.stop(), liar.stop(), verbose.stop()]);
});

function hangingUrl(): string {
  const address = hanging.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}

function read(relays: readonly string[], round = ROUND): Promise<string | null> {
  const settings = standInSettings(relays.join(", "));
  return readRound(settings, STAND_IN_CHAIN, round, (signature) => {
    return isSignedRound(STAND_IN_CHAIN, round, signature);
  });
}

test("one honest relay is enough, beside others that hang, lie, talk or are gone", async () => {
  const found = await read([SILENT, hangingUrl(), liar.url, verbose.url, `${honest.url}/`]);
  expect(found).toBe(signStandInRound(ROUND));
});

test("without an honest one there is no round, within the time limit, and nothing is thrown", async () => {
  expect(await read([SILENT, liar.url, verbose.url])).toBe(null);
  expect(await read([hangingUrl()])).toBe(null);
  expect(await read(["no address"])).toBe(null);
  expect(await read([])).toBe(null);
});

test("a round is not given before its time, nor one of another chain", async () => {
  const next = firstRoundFrom(STAND_IN_CHAIN, Date.now() + 5000);
  expect(await read([honest.url], next)).toBe(null);
  expect(answerOfBeacon(PATH, 0).status).toBe(425);
  expect(answerOfBeacon(PATH.replace(/[0-9a-f]{64}/, "0".repeat(64)), Date.now()).status).toBe(404);
});

test("a chain is quicknet, one as JSON, or none, and relays are a list", () => {
  const BEACON_RELAYS = " https://a.example/ ,, https://b.example";
  expect(beaconRelaysOf({ BEACON_CHAIN: "", BEACON_RELAYS })).toEqual([
    "https://a.example",
    "https://b.example",
  ]);
  expect(beaconChainOf({ BEACON_CHAIN: "quicknet", BEACON_RELAYS })).toBe(QUICKNET);
  expect(beaconChainOf(standInSettings(""))).toEqual(STAND_IN_CHAIN);
  for (const BEACON_CHAIN of ["", "slownet", "{}", JSON.stringify({ ...QUICKNET, period_s: 0 })]) {
    expect(beaconChainOf({ BEACON_CHAIN, BEACON_RELAYS })).toBe(null);
  }
});
