/** `npm run keys`: its command line, its input, and when an old key is dropped. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  ADMISSION_OVERLAP_DAYS,
  KEYS_PER_SET_MAX,
  type KeySet,
  printKeySet,
  readKeySet,
  retire,
  rotate,
} from "../../../tools/keys/key-rotation.ts";
import { keysCommand } from "../../../tools/keys/options.ts";
import { generateGateSecrets, generateKey, type KeyPurpose } from "../../../scripts/secret-set.ts";
import { ALTCHA_EXPIRY_MAX_S } from "../../../src/domain/limits.ts";
import { saleSchema } from "../../../src/domain/sale/sale.ts";
import { DOCUMENT } from "../support/sale-document.ts";

const NOW = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const BY_AGE = { kids: [], overlapDays: null };

/** A set whose keys were made at these instants, newest first. */
function setOf(purpose: KeyPurpose, ...madeAt: readonly [number, ...number[]]): KeySet {
  const keys = madeAt.map((at) => generateKey(purpose, at));
  return parsed(purpose, JSON.stringify({ keys }));
}

function parsed(purpose: KeyPurpose, text: string): KeySet {
  const outcome = readKeySet(purpose, text);
  if (outcome.kind === "bad") throw new Error(outcome.message);
  return outcome.set;
}

function kidsOf(outcome: ReturnType<typeof rotate>): string[] {
  return outcome.kind === "bad" ? [outcome.message] : outcome.set.keys.map(({ kid }) => kid);
}

function adviceOf(outcome: ReturnType<typeof rotate>): string {
  return outcome.kind === "bad" ? outcome.message : outcome.advice;
}

describe("the command line", () => {
  test("generates a new set by default", () => {
    expect(keysCommand.parse([])).toEqual({ kind: "run", options: { kind: "fresh" } });
    expect(keysCommand.parse(["--help", "--rotate", "all"])).toEqual({ kind: "help" });
  });

  test.each(["tickets", "admissions", "passes", "webhooks", "proofs", "servers"])(
    "rotates %s",
    (purpose) => {
      expect(keysCommand.parse(["--rotate", purpose])).toEqual({
        kind: "run",
        options: { kind: "rotate", purpose, from: null },
      });
      const retired = keysCommand.parse([
        "--retire",
        purpose,
        "--from",
        "a",
        "--kid",
        "1",
        "--kid",
        "2",
      ]);
      const retirement = { kids: ["1", "2"], overlapDays: null };
      expect(retired).toEqual({
        kind: "run",
        options: { kind: "retire", purpose, from: "a", retirement },
      });
    },
  );

  const daysError = "--overlap-days must be a whole number from 1 to 3650";
  test.each([
    [
      ["--rotate", "cookies"],
      "--rotate must be tickets, admissions, passes, webhooks, proofs, servers or buyers",
    ],
    [
      ["--retire", ""],
      "--retire must be tickets, admissions, passes, webhooks, proofs, servers or buyers",
    ],
    [["--rotate", "tickets", "--retire", "tickets"], "--rotate and --retire are two runs"],
    [["--rotate", "tickets", "--kid", "a"], "--kid goes with --retire"],
    [["--overlap-days", "3"], "--overlap-days goes with --retire"],
    [["--from", "keys.json"], "--from goes with --rotate or --retire"],
    [["--retire", "tickets", "--from", ""], "--from must name a file"],
    [["--retire", "tickets", "--kid", ""], "--kid must not be empty"],
    [["--retire", "tickets", "--overlap-days", "0"], daysError],
    [["--retire", "tickets", "--overlap-days", "3651"], daysError],
    [
      ["--retire", "tickets", "--overlap-days", "3", "--kid", "a"],
      "--kid and --overlap-days are two runs",
    ],
  ])("%j gets the sentence: %s", (args, message) => {
    expect(keysCommand.parse(args)).toEqual({ kind: "bad", message });
  });

  test("an unknown option is named in the error", () => {
    expect(keysCommand.parse(["--rotat", "tickets"])).toHaveProperty(
      "message",
      expect.stringContaining("--rotat"),
    );
  });
});

describe("the input", () => {
  test.each(["tickets", "admissions", "passes", "webhooks", "proofs", "servers"] as const)(
    "is a JWKS or a whole set of secrets: %s",
    (purpose) => {
      const secrets = JSON.stringify(generateGateSecrets(NOW));
      const [key] = parsed(purpose, secrets).keys;
      expect(key.iat).toBe(NOW / 1000);
      expect(parsed(purpose, JSON.stringify({ keys: [key] })).keys).toEqual([key]);
    },
  );

  const key = { kty: "oct", kid: "a", k: "k".repeat(43) };
  const pair = { kty: "OKP", crv: "Ed25519", kid: "a", x: "x".repeat(43), d: "d".repeat(43) };
  test.each([
    ["tickets", "{", "The input must be JSON: a JWKS, or secrets with TICKET_KEYS."],
    ["tickets", "[]", "The input must be JSON: a JWKS, or secrets with TICKET_KEYS."],
    ["webhooks", { TICKET_KEYS: "" }, "The input has neither keys nor WEBHOOK_KEYS."],
    ["tickets", { TICKET_KEYS: "" }, "TICKET_KEYS must be a JWKS."],
    [
      "tickets",
      { TICKET_KEYS: '{"keys":1}' },
      "TICKET_KEYS.keys must be a list of at least one key.",
    ],
    ["tickets", { keys: [] }, "TICKET_KEYS.keys[0] must be a key."],
    ["tickets", { keys: [pair] }, "TICKET_KEYS.keys[0].kty must be oct."],
    ["tickets", { keys: [key, { ...key, kid: "" }] }, "TICKET_KEYS.keys[1].kid must not be empty."],
    ["tickets", { keys: [key, key] }, "TICKET_KEYS.keys[1].kid is also the kid of another key."],
    [
      "tickets",
      { keys: [{ ...key, iat: "now" }] },
      "TICKET_KEYS.keys[0].iat must be a whole number of seconds.",
    ],
    [
      "passes",
      { keys: [{ ...key, k: "k".repeat(42) }] },
      "PASS_KEYS.keys[0].k must be 32 bytes or more in base64url.",
    ],
    ["admissions", { keys: [{ ...pair, d: undefined }] }, "ADMISSION_KEYS.keys[0].d is missing."],
    [
      "admissions",
      { keys: [{ ...pair, crv: "X25519" }] },
      "ADMISSION_KEYS.keys[0].crv must be Ed25519.",
    ],
  ] as const)("%s from %j gets the sentence: %s", (purpose, input, message) => {
    const text = typeof input === "string" ? input : JSON.stringify(input);
    expect(readKeySet(purpose, text)).toEqual({ kind: "bad", message });
  });

  test("is printed in the form of the input, and nothing else in it changes", () => {
    const secrets = generateGateSecrets(NOW);
    const set = parsed("tickets", JSON.stringify(secrets));
    const { TICKET_KEYS, ...others } = JSON.parse(printKeySet(set));
    const { TICKET_KEYS: given, ...untouched } = secrets;
    expect(others).toEqual(untouched);
    expect(JSON.parse(TICKET_KEYS)).toEqual(JSON.parse(given));
    const alone = { keys: [{ ...key, note: "ours" }] };
    expect(JSON.parse(printKeySet(parsed("tickets", JSON.stringify(alone))))).toEqual(alone);
  });
});

describe("a rotation", () => {
  test("puts the fresh key first and keeps the old ones as they are, in their order", () => {
    const set = setOf("admissions", NOW - DAY_MS, NOW - 2 * DAY_MS);
    const fresh = generateKey("admissions", NOW);
    const outcome = rotate(set, fresh);
    expect(outcome).toMatchObject({ kind: "changed", set: { keys: [fresh, ...set.keys] } });
  });

  test.each([
    ["tickets", ["until every sale is over", "secret put TICKET_KEYS"]],
    ["admissions", [`for ${ADMISSION_OVERLAP_DAYS} days`, "secret put ADMISSION_KEYS"]],
    ["passes", ["until the last pass", "secret put PASS_KEYS"]],
    [
      "webhooks",
      ["orders first", "--config queues/wrangler.toml", "until every endpoint's secret"],
    ],
    ["proofs", ["for 1 day", "secret put PROOF_KEYS"]],
    ["servers", ["Still accepted", "until no server sends it", "secret put SERVER_KEYS"]],
    ["buyers", ["are not erased", "secret put BUYER_KEYS"]],
  ] as const)("of %s says what to do and how long to keep the old key", (purpose, parts) => {
    const set = setOf(purpose, NOW);
    const fresh = generateKey(purpose, NOW);
    const advice = adviceOf(rotate(set, fresh));
    for (const part of [...parts, fresh.kid, set.keys[0].kid]) expect(advice).toContain(part);
    const secret = [fresh, ...set.keys].flatMap((key) => {
      return Object.entries(key).filter(([name]) => /^[kdx]$/.test(name));
    });
    expect(secret.length).toBeGreaterThanOrEqual(2);
    for (const [, value] of secret) expect(advice).not.toContain(value);
  });

  test("is refused at the limit, with the advice to retire keys first", () => {
    const times = Array.from({ length: KEYS_PER_SET_MAX - 2 }, () => NOW);
    const fresh = generateKey("tickets", NOW);
    const last = rotate(setOf("tickets", NOW, ...times), fresh);
    expect(kidsOf(last)).toHaveLength(KEYS_PER_SET_MAX);
    const over = rotate(setOf("tickets", NOW, NOW, ...times), fresh);
    const message = `TICKET_KEYS.keys has ${KEYS_PER_SET_MAX} keys; run --retire tickets first.`;
    expect(over).toEqual({ kind: "bad", message });
  });
});

describe("a retirement", () => {
  test("drops a key once its successor is older than the overlap, and not a second before", () => {
    const set = setOf("admissions", NOW, NOW - 9 * DAY_MS, NOW - 30 * DAY_MS);
    const [first, second, third] = set.keys.map(({ kid }) => kid);
    const over_ms = ADMISSION_OVERLAP_DAYS * DAY_MS;
    expect(kidsOf(retire(set, BY_AGE, NOW - 1000))).toEqual([first, second]);
    expect(kidsOf(retire(set, BY_AGE, NOW + over_ms - 1000))).toEqual([first, second]);
    expect(kidsOf(retire(set, BY_AGE, NOW + over_ms))).toEqual([first]);
    expect(kidsOf(retire(set, BY_AGE, NOW - 8 * DAY_MS))).toEqual([first, second, third]);
  });

  test("takes the overlap that is given", () => {
    const set = setOf("tickets", NOW - 10 * DAY_MS, NOW - 90 * DAY_MS);
    const [first, second] = set.keys.map(({ kid }) => kid);
    expect(kidsOf(retire(set, { kids: [], overlapDays: 10 }, NOW))).toEqual([first]);
    expect(kidsOf(retire(set, { kids: [], overlapDays: 11 }, NOW))).toEqual([first, second]);
  });

  test("keeps a key of unknown age, and says so", () => {
    const keys = setOf("admissions", NOW, NOW).keys.map(({ iat: _, ...key }) => key);
    const set = parsed("admissions", JSON.stringify({ keys }));
    const outcome = retire(set, BY_AGE, NOW + 99 * DAY_MS);
    const [first, second] = set.keys.map(({ kid }) => kid);
    expect(kidsOf(outcome)).toEqual([first, second]);
    expect(adviceOf(outcome)).toContain(`when ${second} stopped signing: drop by --kid`);
    const named = retire(set, { kids: [second ?? ""], overlapDays: null }, NOW);
    expect(kidsOf(named)).toEqual([first]);
    expect(adviceOf(named)).toContain(`dropped ${second}`);
  });

  test.each(["tickets", "passes", "webhooks"] as const)(
    "of %s by age alone is refused",
    (purpose) => {
      const outcome = retire(setOf(purpose, NOW, NOW), BY_AGE, NOW + 99 * DAY_MS);
      expect(outcome.kind).toBe("bad");
      expect(adviceOf(outcome)).toContain("--kid");
    },
  );

  test("never drops the first key, an unknown one, or a webhook key by its age", () => {
    const set = setOf("webhooks", NOW, NOW);
    const named = (kid: string) => retire(set, { kids: [kid], overlapDays: null }, NOW);
    expect(named(set.keys[0].kid)).toMatchObject({
      message: expect.stringContaining("signs: it is the first key"),
    });
    expect(named("other")).toMatchObject({ message: "--kid other is not a key of WEBHOOK_KEYS." });
    expect(retire(set, { kids: [], overlapDays: 9 }, NOW).kind).toBe("bad");
  });

  test("drops keys of proofs after a day, which is longer than any challenge lasts", () => {
    const set = setOf("proofs", NOW, NOW - 9 * DAY_MS);
    const [first, second] = set.keys.map(({ kid }) => kid);
    expect(kidsOf(retire(set, BY_AGE, NOW + DAY_MS - 1000))).toEqual([first, second]);
    expect(kidsOf(retire(set, BY_AGE, NOW + DAY_MS))).toEqual([first]);
    expect(ALTCHA_EXPIRY_MAX_S * 1000).toBeLessThan(DAY_MS);
  });

  test("keeps keys of admissions for longer than any admission lasts", () => {
    const isAllowed = (sessionSeconds: number) => {
      return saleSchema.safeParse({ ...DOCUMENT, admission: { sessionSeconds } }).success;
    };
    const overlap_s = (ADMISSION_OVERLAP_DAYS * DAY_MS) / 1000;
    expect(isAllowed(overlap_s / 2)).toBe(true);
    expect(isAllowed(overlap_s / 2 + 1)).toBe(false);
  });
});

describe("the program", () => {
  const program = fileURLToPath(new URL("../../../tools/keys/main.ts", import.meta.url));
  const run = (args: readonly string[], input: string) => {
    return spawnSync(process.execPath, [program, ...args], { input, encoding: "utf8" });
  };

  test("prints the new set on standard output, and no key on standard error", () => {
    const set = setOf("admissions", NOW);
    const { status, stdout, stderr } = run(["--rotate", "admissions"], printKeySet(set));
    expect(status).toBe(0);
    const printed = parsed("admissions", stdout);
    expect(printed.keys.slice(1)).toEqual(set.keys);
    for (const { d } of printed.keys) expect(stderr).not.toContain(d);
    expect(stderr).toContain(printed.keys[0].kid);
  });

  test.each([
    [["--retire", "all"], "", "--retire must be"],
    [
      ["--rotate", "tickets"],
      '{"keys":[{"kty":"oct"}]}',
      "TICKET_KEYS.keys[0].kid must be a text.",
    ],
    [["--rotate", "tickets", "--from", "/no/such/file"], "", "--from /no/such/file"],
  ])("%j ends with 2 and one sentence", (args, input, message) => {
    const { status, stdout, stderr } = run(args, input);
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
