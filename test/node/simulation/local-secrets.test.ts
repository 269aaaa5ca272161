/** The secrets of the local run: stored for later runs, and completed when a version adds one. */
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

test("secrets are generated once and stored", () => {
  const path = join(folder, "deeper", "secrets.json");
  const generated = loadLocalSecrets(path);
  expect(loadLocalSecrets(path)).toEqual(generated);
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(generated);
  expect(loadLocalSecrets(null)).not.toEqual(generated);
});

test.each(["PASS_KEYS", "WEBHOOK_KEYS", "PROOF_KEYS", "SERVER_KEYS", "BUYER_KEYS"] as const)(
  "a stored set without %s keeps its secrets and gets the missing one",
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
