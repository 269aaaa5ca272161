/**
 * A pass comes in an address, and addresses like to end in logs: nothing that the gate writes down
 * has it, whether the link works, is refused, or breaks something.
 */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { SignJWT, importJWK } from "jose";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import gate from "../../src/gate.ts";
import { startClock } from "./support/clock.ts";
import { openSale, saleDocument } from "./support/shop.ts";

beforeEach(startClock);
afterEach(() => vi.restoreAllMocks());

const secrets = z.object({ PASS_KEYS: z.string() });
const keys = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).min(1),
});

async function passOf(sale: string, expiresIn_s: number): Promise<string> {
  const [key] = keys.parse(JSON.parse(secrets.parse(env).PASS_KEYS)).keys;
  if (key === undefined) throw new Error("no key for passes");
  return new SignJWT({ aud: sale, exp: Math.floor(Date.now() / 1000) + expiresIn_s })
    .setProtectedHeader({ alg: "HS256", typ: "sluice-pass+jwt", kid: key.kid })
    .sign(await importJWK(key, "HS256"));
}

const brokenConfig = {
  get: () => {
    throw new Error("KV is out of its mind");
  },
};

const LINKS: [what: string, expiresIn_s: number, change: object, status: number][] = [
  ["works", 600, {}, 200],
  ["is refused", -1, {}, 403],
  ["meets a gate that breaks", 600, { CONFIG: brokenConfig }, 500],
];

test.each(LINKS)(
  "a link that %s leaves no pass in the logs",
  async (_, expiresIn_s, change, status) => {
    const logs = (["log", "info", "warn", "error", "debug"] as const).map((level) => {
      return vi.spyOn(console, level).mockImplementation(() => undefined);
    });
    const sale = await openSale(saleDocument([{ sku: `LOG-${status}-${expiresIn_s}`, stock: 1 }]));
    const pass = await passOf(sale.id, expiresIn_s);
    const link = new Request(`https://shop.example/_sluice/shop/${sale.id}?pass=${pass}`);
    const answer = await gate.fetch(link, { ...env, ...change }, createExecutionContext());
    expect(answer.status).toBe(status);
    expect(answer.headers.get("location") ?? "").not.toContain(pass);
    expect(await answer.text()).not.toContain(pass);
    const written = JSON.stringify(logs.flatMap(({ mock }) => mock.calls));
    expect(written.includes("KV is out of its mind")).toBe(status === 500);
    expect(written).not.toContain(pass.slice(0, 40));
  },
);
