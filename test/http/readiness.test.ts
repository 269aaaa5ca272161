/**
 * `GET /_sluice/admin/v1/readiness` of a whole Sluice, and `npm run deploy -- --readiness`: what an
 * operator reads who could take money, and one who could not.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import type { StartCrons } from "../../simulation/host/crons.ts";
import type { HostOptions } from "../../simulation/host/host.ts";
import { expectProblem } from "./support/problem-checks.ts";
import { makeSale, type Sluice, startSluice } from "./support/sluice.ts";

const readinessSchema = z.object({
  ready: z.boolean(),
  ordersReportedAt: z.string().nullable(),
  checks: z.array(
    z.object({ name: z.string(), ok: z.boolean(), severity: z.string(), detail: z.string() }),
  ),
});

interface Tested {
  readonly sluice: Sluice;
  /** Has the orders Worker report, as its cron does every five minutes. */
  readonly report: () => Promise<void>;
}

const running: Sluice[] = [];

afterAll(() => Promise.all(running.map((sluice) => sluice.stop())));

async function start(options: HostOptions = {}): Promise<Tested> {
  let fire: (cron: string) => Promise<void> = async () => undefined;
  const startCrons: StartCrons = (_, given) => {
    fire = given;
    return { stop: () => undefined };
  };
  const sluice = await startSluice({ startCrons, onLog: () => undefined, ...options });
  running.push(sluice);
  return { sluice, report: () => fire("*/5 * * * *") };
}

async function readinessOf(sluice: Sluice) {
  const { status, headers, body } = await sluice.merchant("GET", "/readiness");
  expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
  const readiness = readinessSchema.parse(body);
  const failed = readiness.checks.filter(({ ok }) => !ok);
  return {
    ...readiness,
    failed: failed.map(({ name, severity }) => `${severity} ${name}`),
    said: readiness.checks.map(({ name, detail }) => `${name}: ${detail}`).join("\n"),
  };
}

async function runProgram(url: string, environment: Record<string, string>) {
  const main = join(PROJECT_ROOT, "tools", "deploy", "main.ts");
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [main, "--readiness", url], { env });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await exited, out, error };
}

test("is true once the orders Worker has reported, and names every part and setting", async () => {
  const { sluice, report } = await start();
  const before = await readinessOf(sluice);
  expect(before).toMatchObject({ ready: false, ordersReportedAt: null });
  expect(before.failed).toEqual(["error orders_worker"]);

  await report();
  await makeSale(sluice, "ready");
  const { ready, failed, checks, said } = await readinessOf(sluice);
  expect({ ready, failed }).toEqual({ ready: true, failed: [] });
  expect(checks.map(({ name }) => name)).toEqual([
    "gate_secrets",
    "kv",
    "order_book",
    "queues",
    "breakers",
    "backend_limits",
    "beacon",
    "orders_worker",
    "checkout_page",
    "stripe_key",
    "key_modes",
    "stripe_webhook",
    "mail",
    "sales",
  ]);
  expect(said).toContain("Both keys are of test mode: only test cards work, and no money moves.");
  expect(said).toContain("Stripe accepts it.");
  expect(said).toContain("1 sale is ahead or running, and all that they ask for is set.");

  expectProblem(await sluice.ask("GET", "/_sluice/admin/v1/readiness"), 401, "unauthorized");
  expectProblem(await sluice.merchant("GET", "/readiness?deep=1"), 422, "invalid_request");

  await sluice.merchant("PUT", "/breakers/payment", { force: "open" });
  await makeSale(sluice, "turn", { checkout: { mail: { yourTurn: true } } });
  await makeSale(sluice, "own", { checkout: { page: "https://shop.example/pay" } });
  const held = await readinessOf(sluice);
  expect([held.ready, held.failed]).toEqual([true, ["warning breakers", "warning mail_links"]]);
  expect(held.said).toContain("payment is held open by the operator");

  const { gateUrl, adminToken } = sluice.host;
  const told = await runProgram(gateUrl, { ADMIN_TOKEN: adminToken });
  expect(told).toMatchObject({ code: 0, error: "" });
  expect(told.out).toContain("it can take money\n  warning breakers: Calls are held back");
  const stranger = await runProgram(gateUrl, { ADMIN_TOKEN: "x".repeat(32) });
  expect(stranger).toMatchObject({ code: 1, out: "" });
  expect(stranger.error).toContain("answers 401: ADMIN_TOKEN is not this gate's");
}, 120_000);

test("names each mistake with what to do, and no value of a secret", async () => {
  const secrets = { gate: "sk_live_PUBLISHED", orders: "sk_live_MISTAKEN" };
  const { sluice, report } = await start({
    variables: {
      gate: {
        STRIPE_PUBLISHABLE_KEY: secrets.gate,
        STRIPE_WEBHOOK_SECRET: "",
        BEACON_RELAYS: "http://127.0.0.1:1",
      },
      orders: {
        STRIPE_API_KEY: secrets.orders,
        ORDER_BACKEND: "http",
        MAIL_FROM: "nobody",
        BACKEND_SECRET: "whsec_WRONG",
      },
    },
  });
  await report();
  await makeSale(sluice, "unpaid");
  const [shoe] = [{ sku: "own-shoe", name: "A shoe", price: 100, stock: 1 }];
  await makeSale(sluice, "own", { items: [shoe], checkout: { page: "https://shop.example/pay" } });
  const { ready, failed, said } = await readinessOf(sluice);
  expect(ready).toBe(false);
  expect(failed).toEqual([
    "warning beacon",
    "error orders_settings",
    "error checkout_page",
    "error stripe_key",
    "warning stripe_webhook",
    "warning mail",
    "warning mail_links",
    "error sales",
  ]);
  expect(said).toContain("No relay in BEACON_RELAYS gives rounds of the beacon sluice-stand-in");
  expect(said).toContain("STRIPE_PUBLISHABLE_KEY holds a secret of Stripe");
  expect(said).toContain("Stripe refuses STRIPE_API_KEY: it was rolled, has expired");
  expect(said).toContain("BACKEND_SECRET must be whsec_ followed by base64");
  expect(said).toContain("MAIL_FROM must be an address");
  expect(said).toContain("unpaid: its items cannot be paid in the built-in checkout");
  expect(said).not.toContain("own:");
  expect(said).not.toMatch(/PUBLISHED|MISTAKEN|WRONG/);
}, 120_000);
