/**
 * Tests of the conformance test: the example shop passes, and each mistake is found by its check.
 */
import { spawn } from "node:child_process";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Check, type Finding, runChecks } from "../../tools/conformance/checks.ts";
import { conformanceCommand } from "../../tools/conformance/options.ts";
import { orderChecks } from "../../tools/conformance/order-checks.ts";
import { paymentChecks } from "../../tools/conformance/payment-checks.ts";
import { exitCodeOf, lineOf, sumOf } from "../../tools/conformance/report.ts";
import { Wire } from "../../tools/conformance/wire.ts";
import { type ExampleShop, type ShopParts, startExampleShop } from "../../examples/shop/server.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { ORDER_MISTAKES } from "./support/broken-order-shops.ts";
import { PAYMENT_MISTAKES } from "./support/broken-payment-shops.ts";
import { NEW_SECRET, secretsOf } from "./support/scripted-backend.ts";

const TIMEOUT_MS = 1000;

let shop: ExampleShop | null = null;
afterEach(async () => {
  await shop?.stop();
  shop = null;
});

/** `test_slow` answers at once by default, so that only some tests wait for it. */
async function open(change: (correct: ShopParts) => Partial<ShopParts> = () => ({})) {
  shop = await startExampleShop({
    secret: NEW_SECRET,
    port: 0,
    parts: (correct) => ({ ...correct, slow_ms: 0, ...change({ ...correct, slow_ms: 0 }) }),
  });
  return shop;
}

function tried(
  url: string,
  checksOf: (wire: Wire) => readonly Check[],
): Promise<readonly Finding[]> {
  const secrets = secretsOf(NEW_SECRET);
  const wire = new Wire({ url, secrets, allowHttp: true, currency: "EUR" }, TIMEOUT_MS);
  return runChecks(checksOf(wire), { begun: () => undefined, found: () => undefined });
}

/** Runs only the check of this name, because checks do not depend on each other. */
async function failedAlone(
  url: string,
  checksOf: (wire: Wire) => readonly Check[],
  name: string,
): Promise<readonly string[]> {
  const named = (wire: Wire) => checksOf(wire).filter((check) => check.name === name);
  return failedNames(await tried(url, named));
}

function failedNames(findings: readonly Finding[]): readonly string[] {
  return findings.filter(({ kind }) => kind === "failed").map(({ name }) => name);
}

describe("the example shop", () => {
  test("keeps the payment contract, slow answers too", async () => {
    const { paymentsUrl } = await open(() => ({ slow_ms: TIMEOUT_MS * 1.5 }));
    const findings = await tried(paymentsUrl, paymentChecks);
    expect(findings.filter(({ kind }) => kind !== "passed").map(lineOf)).toEqual([]);
  });

  test("keeps the order contract", async () => {
    const { ordersUrl } = await open();
    const findings = await tried(ordersUrl, orderChecks);
    expect(findings.filter(({ kind }) => kind !== "passed").map(lineOf)).toEqual([]);
  });
});

test.each(PAYMENT_MISTAKES)(
  "a payment server that %s is found by %s",
  async (_what, name, parts) => {
    const { paymentsUrl } = await open(parts);
    expect(await failedAlone(paymentsUrl, paymentChecks, name)).toEqual([name]);
  },
);

test.each(ORDER_MISTAKES)("an order server that %s is found by %s", async (_what, name, parts) => {
  const { ordersUrl } = await open(parts);
  expect(await failedAlone(ordersUrl, orderChecks, name)).toEqual([name]);
});

test("each check finds at least one of the mistakes", async () => {
  const wire = new Wire(
    { url: "http://127.0.0.1", secrets: [], allowHttp: true, currency: "EUR" },
    TIMEOUT_MS,
  );
  const namesOf = (checks: readonly Check[]) => checks.map(({ name }) => name);
  const foundBy = (mistakes: typeof ORDER_MISTAKES) => new Set(mistakes.map(([, name]) => name));
  const untested = {
    payment: namesOf(paymentChecks(wire)).filter((name) => !foundBy(PAYMENT_MISTAKES).has(name)),
    orders: namesOf(orderChecks(wire)).filter((name) => !foundBy(ORDER_MISTAKES).has(name)),
  };
  // The next test covers it with a server that is gone.
  expect(untested).toEqual({ payment: ["answers"], orders: ["answers"] });
});

test("when the server does not answer, one check fails and the others are not tried", async () => {
  const gone = await open();
  await gone.stop();
  const findings = await tried(gone.paymentsUrl, paymentChecks);
  expect(failedNames(findings)).toEqual(["answers"]);
  expect(sumOf(findings)).toBe(`0 of 1 checks passed, ${findings.length - 1} not tried`);
});

test("a test method the server does not offer is not tried, and named", async () => {
  const { paymentsUrl } = await open();
  const findings = await tried(paymentsUrl, paymentChecks);
  const left = findings.filter(({ kind }) => kind === "not_offered");
  expect(left.map(lineOf)).toEqual([expect.stringMatching(/^– slow-answer: not tried, test_slow/)]);
  expect(exitCodeOf(findings)).toBe(0);
});

test("a failed check's line has what was expected, what was seen, and how to fix it", async () => {
  const mistake = PAYMENT_MISTAKES.find(([what]) => what === "captures a voided payment");
  const { paymentsUrl } = await open(mistake?.[2]);
  const findings = await tried(paymentsUrl, paymentChecks);
  const line = findings.filter(({ kind }) => kind === "failed").map(lineOf);
  expect(line).toEqual([
    "✗ capture-after-void: expected a voided payment cannot be captured · seen: payment.capture " +
      'after payment.void gave {"kind":"approved"} · fix: check the payment\'s state, and decline',
  ]);
});

describe("the command", () => {
  let exampleShop: ExampleShop;
  beforeAll(async () => {
    const parts = (it: ShopParts) => ({ ...it, slow_ms: 0 });
    exampleShop = await startExampleShop({ secret: NEW_SECRET, port: 0, parts });
  });
  afterAll(() => exampleShop.stop());

  function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
    const child = spawn(process.execPath, ["tools/conformance/main.ts", ...args], {
      cwd: PROJECT_ROOT,
      env: { ...process.env, BACKEND_SECRET: NEW_SECRET },
    });
    const output = { out: "", err: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output.err += chunk.toString()));
    return new Promise((resolve) => {
      child.once("close", (code) => resolve({ code, ...output }));
    });
  }

  test("tries both servers and ends with 0 when every check passed", async () => {
    const { paymentsUrl, ordersUrl } = exampleShop;
    const { code, out } = await run("--payment", paymentsUrl, "--orders", ordersUrl, "--local");
    expect(out.trimEnd().split("\n").at(-1)).toMatch(/^(\d+) of \1 checks passed, 1 not tried$/);
    expect(code).toBe(0);
  });

  test("ends with 1 when a check did not pass: an address where there is no order server", async () => {
    const { code, out } = await run("--orders", `${exampleShop.ordersUrl}/elsewhere`, "--local");
    expect(out).toMatch(/\n0 of 1 checks passed, \d+ not tried\n$/);
    expect(code).toBe(1);
  });

  test("ends with 2 when the command line makes no sense", async () => {
    const { code, out, err } = await run("--payment", exampleShop.paymentsUrl);
    expect(err).toContain("--payment must be an https URL; --local allows http");
    expect({ code, out }).toEqual({ code: 2, out: "" });
  });
});

describe("the command line", () => {
  const secret = { BACKEND_SECRET: NEW_SECRET };
  const payment = ["--payment", "https://shop.example/payments"];

  test("takes the secret from the option before the environment", () => {
    const secrets = secretsOf("whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4");
    const given = ["--secret", "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4"];
    const command = conformanceCommand.parse([...payment, ...given], secret);
    const target = { url: payment[1], secrets, allowHttp: false, currency: "EUR" };
    expect(command).toEqual({ kind: "run", options: { payment: target, orders: null } });
  });

  test.each([
    [[], "--payment or --orders must be given"],
    [["--payment", "shop.example"], "--payment is not a URL; --local allows http"],
    [["--orders", "http://shop.example"], "--orders must be an https URL; --local allows http"],
    [["--orders", "https://a:b@shop.example", "--local"], "--orders must not contain a password"],
    [[...payment, "--currency", "euro"], "--currency must be three capital letters"],
    [
      [...payment, "--secret", "hush"],
      "--secret (or BACKEND_SECRET) must be whsec_ followed by base64",
    ],
  ])("%j gets the sentence: %s", (args, message) => {
    expect(conformanceCommand.parse(args, secret)).toEqual({ kind: "bad", message });
  });

  test("without a secret it says so, and --help needs none", () => {
    const message = "--secret (or BACKEND_SECRET) is missing";
    expect(conformanceCommand.parse(payment, {})).toEqual({ kind: "bad", message });
    expect(conformanceCommand.parse(["--help"], {})).toEqual({ kind: "help" });
  });
});
