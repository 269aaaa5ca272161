/**
 * A Chromium from an npm package, for the browser tests: no system package is needed.
 *
 * The package's own flags are for functions in a cloud. Those that switch off what these tests are
 * about (the same-origin rules) or that make it fragile (one process for all) are left out.
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
