/**
 * The Sluice under test: new, with its state in a folder of its own, a sale in each phase and
 * shoppers at each stage, so that every table has rows that an input could change.
 *
 * Guarantee: once it is set up its stored data does not change by itself, except for what
 * `state.ts` names: all seats are taken, holds and admissions outlast the run, and no order is in
 * progress.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import type { GateSecrets } from "../../scripts/secret-set.ts";
import { type Contract, loadContract } from "../host/contract.ts";
import { type Host, type LogEntry, startHost } from "../host/host.ts";
import { loadLocalSecrets } from "../host/local-secrets.ts";
import { CHECKOUT, CODE, LINE, ORDER } from "./checkout.ts";
import { EXAMPLE_BODIES, UNSCHEMED_ROUTES } from "./example-bodies.ts";
import { type GuardedOrigin, startGuardedOrigin } from "./guarded-origin.ts";
import { hiddenTexts } from "./hidden.ts";
import {
  BYPASS,
  FUZZ_SALES,
  GUARDED_FOLDERS,
  GUARDED_HOST,
  GUARDED_PAGE,
  IDEMPOTENCY_KEY,
  skuOf,
  WIDE_ITEMS,
  wideSku,
} from "./names.ts";
import { ALTCHA, type Proofs, settleProofs, TURNSTILE } from "./proofs.ts";
import { type RealServers, startRealServers } from "./real-servers.ts";
import { openApiSchema, routesOf, type Route } from "./routes.ts";
import { type Ask, asker, joinedSchema, SEATS, takeFreedSeat, until } from "./setting-up.ts";
import { differences, readState, type State } from "./state.ts";

export interface Ground {
  readonly url: string;
  readonly adminToken: string;
  readonly secrets: GateSecrets;
  readonly routes: readonly Route[];
  /** The status of each problem code. */
  readonly problems: ReadonlyMap<string, number>;
  readonly contract: Contract;
  /** Valid tokens of shoppers. */
  readonly tokens: {
    /** A ticket of the sale that has not started. */
    readonly prequeued: string;
    /** A ticket of a shopper who waits in the live sale. */
    readonly queued: string;
    /** An admission to the live sale, with a filled cart. */
    readonly admission: string;
    /** An admission that was used for an order. */
    readonly spent: string;
    /** An admission to the sale with many items. */
    readonly wide: string;
  };
  readonly proofs: Proofs;
  readonly order: { readonly id: string; readonly viewKey: string };
  readonly endpoint: string;
  /** The shop behind the gate. */
  readonly origin: GuardedOrigin;
  /** On which what reaches the shop is tried. */
  readonly servers: RealServers;
  /** Log entries of all Workers since the list was last emptied. */
  readonly logs: LogEntry[];
  /** Texts that no answer and no log may contain, by their names. */
  readonly hidden: ReadonlyMap<string, string>;
  readonly state: () => State;
  readonly stop: () => Promise<void>;
}

interface GroundOptions {
  /** Another entry file for the gate, with deliberate faults. */
  readonly gateEntry?: string;
}

const COUNTING_GATE = join(PROJECT_ROOT, "simulation", "fuzz", "counting-worker.ts");
const HOUR_MS = 3_600_000;
/** Within this time a booth stores its mark, a room ticks, and queues deliver. */
export const SETTLE_MS = 3500;
const DEAD_LETTER = "fuzz-dead-letter";

export async function makeGround(options: GroundOptions = {}): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-fuzz-"));
  const logs: LogEntry[] = [];
  const servers = await startRealServers();
  const origin = await startGuardedOrigin(servers);
  const host = await startHost({
    folder,
    variables: { gate: { ORIGIN: origin.url, PUBLIC_ORIGINS: "https://fuzz-shop.example" } },
    port: 0,
    sandboxPort: 0,
    onLog: (entry) => {
      logs.push(entry);
    },
    gateEntry: options.gateEntry ?? COUNTING_GATE,
  });
  const stop = async (): Promise<void> => {
    await host.stop();
    await origin.stop();
    await servers.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const secrets = loadLocalSecrets(join(folder, "secrets.json"));
    const settled = await settle(host, secrets);
    origin.trust([settled.tokens.admission, settled.tokens.spent]);
    const state = (): State => readState(join(folder, "state"));
    await untilGuarded(host.gateUrl);
    await untilQuiet(state, () => readDraws(asker(host.gateUrl)));
    const hidden = hiddenTexts(secrets, host.adminToken, state());
    logs.length = 0;
    const { gateUrl: url, adminToken } = host;
    const contract = await loadContract();
    const known = { url, adminToken, secrets, ...settled, contract, origin, servers };
    return { ...known, logs, hidden, state, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

const acceptedSchema = z.object({ statusUrl: z.string(), order: z.object({ id: z.string() }) });
const orderSchema = z.object({ state: z.string(), final: z.boolean() });
const endpointSchema = z.object({ id: z.string() });
const problemsSchema = z.record(z.string(), z.object({ status: z.int() }));

async function settle(host: Host, secrets: GateSecrets) {
  const ask = asker(host.gateUrl);
  const admin = { authorization: `Bearer ${host.adminToken}` };
  await makeSales(ask, admin);
  const join = async (sale: string) => {
    return joinedSchema.parse(await ask("POST", `/v1/sales/${sale}/tickets`, { body: {} }));
  };
  const admissions: string[] = [];
  while (admissions.length < SEATS) {
    admissions.push((await join(FUZZ_SALES.live)).admission ?? "");
  }
  const [admission = "", spent = ""] = admissions;
  const tickets = [];
  for (let index = 0; index < SEATS; index += 1) {
    tickets.push((await join(FUZZ_SALES.live)).ticket ?? "");
  }
  const prequeued = (await join(FUZZ_SALES.prequeue)).ticket ?? "";
  await ask("PUT", `/v1/sales/${FUZZ_SALES.prequeue}/reminders/current`, {
    headers: { "sluice-ticket": prequeued },
    body: { email: "ben@shoppers.example" },
  });
  await join(FUZZ_SALES.prequeue);
  const headers = { "sluice-admission": admission };
  await ask("PUT", `/v1/sales/${FUZZ_SALES.live}/cart`, { headers, body: { lines: [LINE] } });
  const order = await buy(ask, spent);
  const { admission: wide = "" } = await join(FUZZ_SALES.wide);
  const queued = await takeFreedSeat(ask, FUZZ_SALES.live, tickets);
  const proofs = await settleProofs(ask, secrets.PROOF_KEYS);
  const body = { url: "http://127.0.0.1:9/hook", types: ["order.in_doubt"], enabled: false };
  const made = await ask("POST", "/admin/v1/webhook-endpoints", { headers: admin, body });
  await parkDeadLetter(host);
  const openApi = openApiSchema.parse(await ask("GET", "/openapi.json"));
  const problems = problemsSchema.parse(await ask("GET", "/problems"));
  return {
    routes: withExamples(routesOf(openApi)),
    problems: new Map(Object.entries(problems).map(([code, { status }]) => [code, status])),
    tokens: { prequeued, queued, admission, spent, wide },
    proofs,
    order,
    endpoint: endpointSchema.parse(made).id,
  };
}

/** Throws for a route without an example, because it would silently not be fuzzed. */
function withExamples(routes: readonly Route[]): readonly Route[] {
  const bare = routes.filter(({ name, body }) => {
    return body !== null && EXAMPLE_BODIES[name] === undefined && !UNSCHEMED_ROUTES.has(name);
  });
  if (bare.length === 0) return routes;
  const names = bare.map(({ name }) => name).join(", ");
  throw new Error(`example-bodies.ts has no example for ${names}`);
}

const SALES = ["live", "prequeue", "later", "over", "proven", "checked", "wide"] as const;

async function makeSales(ask: Ask, headers: Readonly<Record<string, string>>): Promise<void> {
  const at = (delta_h: number) => new Date(Date.now() + delta_h * HOUR_MS).toISOString();
  const opens = { live: -2, prequeue: -1, later: 20, over: -3, proven: -2, checked: -1, wide: -2 };
  const starts = { live: -1, prequeue: 20, later: 21, over: -2, proven: -1, checked: 20, wide: -1 };
  for (const sale of SALES) {
    const id = FUZZ_SALES[sale];
    const body = {
      id,
      title: `The sale ${id}`,
      currency: "EUR",
      opensAt: at(opens[sale]),
      startsAt: at(starts[sale]),
      endsAt: at(23),
      guards: guardsOf(sale),
      bypass: { tokens: [{ id: "fuzz", sha256: BYPASS.sha256 }] },
      items: itemsOf(sale),
      admission: {
        ratePerMinute: 1_000_000,
        maxActive: SEATS,
        sessionSeconds: 86_400,
        claimWindowSeconds: 3600,
        holdSeconds: 86_400,
        overcall: 1000,
      },
      lanes: [{ id: "members" }],
      // The secret of the sale that is over is revealed before the run, and does not change in it.
      fairness: { revealAfterSeconds: sale === "over" ? 0 : 86_400 },
      ...(sale === "live" ? { checkout: CHECKOUT } : {}),
      ...(sale === "prequeue" ? { checkout: { mail: { yourTurn: true } } } : {}),
      expectedShoppers: 100,
      ...(sale === "proven" ? { protection: ALTCHA } : {}),
      ...(sale === "checked" ? { protection: TURNSTILE, replay: { handling: "refuse" } } : {}),
    };
    await ask("PUT", `/admin/v1/sales/${id}`, { headers, body });
  }
  const codes = `/admin/v1/sales/${FUZZ_SALES.live}/discount-codes`;
  await ask("POST", codes, { headers, body: CODE });
  const path = `/admin/v1/sales/${FUZZ_SALES.over}/actions`;
  await ask("POST", path, { headers, body: { action: "end" } });
}

function itemsOf(sale: (typeof SALES)[number]) {
  const count = sale === "wide" ? WIDE_ITEMS : 1;
  return Array.from({ length: count }, (_, at) => {
    const sku = sale === "wide" ? wideSku(at) : skuOf(FUZZ_SALES[sale]);
    return { sku, name: "A shoe", price: 12_900, stock: 50, limitPerBuyer: 2 };
  });
}

function guardsOf(sale: (typeof SALES)[number]) {
  if (sale === "over" || sale === "wide") return [];
  const folder = { host: "*", path: `${GUARDED_FOLDERS[sale]}/*` };
  if (sale !== "live") return [folder];
  const { host, folder: only } = GUARDED_HOST;
  return [folder, { host: "*", path: GUARDED_PAGE }, { host, path: `${only}/*` }];
}

/** Places one order and waits until it is final. */
async function buy(ask: Ask, admission: string) {
  const headers = { "sluice-admission": admission, "idempotency-key": IDEMPOTENCY_KEY };
  const placed = await ask("POST", "/v1/orders", { headers, body: ORDER });
  const accepted = acceptedSchema.parse(placed);
  const viewKey = new URL(accepted.statusUrl).searchParams.get("key") ?? "";
  const { id } = accepted.order;
  await until(async () => {
    return orderSchema.parse(await ask("GET", `/v1/orders/${id}?key=${viewKey}`)).final;
  }, "the order is final");
  return { id, viewKey };
}

async function parkDeadLetter(host: Host): Promise<void> {
  const orderBook = await host.miniflare.getD1Database("ORDER_BOOK", "sluice-gate");
  await orderBook
    .prepare("INSERT INTO dead_letters VALUES (?, 'sluice-orders', '{}', 'fuzz', 3, ?, NULL)")
    .bind(DEAD_LETTER, Date.now())
    .run();
}

/** Waits until the gate's isolate knows every room; a first request may find one starting. */
async function untilGuarded(url: string): Promise<void> {
  for (const folder of Object.values(GUARDED_FOLDERS)) {
    const isGuarded = async (): Promise<boolean> =>
      (await fetch(`${url}${folder}/shoe`)).status === 429;
    await until(isGuarded, `${folder} is guarded`);
  }
}

/** Reads what the rooms of the sales sign when somebody first asks, and then store. */
async function readDraws(ask: Ask): Promise<void> {
  for (const id of Object.values(FUZZ_SALES)) {
    await ask("GET", `/v1/sales/${id}/fairness`);
    let found: unknown = true;
    for (let k = 0; found !== null; k += 1) {
      found = await ask("GET", `/v1/sales/${id}/cohorts/general/${k}`).catch(() => null);
    }
  }
}

/** Waits until stored data no longer changes by itself, because inputs would be blamed for it. */
async function untilQuiet(state: () => State, read: () => Promise<void>): Promise<void> {
  let last = state();
  let changes: readonly string[] = [];
  const isQuiet = async (): Promise<boolean> => {
    await delay(SETTLE_MS);
    await read();
    const now = state();
    changes = differences(last, now);
    last = now;
    return changes.length === 0;
  };
  await until(isQuiet, "stored data no longer changes").catch((cause: unknown) => {
    throw new Error(`stored data keeps changing: ${changes.join("; ")}`, { cause });
  });
}
