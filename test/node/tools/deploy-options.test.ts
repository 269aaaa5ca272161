/**
 * The command line of `npm run deploy`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { deployCommand } from "../../../tools/deploy/options.ts";
import { PROJECT_ROOT } from "../../../scripts/project-root.ts";

describe("the options", () => {
  test("mean routes of one zone, custom domains and an origin", () => {
    const args = ["--route", "*.shop.example/drops/*", "--zone", "shop.example"];
    args.push("--custom-domain", "gate.shop.example", "--origin", "https://old.shop.example/");
    expect(deployCommand.parse(args)).toMatchObject({
      kind: "run",
      options: {
        routes: [
          { pattern: "*.shop.example/drops/*", zone: "shop.example" },
          { pattern: "gate.shop.example", zone: null },
        ],
        origin: "https://old.shop.example",
      },
    });
  });

  test.each([
    [["--frobnicate"], "Unknown option '--frobnicate'"],
    [["--json"], "--json goes with --dry-run"],
    [["--route", "shop.example/*"], "--route needs --zone"],
    [["--zone", "shop.example"], "--zone goes with --route"],
    [["--route", "https://shop.example/*", "--zone", "shop.example"], "--route must be a host"],
    [["--route", "notshop.example/*", "--zone", "shop.example"], "does not lie in --zone"],
    [["--custom-domain", "shop.example/drops"], "--custom-domain must be a host"],
    [["--origin", "shop.example"], '--origin must be "zone" or http(s)://host[:port]'],
    [["--origin", "https://shop.example/path"], '--origin must be "zone" or http(s)://host[:port]'],
    [["--origin", "https://me:pw@shop.example"], '--origin must be "zone"'],
    [["--origin", "zone", "--custom-domain", "gate.shop.example"], "--origin zone needs --route"],
    [["--origin", "https://a.b", "--custom-domain", "a.b"], "is the gate itself"],
    [["--gate-secrets", ""], "--gate-secrets must name a file"],
  ])("%j are refused with a sentence", (args, message) => {
    const command = deployCommand.parse(args);
    expect(command.kind).toBe("bad");
    expect(JSON.stringify(command).replaceAll('\\"', '"')).toContain(message);
  });

  test("that are bad end the program with 2, one sentence and nothing done", () => {
    const program = join(PROJECT_ROOT, "tools", "deploy", "main.ts");
    const args = [program, "--origin", "shop.example", "--dry-run"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toBe('--origin must be "zone" or http(s)://host[:port], without a path\n');
  });
});
