/**
 * `node scripts/lint-openapi.ts --by spectral` (or `redocly`): lints the OpenAPI document as the
 * gate serves it. Any finding fails, also a warning; a rule that is off has its reason here or in
 * `redocly.yaml`.
 *
 * Guarantee: no network. The document is generated in this process, and Redocly's telemetry and
 * its search for updates are off.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ruleset, Spectral } from "@stoplight/spectral-core";
import { oas } from "@stoplight/spectral-rulesets";
import { defineCommand } from "./define-command.ts";
import { openApiDocument } from "./openapi-document.ts";
import { PROJECT_ROOT } from "./project-root.ts";

const lint = defineCommand({
  name: "node scripts/lint-openapi.ts",
  summary: "Lints the OpenAPI document as the gate serves it, without network.",
  options: {
    by: {
      type: "choice",
      values: ["spectral", "redocly"],
      required: "name the linter",
      help: "the linter",
    },
  },
  exitCodes: "0 nothing found, 1 the findings are printed",
});

/** @returns findings, one a line */
async function lintBySpectral(document: string): Promise<string[]> {
  const spectral = new Spectral();
  const rules = {
    // An open-source project is reached through its repository; it has no address.
    "contact-properties": "off",
    // The license is named by its SPDX identifier, and OpenAPI 3.1 allows no address beside it.
    "license-url": "off",
    // The tags are in the order of a shopper's way, then of a merchant's.
    "openapi-tags-alphabetical": "off",
  };
  spectral.setRuleset(new Ruleset({ extends: [[oas, "all"]], rules }));
  const findings = await spectral.run(document);
  return findings.map(({ path, code, message }) => `${path.join(".")}: ${message} (${code})`);
}

function lintByRedocly(document: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), "sluice-openapi-"));
  try {
    const file = join(folder, "openapi.json");
    writeFileSync(file, document);
    const command = join(PROJECT_ROOT, "node_modules", ".bin", "redocly");
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [command, "lint", "--config", join(PROJECT_ROOT, "redocly.yaml"), file],
      {
        encoding: "utf8",
        env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
      },
    );
    return status === 0 ? [] : [stdout, stderr];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const LINTERS = { spectral: lintBySpectral, redocly: lintByRedocly };

process.exitCode = await lint.run(async ({ by }) => {
  const findings = await LINTERS[by](await openApiDocument());
  process.stdout.write(findings.map((finding) => `${finding}\n`).join(""));
  return findings.length === 0 ? 0 : 1;
});
