/** The command lines of `npm run drill` and `npm start`: their defaults, values and errors. */
import { describe, expect, test } from "vitest";
import { drillCommand } from "../../../simulation/drill/options.ts";
import { quantile } from "../../../simulation/drill/statistics.ts";
import { describeRun } from "../../../simulation/start/addresses.ts";
import { startCommand } from "../../../simulation/start/options.ts";

const NOTHING = {};
const local = ["--url", "http://127.0.0.1:8787"];

describe("the drill's command line", () => {
  test("defaults to two thousand shoppers for a hundred units at a Sluice of its own", () => {
    const command = drillCommand.parse([], NOTHING);
    expect(command).toMatchObject({
      kind: "run",
      options: { target: null, sale: null, shoppers: 2000, stock: 100, arrive: "step", seed: "1" },
    });
  });

  test("takes the merchant's token from the option before the environment", () => {
    const environment = { ADMIN_TOKEN: "from the environment" };
    const given = drillCommand.parse([...local, "--admin-token", "given"], environment);
    expect(given).toMatchObject({ options: { target: { adminToken: "given" } } });
    const taken = drillCommand.parse(local, environment);
    const target = { adminToken: "from the environment", sandboxUrl: null };
    expect(taken).toMatchObject({ options: { target } });
  });

  test("allows --chaos only for a Sluice of its own", () => {
    expect(drillCommand.parse(["--chaos"], NOTHING)).toMatchObject({ options: { chaos: true } });
    const elsewhere = drillCommand.parse([...local, "--admin-token", "given", "--chaos"], NOTHING);
    expect(elsewhere).toMatchObject({ kind: "bad", message: expect.stringContaining("--chaos") });
  });

  test.each([
    [["--shoppers", "0"], "--shoppers must be a whole number from 1 to 100000"],
    [["--shoppers", "many"], "--shoppers must be a whole number from 1 to 100000"],
    [["--stock", "1.5"], "--stock must be a whole number from 1 to 10000000"],
    [["--arrive", "late"], "--arrive must be step, ramp or pre-queue"],
    [["--buy-rate", "1.5"], "--buy-rate must be a number from 0 to 1"],
    [["--buy-rate", "half"], "--buy-rate must be a number from 0 to 1"],
    [["--url", "8787"], "--url must be an http or https address"],
    [["--sale", "Air One"], "--sale must be lower-case letters, digits and '-'"],
    [["--sandbox-url", "http://127.0.0.1:8788"], "--sandbox-url goes with --url"],
    [local, "--url needs --admin-token, or ADMIN_TOKEN in the environment"],
  ])("%j gets the sentence: %s", (args, message) => {
    expect(drillCommand.parse(args, NOTHING)).toEqual({ kind: "bad", message });
  });

  test("an unknown option is named in the error", () => {
    const command = drillCommand.parse(["--shopers", "3"], NOTHING);
    expect(command.kind).toBe("bad");
    expect(command).toHaveProperty("message", expect.stringContaining("--shopers"));
  });

  test("--help ignores the other options", () => {
    expect(drillCommand.parse(["--help", "--shoppers", "0"], NOTHING)).toEqual({ kind: "help" });
  });
});

describe("the command line of npm start", () => {
  test("defaults to the documented ports, stored state, a sale and a crowd", () => {
    const ports = { port: 8787, sandboxPort: 8788 };
    const kept = { origin: null, folder: null, adminToken: null, fresh: false, redis: false };
    const options = { ...ports, ...kept, crowd: true, sale: true };
    expect(startCommand.parse([])).toEqual({ kind: "run", options });
  });

  test("without a sale there is no crowd either", () => {
    expect(startCommand.parse(["--no-sale"])).toMatchObject({
      options: { sale: false, crowd: false },
    });
    expect(startCommand.parse(["--no-crowd"])).toMatchObject({
      options: { sale: true, crowd: false },
    });
  });

  test.each([
    ["http://localhost:3000", "http://localhost:3000"],
    ["HTTPS://Shop.example:443/", "https://shop.example"],
    ["http://[::1]:3000", "http://[::1]:3000"],
  ])("accepts the origin %s", (given, origin) => {
    expect(startCommand.parse(["--origin", given])).toMatchObject({
      kind: "run",
      options: { origin },
    });
  });

  test.each([
    "",
    "localhost:3000",
    "3000",
    "ftp://localhost",
    "http://localhost:3000/shop",
    "http://localhost:3000?a=1",
    "http://ann:secret@localhost:3000",
  ])("--origin '%s' gets a sentence", (given) => {
    const message = "--origin must be an address such as http://localhost:3000, without a path";
    expect(startCommand.parse(["--origin", given])).toEqual({ kind: "bad", message });
  });

  test("with an origin the printed URL to open is the guarded one", () => {
    const command = startCommand.parse(["--origin", "http://localhost:3000"]);
    if (command.kind !== "run") throw new Error("it can run");
    const host = {
      gateUrl: "http://127.0.0.1:1",
      sandboxUrl: "http://127.0.0.1:2",
      adminToken: "t",
    };
    const sale = { id: "air-one-guarded", skus: [], startsAt_ms: 30_000, claimWindow_s: 120 };
    const text = describeRun(command.options, host, sale, 0);
    expect(text).toContain("http://localhost:1/ is http://localhost:3000");
    expect(text).toContain("Guarded         http://localhost:1/drops/");
    expect(text).toContain("Open the guarded address");
  });

  test("accepts 0 for any free port, for both ports", () => {
    const options = { port: 0, sandboxPort: 0 };
    expect(startCommand.parse(["--port", "0", "--sandbox-port", "0"])).toMatchObject({ options });
  });

  test.each([
    [["--port", "http"], "--port must be a whole number from 0 to 65535"],
    [["--port", "70000"], "--port must be a whole number from 0 to 65535"],
    [["--sandbox-port", "one"], "--sandbox-port must be a whole number from 0 to 65535"],
    [["--port", "9000", "--sandbox-port", "9000"], "--port and --sandbox-port must differ"],
  ])("%j gets the sentence: %s", (args, message) => {
    expect(startCommand.parse(args)).toEqual({ kind: "bad", message });
  });
});

test("a quantile is a measured value (nearest rank)", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  expect([0.5, 0.95, 0.99, 1].map((share) => quantile(hundred, share))).toEqual([50, 95, 99, 100]);
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([], 0.5)).toBe(0);
});
