/** The local run's secrets: kept from run to run, and completed when a version adds one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadLocalSecrets } from "../../simulation/local-secrets.ts";

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

test("a set from before there were passes keeps what it has and gets a key for passes", () => {
  const path = join(folder, "secrets.json");
  const { PASS_KEYS: _, ...before } = loadLocalSecrets(null);
  writeFileSync(path, JSON.stringify(before));
  const completed = loadLocalSecrets(path);
  expect(completed).toMatchObject(before);
  expect(completed.PASS_KEYS).toContain('"kty":"oct"');
  expect(loadLocalSecrets(path)).toEqual(completed);
});
