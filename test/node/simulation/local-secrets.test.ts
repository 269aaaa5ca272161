/** The local run's secrets: kept from run to run, and completed when a version adds one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadLocalSecrets } from "../../../simulation/host/local-secrets.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-secrets-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("secrets are drawn once and kept", () => {
  const path = join(folder, "deeper", "secrets.json");
  const drawn = loadLocalSecrets(path);
  expect(loadLocalSecrets(path)).toEqual(drawn);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(drawn);
  expect(loadLocalSecrets(null)).not.toEqual(drawn);
});

test.each(["PASS_KEYS", "WEBHOOK_KEYS", "PROOF_KEYS"] as const)(
  "a set from before there were %s keeps what it has and gets some",
  (name) => {
    const path = join(folder, "secrets.json");
    const { [name]: _, ...before } = loadLocalSecrets(null);
    writeFileSync(path, JSON.stringify(before));
    const completed = loadLocalSecrets(path);
    expect(completed).toMatchObject(before);
    expect(completed[name]).toContain('"kty":"oct"');
    expect(loadLocalSecrets(path)).toEqual(completed);
  },
);
