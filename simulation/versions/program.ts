/**
 * The run: this version and another one in turn on one state, with shoppers in each, orders in the
 * middle of their saga at each change, and a reading of everything after it.
 */
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { checkOut, refBefore, type Running, startVersion } from "./checkout.ts";
import type { VersionsOptions } from "./options.ts";
import * as sales from "./sale.ts";

const READY_MAX_MS = 120_000;
const VISIT_MAX_MS = 20_000;
const SETTLED_MAX_MS = 120_000;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function until(condition: () => Promise<boolean>, limit_ms: number): Promise<boolean> {
  const end_ms = Date.now() + limit_ms;
  while (Date.now() < end_ms) {
    if (await condition()) return true;
    await sleep(500);
  }
  return false;
}

interface Run {
  readonly place: sales.Place;
  readonly kept: sales.Kept[];
  readonly failures: string[];
  visits: number;
}

const orderSchema = z.looseObject({ state: z.string() });

/** A receipt is there once its order is confirmed. */
function isRead({ what }: sales.Kept, { status }: sales.Answer): boolean {
  return status === 200 || (what === "receipt" && (status === 404 || status === 409));
}

/** Reads everything; what cannot be read is a failure. Answers the states of orders. */
async function readAll(run: Run, when: string): Promise<Record<string, number>> {
  const states: Record<string, number> = {};
  const sale = `${run.place.gate}/_sluice/v1/sales/${sales.SALE}`;
  const found = await sales.call("GET", sale);
  if (found.status !== 200) run.failures.push(`${when}: the sale ${JSON.stringify(found)}`);
  for (const kept of run.kept) {
    const answer = await sales.call("GET", kept.url, { headers: kept.headers });
    if (!isRead(kept, answer)) {
      const body = JSON.stringify(answer.body).slice(0, 200);
      run.failures.push(`${when}: ${kept.what} ${answer.status} ${body}`);
    }
    const read = kept.what === "order" ? orderSchema.safeParse(answer.body).data : undefined;
    if (read !== undefined) states[read.state] = (states[read.state] ?? 0) + 1;
  }
  return states;
}

async function ready({ place }: Run, running: Running): Promise<boolean> {
  return until(async () => {
    if (running.ended() !== null) throw new Error("it ended before it was ready");
    const { status } = await sales.call("GET", `${place.gate}/_sluice/health`);
    const { status: provider } = await sales.call("GET", `${place.sandbox}/sandbox/ledger`);
    return status === 200 && provider === 200;
  }, READY_MAX_MS);
}

/** Shoppers of one version; the later half under faults, so that their orders stay open. */
async function sendShoppers(run: Run, when: string, count: number): Promise<void> {
  for (let nth = 0; nth < count; nth += 1) {
    if (nth === Math.floor(count / 2)) await sales.setFaults(run.place, true);
    const number = run.visits;
    run.visits += 1;
    const end_ms = Date.now() + VISIT_MAX_MS;
    let visit = await sales.visit(run.place, number);
    while (visit.kind === "refused" && Date.now() < end_ms) {
      await sleep(500);
      visit = await sales.visit(run.place, number);
    }
    if (visit.kind === "bought") run.kept.push(...visit.kept);
    else run.failures.push(`${when}: nothing could be bought: ${JSON.stringify(visit.answer)}`);
  }
}

const FINAL: ReadonlySet<string> = new Set(["confirmed", "declined", "failed", "cancelled"]);

const auditSchema = z.looseObject({
  skus: z.array(
    z.looseObject({
      agrees: z.boolean(),
      received: z.int(),
      available: z.int(),
      held: z.int(),
      ordered: z.int(),
      sold: z.int(),
      buffer: z.int(),
    }),
  ),
  orders: z.record(z.string(), z.int()),
});

/** Every order final, every unit accounted for, and as many sold as orders are confirmed. */
async function judge(run: Run): Promise<void> {
  let states: Record<string, number> = {};
  const orders = run.kept.filter(({ what }) => what === "order").length;
  const isSettled = await until(async () => {
    states = await readAll(run, "at the end");
    const ended = Object.entries(states).filter(([state]) => FINAL.has(state));
    return ended.reduce((sum, [, count]) => sum + count, 0) === orders;
  }, SETTLED_MAX_MS);
  if (!isSettled) run.failures.push(`at the end: orders ${JSON.stringify(states)}`);
  say(`At the end: orders ${JSON.stringify(states)}`);
  const audit = await sales.asMerchant(run.place, "GET", `/sales/${sales.SALE}/audit`);
  const read = auditSchema.safeParse(audit.body);
  if (!read.success) return void run.failures.push(`the audit: ${JSON.stringify(audit)}`);
  const [sku] = read.data.skus;
  if (sku === undefined) return void run.failures.push("the audit names no SKU");
  const { received, available, held, ordered, sold, buffer, agrees } = sku;
  const isWhole = available + held + ordered + sold + buffer === received;
  if (!agrees || !isWhole || received !== sales.STOCK) {
    run.failures.push(`the audit: units ${JSON.stringify(sku)}`);
  }
  if (sold !== (states["confirmed"] ?? 0)) {
    run.failures.push(`${sold} units sold, ${states["confirmed"] ?? 0} orders confirmed`);
  }
}

interface Leg {
  readonly name: string;
  readonly folder: string;
}

async function runLeg(run: Run, leg: Leg, nth: number, shoppers: number, scratch: string) {
  const when = `${nth + 1} ${leg.name}`;
  const { place } = run;
  const log = join(scratch, `${nth + 1}.log`);
  const port = Number(new URL(place.gate).port);
  const { adminToken } = place;
  const state = join(scratch, "state");
  const running = startVersion({ folder: leg.folder, state, log, port, adminToken });
  try {
    if (!(await ready(run, running))) throw new Error("it was not ready in time");
    if (nth === 0) {
      const created = await sales.createSale(place);
      if (created.status >= 300) throw new Error(`no sale: ${JSON.stringify(created)}`);
    }
    say(`${when}: found ${JSON.stringify(await readAll(run, when))}`);
    await sales.setFaults(place, false);
    await sendShoppers(run, when, shoppers);
    say(`${when}: left ${JSON.stringify(await readAll(run, when))}`);
    if (nth === 3) {
      await sales.setFaults(place, false);
      await judge(run);
    }
  } catch (error) {
    const last = readFileSync(log, "utf8").split("\n").slice(-12).join("\n");
    run.failures.push(`${when}: ${String(error)}\n${last}`);
  } finally {
    await running.stop();
  }
}

export async function runVersions({ ref, port, shoppers }: VersionsOptions): Promise<number> {
  const other = ref ?? refBefore();
  const scratch = mkdtempSync(join(tmpdir(), "sluice-versions-"));
  mkdirSync(join(scratch, "state"));
  const place: sales.Place = {
    gate: `http://127.0.0.1:${port}`,
    sandbox: `http://127.0.0.1:${port + 1}`,
    adminToken: randomUUID() + randomUUID(),
  };
  const run: Run = { place, kept: [], failures: [], visits: 0 };
  try {
    const before: Leg = { name: other, folder: checkOut(other, scratch) };
    const here: Leg = { name: "this version", folder: PROJECT_ROOT };
    for (const [nth, leg] of [before, here, before, here].entries()) {
      await runLeg(run, leg, nth, shoppers, scratch);
      if (run.failures.length > 0) break;
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  for (const failure of run.failures) say(`FAILED ${failure}`);
  const verdict =
    run.failures.length === 0 ? "everything was read, and the promises hold" : "broken";
  say(`${run.kept.length} things stored, ${run.visits} shoppers: ${verdict}`);
  return run.failures.length === 0 ? 0 : 1;
}
