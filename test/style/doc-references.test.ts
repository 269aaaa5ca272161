/**
 * Everything that the documents name exists: tests, files, folders, npm scripts, and the sections
 * that their links lead to.
 *
 * Except in CHANGELOG.md, which may name what was removed.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { listSourceFiles, type SourceFile } from "./support/source-files.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PACKAGE = readFileSync(join(ROOT, "package.json"), "utf8");
const FOLDERS =
  /^(?:src|durable-objects|queues|simulation|tools|scripts|examples|bench|test|docs)\//;
const TESTS = /^(?:node|workerd|http|browser|style)\//;
const FILE_NAME = /^[\w-]+(?:\.test)?\.(?:ts|mjs|toml|sql)$/;

const documents = listSourceFiles(/\.md$/).filter(({ path }) => path !== "CHANGELOG.md");
const fileNames = new Set(listSourceFiles().map(({ path }) => basename(path)));

/** @param path of a file or a folder, relative to the project's root; can contain `*` */
function exists(path: string): boolean {
  return path.includes("*")
    ? globSync(path, { cwd: ROOT }).length > 0
    : existsSync(join(ROOT, path));
}

/** Also true for text that is not a file name, such as an option or a header. */
function isFoundOrNoFile(named: string): boolean {
  if (/[^\w./*-]/.test(named)) return true;
  if (FOLDERS.test(named)) return exists(named);
  if (TESTS.test(named)) return exists(`test/${named}`) || exists(`test/${named}.test.ts`);
  return !FILE_NAME.test(named) || fileNames.has(named);
}

function findMissingFiles({ path, text }: SourceFile): string[] {
  const inCode = [...text.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = ""]) => code.split(/\s+/));
  return inCode.filter((named) => !isFoundOrNoFile(named)).map((named) => `${path}: ${named}`);
}

function findMissingScripts({ path, text }: SourceFile): string[] {
  const named = [...text.matchAll(/\bnpm run (?:--silent )?([\w-]+)/g)].map(
    ([, name = ""]) => name,
  );
  return named
    .filter((name) => !PACKAGE.includes(`"${name}": `))
    .map((name) => `${path}: npm run ${name}`);
}

/** The anchors of the headings, as GitHub derives them. */
function anchorsOf(text: string): string[] {
  const headings = text.replaceAll(/^```[^]*?^```/gm, "").matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function findDeadLinks({ path, text }: SourceFile): string[] {
  const links = [...text.matchAll(/\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  return links
    .filter(([, file = "", anchor]) => {
      const target = file === "" ? path : normalize(join(dirname(path), file));
      if (!exists(target)) return true;
      return (
        anchor !== undefined &&
        !anchorsOf(readFileSync(join(ROOT, target), "utf8")).includes(anchor)
      );
    })
    .map(([link]) => `${path}: ${link}`);
}

test("every test, file and folder that a document names exists", () => {
  expect(documents.flatMap(findMissingFiles)).toEqual([]);
  const security = documents.find(({ path }) => path === "docs/security.md");
  expect(security?.text.match(/`test\/[\w/-]+\.test\.ts`/g)?.length).toBeGreaterThan(40);
});

test("every npm script that a document names exists", () => {
  expect(documents.flatMap(findMissingScripts)).toEqual([]);
});

test("every link between documents leads to a file and a section that exist", () => {
  expect(documents.flatMap(findDeadLinks)).toEqual([]);
});

test.each([
  ["`test/http/never.test.ts`", findMissingFiles],
  ["`style/never`", findMissingFiles],
  ["`never-written.ts`", findMissingFiles],
  ["`src/never/`", findMissingFiles],
  ["`npm run never`", findMissingScripts],
  ["[a page](never.md)", findDeadLinks],
  ["[a section](README.md#never)", findDeadLinks],
])("%s is reported, because it does not exist", (text, find) => {
  expect(find({ path: "README.md", text })).toHaveLength(1);
});

test("what exists is not reported", () => {
  const text =
    "`style/doc-references`, `test/http/*.ts`, `src/gate.ts`, `npm run dev`, `a/b`, `GET /x`";
  const file = { path: "README.md", text };
  const found = [findMissingFiles, findMissingScripts, findDeadLinks].flatMap((find) => find(file));
  expect(found).toEqual([]);
});
