/**
 * Adds up what the tests, the checks, the seeds of the simulation and the inputs of the fuzz run
 * report, for `.ci/run`.
 *
 * What failed is named once more before the last line, because only the end of a log this long may
 * be at hand.
 *
 * Guarantee: a run that crashed before it could report counts as a failure, and so does a test
 * file that could not be loaded. Runs on any Node, without packages.
 */
import { readFileSync } from "node:fs";
import { join, relative } from "node:path";

const [folder = ".", testStatus, checkStatus, faultsStatus, fuzzStatus] = process.argv.slice(2);

function read(name) {
  try {
    return readFileSync(join(folder, name), "utf8");
  } catch {
    return "";
  }
}

function countTests() {
  const text = read("tests.json");
  if (text === "") return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(text);
  const brokenFiles = testResults.filter(({ status, assertionResults }) => {
    return status === "failed" && !assertionResults.some((result) => result.status === "failed");
  });
  return { passed: numPassedTests, failed: numFailedTests + brokenFiles.length };
}

/** The tests that failed, each with the beginning of its message. */
function namesOfFailedTests() {
  const text = read("tests.json");
  if (text === "") return ["the tests ended without a report"];
  return JSON.parse(text).testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(process.cwd(), name);
    const failed = assertionResults.filter((result) => result.status === "failed");
    if (status === "failed" && failed.length === 0) return [`${file}: ${shorten(message)}`];
    return failed.map((result) => {
      return `${file} > ${result.fullName}: ${shorten(result.failureMessages.join("\n"))}`;
    });
  });
}

function shorten(message) {
  return String(message).split("\n").slice(0, 12).join("\n    ").slice(0, 1500);
}

/** The checks that failed, each with the beginning of what it printed. */
function namesOfFailedChecks() {
  const lines = read("check.log").split("\n");
  return lines.flatMap((line, at) => {
    if (!line.startsWith("✗")) return [];
    const output = lines.slice(at, at + 20);
    const next = output.findIndex((text, k) => k > 0 && /^(✓|✗|check:)/.test(text));
    return [output.slice(0, next === -1 ? 20 : next).join("\n    ")];
  });
}

/** The line that a program other than the test runner ends with. */
function countLine(name, log) {
  const match = new RegExp(`^${name}: (\\d+) passed, (\\d+) failed$`, "m").exec(read(log));
  return match === null ? { passed: 0, failed: 1 } : { passed: +match[1], failed: +match[2] };
}

/** A command that failed although nothing it reported did has failed as a whole. */
function include({ passed, failed }, status) {
  return { passed, failed: status !== "0" && failed === 0 ? 1 : failed };
}

const tests = include(countTests(), testStatus);
const checks = include(countLine("check", "check.log"), checkStatus);
const faults = include(countLine("faults", "faults.log"), faultsStatus);
const fuzz = include(countLine("fuzz", "fuzz.log"), fuzzStatus);
const all = [tests, checks, faults, fuzz];
const passed = all.reduce((sum, one) => sum + one.passed, 0);
const failed = all.reduce((sum, one) => sum + one.failed, 0);

for (const [name, part] of Object.entries({ tests, checks, faults, fuzz })) {
  console.log(`${name}: ${part.passed} passed, ${part.failed} failed`);
}
for (const failure of [...namesOfFailedTests(), ...namesOfFailedChecks()]) {
  console.log(`failed: ${failure}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
