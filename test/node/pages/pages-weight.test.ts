/**
 * What a page weighs on its way to a browser, compressed: markup, style and scripts. Stripe's own
 * script is not ours and comes later, on the page of the checkout only.
 */
import { readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { CHECKOUTS, ORDERS, STOREFRONTS, WAITING } from "../support/pages-exhibits.ts";
import { render } from "../support/pages-text.ts";

const BYTES_MAX = 30_000;
const ASSETS = new URL("../../../src/pages/assets/", import.meta.url);

/** The asset, and the modules that it imports. */
function withImports(path: string, seen: Set<string>): void {
  if (seen.has(path)) return;
  seen.add(path);
  const text = readFileSync(new URL(`.${path}`, ASSETS), "utf8");
  for (const [, imported = ""] of text.matchAll(/^(?:import|\} from) .*?"\.\/([a-z-]+\.js)";$/gm)) {
    withImports(`/_sluice/assets/${imported}`, seen);
  }
}

function compressed(text: string | Buffer): number {
  return brotliCompressSync(text).byteLength;
}

test.each([...CHECKOUTS, ...ORDERS, ...STOREFRONTS, ...WAITING])(
  "%s: under 30 kB",
  async (_, page) => {
    const markup = await render(page);
    const assets = new Set<string>();
    for (const [, path = ""] of markup.matchAll(/(?:src|href)="(\/_sluice\/assets\/[^"]+)"/g)) {
      withImports(path, assets);
    }
    expect(assets.size).toBeGreaterThan(3);
    const sizes = [...assets].map((path) => compressed(readFileSync(new URL(`.${path}`, ASSETS))));
    const total = sizes.reduce((sum, size) => sum + size, compressed(markup));
    expect(total).toBeLessThan(BYTES_MAX);
  },
);
