/**
 * The sales a bench is about: one with a line that hardly moves, for tickets and polls, and shops
 * with an open door, for admissions, holds and orders.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { GateClient } from "../simulation/gate-client.ts";
import { CannotGoOnError, failed, insist } from "../simulation/insist.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const READY_WITHIN_MS = 30_000;
const READY_POLL_MS = 100;

export interface Line {
  readonly sale: string;
  readonly tickets: readonly string[];
}

export interface Shop {
  readonly sale: string;
  readonly sku: string;
}

function documentOf(id: string, startsIn_ms: number, stock: number, admission: object) {
  const now = Date.now();
  const at = (offset_ms: number): string => new Date(now + offset_ms).toISOString();
  const item = { sku: `${id}-unit`, name: "A unit", price: 12_900, stock, limitPerBuyer: 1 };
  return {
    id,
    title: "A bench",
    currency: "EUR",
    opensAt: at(-60_000),
    startsAt: at(startsIn_ms),
    endsAt: at(DAY_MS),
    items: [item],
    admission,
    // Few enough that the lane has one booth: joins are compared with calls of one object.
    expectedShoppers: 5000,
  };
}

async function make(gate: GateClient, document: { readonly id: string }): Promise<void> {
  const made = await insist(() => gate.merchant.putSale(document.id, document));
  if (made.kind !== "answered") throw failed(`making sale ${document.id}`, made);
}

async function until(what: string, ready: () => Promise<boolean>): Promise<void> {
  const givenUpAt_ms = Date.now() + READY_WITHIN_MS;
  while (!(await ready())) {
    if (Date.now() > givenUpAt_ms) throw new CannotGoOnError(`${what}: not within half a minute`);
    await delay(READY_POLL_MS);
  }
}

async function takeTicket(gate: GateClient, sale: string): Promise<string> {
  const joined = await insist(() => gate.shopper.join(sale, {}));
  if (joined.kind !== "answered") throw failed("joining", joined);
  if (!("ticket" in joined.body)) throw new CannotGoOnError("joining a line gave no ticket");
  return joined.body.ticket;
}

/** A line of shoppers whose places are drawn; one of them is called, nobody ever comes in. */
export async function makeLine(gate: GateClient, id: string, shoppers: number): Promise<Line> {
  const oneSeat = { maxActive: 1, ratePerMinute: 1, claimWindowSeconds: 3600 };
  await make(gate, documentOf(id, DAY_MS / 2, 1000, oneSeat));
  const tickets: string[] = [];
  for (let taken = 0; taken < shoppers; taken += 1) tickets.push(await takeTicket(gate, id));
  const started = await insist(() => gate.merchant.act(id, "start"));
  if (started.kind !== "answered") throw failed("starting the sale", started);
  await until("drawing the line", async () => {
    const standing = await gate.shopper.standing(id, { ticket: tickets.at(-1) });
    return standing.kind === "answered" && standing.body.rank !== null;
  });
  return { sale: id, tickets };
}

/** A sale in which nobody has to wait, with more units than a bench can order. */
export async function openShop(gate: GateClient, id: string): Promise<Shop> {
  const openDoor = {
    maxActive: 1_000_000,
    ratePerMinute: 1_000_000,
    sessionSeconds: 86_400,
    holdSeconds: 86_400,
  };
  const document = documentOf(id, -1000, 1_000_000, openDoor);
  await make(gate, document);
  await until("opening the door", async () => {
    const joined = await gate.shopper.join(id, {});
    return joined.kind === "answered" && "admission" in joined.body;
  });
  return { sale: id, sku: `${id}-unit` };
}
