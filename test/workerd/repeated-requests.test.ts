/**
 * A shopper behind a bad network: requests get through and their answers do not, everything is sent
 * again, and twice at once. Whatever the sequence, there is one place, one seat, one order a key,
 * and every unit is accounted for.
 */
import { createExecutionContext, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { Sale } from "../../src/domain/sale/sale.ts";
import gate from "../../src/gate.ts";
import { pass, startClock } from "./support/clock.ts";
import { instant, levelsOf, openSale, roomOf, saleDocument, settle } from "./support/shop.ts";
import { keyNamed } from "../node/support/keys.ts";

const STOCK = 5;
const LIMIT = 3;
const RUNS = 8;

beforeEach(() => {
  startClock();
  vi.spyOn(console, "warn").mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

const tokens = z.object({ ticket: z.string().optional(), admission: z.string().optional() });
const accepted = z.object({ order: z.object({ id: z.string() }), statusUrl: z.string() });

/** What a browser has: only what it was told. */
interface Browser {
  readonly key: string;
  readonly ticket?: string | undefined;
  readonly admission?: string | undefined;
}

type Command =
  | { readonly send: "join" | "claim" }
  | { readonly send: "cart"; readonly quantity: number }
  | { readonly send: "order"; readonly key: "one" | "two"; readonly quantity: number };

/** What becomes of a request and its answer. */
type Fate = "told" | "lost" | "twice at once";

async function ask(
  browser: Browser,
  method: string,
  path: string,
  more: { readonly body?: unknown; readonly key?: string } = {},
): Promise<Response> {
  const headers = new Headers();
  if (browser.ticket !== undefined) headers.set("Sluice-Ticket", browser.ticket);
  if (browser.admission !== undefined) headers.set("Sluice-Admission", browser.admission);
  if (more.key !== undefined) headers.set("Idempotency-Key", keyNamed(more.key));
  if (more.body !== undefined) headers.set("Content-Type", "application/json");
  const body = more.body === undefined ? null : JSON.stringify(more.body);
  const request = new Request(`https://shop.example/_sluice/v1${path}`, { method, headers, body });
  return gate.fetch(request, env, createExecutionContext());
}

function send(sale: Sale, browser: Browser, command: Command): Promise<Response> {
  const [sku = ""] = sale.items.map((item) => item.sku);
  switch (command.send) {
    case "join":
      return ask(browser, "POST", `/sales/${sale.id}/tickets`, { key: browser.key });
    case "claim":
      return ask(browser, "POST", `/sales/${sale.id}/admissions`);
    case "cart": {
      const lines = command.quantity === 0 ? [] : [{ sku, quantity: command.quantity }];
      return ask(browser, "PUT", `/sales/${sale.id}/cart`, { body: { lines } });
    }
    case "order": {
      const lines = [{ sku, quantity: command.quantity }];
      const buyer = { email: "ann@shoppers.example" };
      const body = { sale: sale.id, lines, buyer, payment: { method: "pm_card_visa" } };
      return ask(browser, "POST", "/orders", { body, key: command.key });
    }
  }
}

/** One shopper's session against one sale, and what it led to. */
class Session {
  #browser: Browser;
  readonly #sale: Sale;
  /** What each key was answered with, 202 and its order. */
  readonly orders = new Map<string, Set<string>>();
  readonly statuses = new Set<number>();
  readonly tickets = new Set<string>();
  readonly admissions = new Set<string>();

  constructor(sale: Sale, key: string) {
    this.#sale = sale;
    this.#browser = { key };
  }

  async act(command: Command, fate: Fate): Promise<void> {
    pass(50);
    const times = fate === "twice at once" ? 2 : 1;
    const answers = await Promise.all(
      Array.from({ length: times }, () => send(this.#sale, this.#browser, command)),
    );
    for (const answer of answers) {
      this.statuses.add(answer.status);
      const body = await answer.json();
      const told = tokens.parse(body);
      if (told.ticket !== undefined) this.tickets.add(told.ticket);
      if (told.admission !== undefined) this.admissions.add(told.admission);
      if (command.send === "order" && answer.status === 202) {
        const { id } = accepted.parse(body).order;
        const key = `${command.key} of ${command.quantity}`;
        this.orders.set(key, (this.orders.get(key) ?? new Set()).add(id));
      }
      if (fate !== "lost") {
        const { ticket = this.#browser.ticket, admission = this.#browser.admission } = told;
        this.#browser = { ...this.#browser, ticket, admission };
      }
    }
  }
}

async function tick(sale: Sale): Promise<void> {
  pass(1000);
  await runDurableObjectAlarm(roomOf(sale.id));
}

let skus = 0;

/** @param others who have joined before, and never come */
async function saleWith(others: number): Promise<Sale> {
  skus += 1;
  const items = [{ sku: `AGAIN-${skus}`, stock: STOCK, limitPerBuyer: LIMIT }];
  const later = others === 0 ? {} : { startsAt: instant(Date.now() + 3_600_000) };
  const change = { ...later, expectedShoppers: 100 };
  const sale = await openSale(saleDocument(items, change, { overcall: 1000 }));
  for (let other = 0; other < others; other += 1) {
    await ask({ key: "" }, "POST", `/sales/${sale.id}/tickets`);
  }
  return sale;
}

async function seatsOf(sale: Sale) {
  const metrics = await roomOf(sale.id).metrics();
  if (metrics.kind !== "metrics") throw new Error(metrics.kind);
  return metrics;
}

const quantity = fc.integer({ min: 1, max: LIMIT });
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ send: fc.constantFrom("join" as const, "claim" as const) }),
  fc.record({ send: fc.constant("cart" as const), quantity: fc.integer({ min: 0, max: LIMIT }) }),
  fc.record({
    send: fc.constant("order" as const),
    key: fc.constantFrom("one" as const, "two" as const),
    quantity,
  }),
);
const fate = fc.constantFrom<Fate>("told", "lost", "twice at once");
const step = fc.tuple(command, fate);
/** Whoever does everything right in the end, after whatever came before. */
const START: readonly (readonly [Command, Fate])[] = [
  [{ send: "join" }, "lost"],
  [{ send: "join" }, "twice at once"],
];

async function play(
  others: number,
  before: readonly (readonly [Command, Fate])[],
  inside: readonly (readonly [Command, Fate])[],
): Promise<Session> {
  const sale = await saleWith(others);
  const session = new Session(sale, `key-${skus}`);
  for (const [told, what] of [...before, ...START]) await session.act(told, what);
  if (others > 0) {
    await roomOf(sale.id).act("start");
    for (let second = 0; second < 4; second += 1) await tick(sale);
    await session.act({ send: "claim" }, "lost");
    await session.act({ send: "claim" }, "told");
  }
  for (const [told, what] of inside) await session.act(told, what);

  expect([...session.statuses].filter((status) => status >= 500)).toEqual([]);
  const { tickets, seats } = await seatsOf(sale);
  expect(tickets).toBe(others === 0 ? 0 : others + 1);
  expect(seats.claimed).toBe(1);
  const ids = [...session.orders.values()].flatMap((answers) => [...answers]);
  for (const answers of session.orders.values()) expect(answers.size).toBe(1);
  // One admission has one order on its way, so of two keys one was refused.
  expect(new Set(ids).size).toBeLessThanOrEqual(1);
  const [bought] = [...session.orders.keys()].map((key) => Number(key.split(" of ")[1]));
  for (const id of new Set(ids)) expect(await settle(id)).toBe("confirmed");
  const { sku } = sale.items[0] ?? { sku: "" };
  const { available, held, ordered, sold } = await levelsOf(sku);
  expect([ordered, sold]).toEqual([0, bought ?? 0]);
  expect(available + held + sold).toBe(STOCK);
  return session;
}

describe("however requests are lost, repeated and doubled", () => {
  const steps = (length: number) => fc.array(step, { maxLength: length });
  const beforeStart = fc.array(fc.tuple(fc.constant<Command>({ send: "join" }), fate), {
    maxLength: 4,
  });

  test("somebody who stands in line has one place, one seat, one order a key, and no unit is lost", async () => {
    await fc.assert(
      fc.asyncProperty(beforeStart, steps(10), async (before, inside) => {
        const { tickets, admissions } = await play(3, before, inside);
        expect([tickets.size, admissions.size]).toEqual([1, 1]);
      }),
      { numRuns: RUNS },
    );
  }, 60_000);

  test("somebody who is let in at once has one seat, one order a key, and no unit is lost", async () => {
    await fc.assert(
      fc.asyncProperty(beforeStart, steps(10), async (before, inside) => {
        const { tickets, admissions } = await play(0, before, inside);
        expect([tickets.size, admissions.size]).toEqual([0, 1]);
      }),
      { numRuns: RUNS },
    );
  }, 60_000);
});

test("a booth that was evicted has forgotten the key: it gives another place, which is good", async () => {
  const sale = await saleWith(1);
  const session = new Session(sale, "forgotten");
  await session.act({ send: "join" }, "lost");
  const { booths } = (await roomOf(sale.id).snapshot()) ?? { booths: 0 };
  for (let shard = 0; shard < booths; shard += 1) {
    const name = `${sale.id}/general/${shard}`;
    const booth = env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(name));
    await booth.close(1, false);
    await evictDurableObject(booth);
  }
  await session.act({ send: "join" }, "told");
  expect(session.tickets.size).toBe(2);
  await roomOf(sale.id).act("start");
  for (let second = 0; second < 4; second += 1) await tick(sale);
  await session.act({ send: "claim" }, "told");
  expect(session.admissions.size).toBe(1);
});

test("a key whose turn is over is no dead end: its sender gets a place of their own", async () => {
  const sale = await saleWith(0);
  const first = new Session(sale, "used");
  await first.act({ send: "join" }, "told");
  const [admission = ""] = first.admissions;
  const left = await ask(
    { key: "used", admission },
    "DELETE",
    `/sales/${sale.id}/admissions/current`,
  );
  expect(left.status).toBe(204);
  const again = new Session(sale, "used");
  await again.act({ send: "join" }, "told");
  expect(again.admissions.size).toBe(1);
  expect(again.admissions).not.toEqual(first.admissions);
});
