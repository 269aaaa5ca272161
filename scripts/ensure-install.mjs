/**
 * Installs exactly what package-lock.json says when `node_modules` is missing or differs, and is
 * silent otherwise.
 *
 * Guarantee: after it there is a current Node in `node_modules`. It is plain JavaScript without
 * dependencies because it runs on whatever Node the machine has. Not for adding or upgrading
 * packages; that is `npm install`.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { endOf } from "./child-process.mjs";
import { withProgress } from "./progress.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
export const modules = join(root, "node_modules");

/** The packages of a lock file by their paths, without the project itself. */
function readPackages(path) {
  const { "": _project, ...packages } = JSON.parse(readFileSync(path, "utf8")).packages;
  return packages;
}

/** Why an install is needed, or undefined when what is installed is what the lockfile says. */
function findReason(wanted) {
  // npm writes this file last, so an install that was cut short does not have it.
  const installedPath = join(modules, ".package-lock.json");
  if (!existsSync(installedPath)) return "node_modules is missing";
  if (!existsSync(join(modules, ".bin", "node"))) return "node_modules has no Node of its own";
  const installed = readPackages(installedPath);
  for (const [path, entry] of Object.entries(wanted)) {
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

/** Whether everything is installed when it ends; if not, npm has said why. */
export async function ensureInstall() {
  const wanted = readPackages(join(root, "package-lock.json"));
  const reason = findReason(wanted);
  if (reason === undefined) return true;
  process.stderr.write(`Installing the packages of package-lock.json, because ${reason} …\n`);
  const flags = ["--loglevel=error", "--no-audit", "--no-fund", "--no-progress"];
  const npm = spawn("npm", ["ci", ...flags], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
    env: { ...process.env, PATH: computeOuterPath() },
  });
  if ((await withProgress("Installing packages", () => endOf(npm))) === 0) return true;
  process.stderr.write("The packages could not be installed; npm's message is above.\n");
  return false;
}
