/**
 * A Chromium from an npm package, for the browser tests: no system package is needed.
 *
 * The package's own flags are for serverless functions. Left out are those that switch off what
 * these tests check (the same-origin rules) and those that make the browser fragile (one process
 * for all).
 */
import chromium from "@sparticuz/chromium";
import { chromium as playwright, type Browser } from "playwright-core";

const UNWANTED: ReadonlySet<string> = new Set([
  "--disable-web-security",
  "--allow-running-insecure-content",
  "--single-process",
  "--no-zygote",
]);
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

export async function launchBrowser(): Promise<Browser> {
  const args = [...chromium.args.filter((flag) => !UNWANTED.has(flag)), ...QUIET];
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    headless: true,
    args,
  });
}

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 800 };
