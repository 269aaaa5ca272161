/**
 * Runs before every script that needs the packages (`prestart`, `pretest`, …): installs exactly
 * what package-lock.json says when `node_modules` is missing or differs, and is silent otherwise.
 *
 * Guarantee: after it, the script that follows finds a current Node in `node_modules/.bin`. It is
 * plain JavaScript without dependencies because it runs on whatever Node the machine has.
 * Not for adding or upgrading packages; that is `npm install`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const modules = join(root, "node_modules");

/** Why an install is needed, or undefined when what is installed is what the lockfile says. */
function findReason() {
  // npm writes this file last, so an install that was cut short does not have it.
  const installedPath = join(modules, ".package-lock.json");
  if (!existsSync(installedPath)) return "node_modules is missing";
  if (!existsSync(join(modules, ".bin", "node"))) return "node_modules has no Node of its own";
  const wanted = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  const installed = JSON.parse(readFileSync(installedPath, "utf8")).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const found = installed[path];
    // Packages for other platforms are listed as optional and are rightly absent.
    if (found === undefined && entry.optional === true) continue;
    if (found?.version !== entry.version) return `${path} is not at ${entry.version}`;
  }
  return undefined;
}

/** The PATH without this project's own commands: `npm ci` deletes them while it runs. */
function computeOuterPath() {
  const own = `node_modules${sep}.bin`;
  const entries = (process.env["PATH"] ?? "").split(delimiter);
  return entries.filter((entry) => !entry.endsWith(own)).join(delimiter);
}

const reason = findReason();
if (reason !== undefined) {
  process.stderr.write(`Installing packages (${reason}) …\n`);
  const result = spawnSync("npm", ["ci", "--loglevel=error", "--no-audit", "--no-fund"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    env: { ...process.env, PATH: computeOuterPath() },
  });
  if (result.status !== 0) {
    process.stderr.write("The packages could not be installed; npm's message is above.\n");
    process.exit(1);
  }
}
