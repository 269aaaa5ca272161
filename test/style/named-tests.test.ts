/**
 * What the documents call a proof is there: every test file they name exists.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { listSourceFiles, type SourceFile } from "./support/source-files.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Test files that a document names, from the project's root or from `test/`. */
function missingTests({ path, text }: SourceFile): string[] {
  const named = [...text.matchAll(/`((?:test\/)?[\w-]+\/[\w-]+\.test\.ts)`/g)];
  return named
    .map(([, file = ""]) => (file.startsWith("test/") ? file : `test/${file}`))
    .filter((file) => !existsSync(join(ROOT, file)))
    .map((file) => `${path} names ${file}`);
}

test("every test that a document names exists", () => {
  const documents = listSourceFiles(/\.md$/);
  expect(documents.flatMap(missingTests)).toEqual([]);
  const security = documents.find(({ path }) => path === "docs/security.md");
  expect(security?.text.match(/`test\/[\w/-]+\.test\.ts`/g)?.length).toBeGreaterThan(40);
});

test("a test that is not there is found", () => {
  const text = "shown by `test/http/never.test.ts` and `style/named-tests.test.ts`";
  const found = missingTests({ path: "docs/a.md", text });
  expect(found).toEqual(["docs/a.md names test/http/never.test.ts"]);
});
