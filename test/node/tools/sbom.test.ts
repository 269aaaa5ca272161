/**
 * The list of components and the notices: what is shipped is told from what only developers run,
 * and a licence that nobody accepted is reported by its package's name.
 */
import { expect, test } from "vitest";
import { writeBom } from "../../../scripts/cyclonedx.ts";
import { licenseProblems, writeNotices } from "../../../scripts/license-notices.ts";
import { type Lockfile, readLockfile } from "../../../scripts/lockfile.ts";
import { foldersIn, type Shipped } from "../../../scripts/shipped-packages.ts";

const HASH = `sha512-${Buffer.from("tarball").toString("base64")}`;

/** `bread` needs a `flour` of its own, `oven` the shared one. */
function bakery(changes: Readonly<Record<string, object>> = {}): Lockfile {
  const packages = {
    "": { name: "bakery", version: "0.1.0", license: "MIT", dependencies: { bread: "1" } },
    "node_modules/bread": {
      version: "1.0.0",
      license: "MIT",
      integrity: HASH,
      dependencies: { flour: "2" },
    },
    "node_modules/bread/node_modules/flour": { version: "2.0.0", license: "ISC" },
    "node_modules/flour": { version: "1.0.0", license: "MIT" },
    "node_modules/@tools/oven": {
      version: "3.0.0",
      license: "MPL-2.0",
      peerDependencies: { flour: "1", gas: "1" },
    },
    ...changes,
  };
  return readLockfile(JSON.stringify({ lockfileVersion: 3, packages }));
}

const SHIPPED: Shipped = new Map([
  ["node_modules/bread", ["gate", "orders"]],
  ["node_modules/bread/node_modules/flour", ["gate"]],
]);

function bomOf(lockfile: Lockfile) {
  const project = lockfile.get("");
  if (project === undefined) throw new Error("the lockfile has no project");
  return writeBom(lockfile, SHIPPED, project);
}

test("a component states its version, hash, licence, and whether it is shipped", () => {
  const { components, dependencies, metadata } = JSON.parse(bomOf(bakery()));
  expect(metadata.component).toMatchObject({ name: "bakery", version: "0.1.0" });
  expect(metadata).not.toHaveProperty("timestamp");
  expect(
    components.map((item: { purl: string; scope: string }) => [item.purl, item.scope]),
  ).toEqual([
    ["pkg:npm/%40tools/oven@3.0.0", "excluded"],
    ["pkg:npm/bread@1.0.0", "required"],
    ["pkg:npm/flour@1.0.0", "excluded"],
    ["pkg:npm/flour@2.0.0", "required"],
  ]);
  expect(components[1]).toMatchObject({
    hashes: [{ alg: "SHA-512", content: Buffer.from("tarball").toString("hex") }],
    licenses: [{ license: { id: "MIT" } }],
    properties: [{ value: "gate" }, { value: "orders" }],
  });
  expect(dependencies).toContainEqual({
    ref: "pkg:npm/bread@1.0.0",
    dependsOn: ["pkg:npm/flour@2.0.0"],
  });
  expect(dependencies).toContainEqual({
    ref: "pkg:npm/%40tools/oven@3.0.0",
    dependsOn: ["pkg:npm/flour@1.0.0"],
  });
});

test("the list is the same for the same lockfile, however it is ordered", () => {
  const reversed = new Map([...bakery()].toReversed());
  expect(bomOf(reversed)).toBe(bomOf(bakery()));
});

test("the notices have the licence of each shipped package, and no others", () => {
  const notices = writeNotices(bakery(), SHIPPED, (folder) => {
    return folder.endsWith("flour") ? [] : [`Copyright of ${folder}\r\n`];
  });
  expect(notices).toContain("bread 1.0.0 (MIT), in the gate Worker, the orders Worker");
  expect(notices).toContain("Copyright of node_modules/bread\n");
  expect(notices).toContain("no file with its licence; its package.json states ISC.");
  expect(notices).not.toContain("oven");
});

test.each([
  ["GPL-3.0-only", ["bread 1.0.0 is shipped, and its licence GPL-3.0-only is not accepted"]],
  ["MPL-2.0", ["bread 1.0.0 is shipped, and its licence MPL-2.0 is not accepted"]],
  ["MIT AND GPL-3.0-only", ["bread 1.0.0 is shipped, and its licence MIT AND GPL-3.0-only is"]],
  ["(MIT OR GPL-3.0-only)", []],
  [undefined, ["bread 1.0.0 states no licence"]],
])("a shipped package under %s", (license, problems) => {
  const lockfile = bakery({ "node_modules/bread": { version: "1.0.0", license } });
  expect(licenseProblems(lockfile, SHIPPED)).toEqual(
    problems.map((problem) => expect.stringContaining(problem)),
  );
});

test("a program under a licence that nobody accepted is reported too", () => {
  const lockfile = bakery({ "node_modules/flour": { version: "1.0.0", license: "AGPL-3.0-only" } });
  expect(licenseProblems(lockfile, SHIPPED)).toEqual([
    "flour 1.0.0 is installed, and its licence AGPL-3.0-only is not accepted",
  ]);
});

test("a package is found in a bundle by its folder, unless all of its code was dropped", () => {
  const inputs = {
    "../node_modules/@hono/zod-openapi/dist/index.js": { bytesInOutput: 10 },
    "node_modules/bread/node_modules/flour/index.js": { bytesInOutput: 5 },
    "node_modules/dropped/index.js": { bytesInOutput: 0 },
    "src/gate.ts": { bytesInOutput: 5 },
  };
  expect(foldersIn(JSON.stringify({ outputs: { "gate.js": { inputs } } }))).toEqual([
    "node_modules/@hono/zod-openapi",
    "node_modules/bread/node_modules/flour",
  ]);
});
