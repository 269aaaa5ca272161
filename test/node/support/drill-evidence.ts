/**
 * The evidence of a small drill without violations: three shoppers, two units, one sold. Tests of
 * the verdict change one thing in it.
 */
import { CohortDraw, commitmentTo, seedFrom } from "../../../simulation/drill/fairness.ts";
import type { TimedAudit } from "../../../simulation/drill/evidence.ts";
import type {
  LedgerRow,
  Manifest,
  OrderWithHistory,
} from "../../../simulation/crowd/gate-answers.ts";
import {
  newRecord,
  type ShopperRecord,
  type TicketSeen,
} from "../../../simulation/crowd/shopper-record.ts";

import { KEYS, revealedFairness, signedManifest } from "./draw-statements.ts";

export const SALE = "air-one";
export const SKU = "AIR-42";
export const SECRET = "5a".repeat(32);
const SEED = seedFrom(SECRET, SALE, "general", 0);
export const MANIFEST: Manifest = signedManifest({
  sale: SALE,
  lane: "general",
  k: 0,
  base: 0,
  counts: [3],
  seed: SEED,
});
export const DRAW = new CohortDraw(3, Buffer.from(SEED, "hex"));

/** Index 3 and above are places that do not exist in the cohort. */
export function ticketOf(index: number): TicketSeen {
  const claims = { aud: SALE, sub: `s${index}`, jti: `t${index}`, lane: "general" };
  const place = { cohort: 0, shard: 0, index };
  const payload = Buffer.from(JSON.stringify({ ...claims, ...place })).toString("base64url");
  return { token: `h.${payload}.s`, ranks: [index < 3 ? DRAW.shuffledIndex(index) : index] };
}

function shopperOf(index: number): ShopperRecord {
  return newRecord({
    number: index,
    name: `shopper-${index}`,
    email: `shopper-${index}@shoppers.example`,
    lines: [{ sku: SKU, quantity: 1 }],
    intent: "buy",
    card: "good",
    claimsEarly: false,
    clicksTwice: false,
    browse_ms: 0,
    checkout_ms: 0,
  });
}

type Balance = Omit<LedgerRow, "seq" | "kind" | "quantity">;
export const balance = (
  available: number,
  held: number,
  ordered: number,
  sold: number,
): Balance => {
  return { received: 2, available, held, ordered, sold, buffer: 0 };
};

/** Two units: one sold to shopper 0, one ordered by shopper 1 whose card is declined. */
function goodLedger(): LedgerRow[] {
  return [
    { seq: 1, kind: "receive", quantity: 2, ...balance(2, 0, 0, 0) },
    { seq: 2, kind: "hold", quantity: 1, ...balance(1, 1, 0, 0) },
    { seq: 3, kind: "order", quantity: 1, ...balance(1, 0, 1, 0) },
    { seq: 4, kind: "sell", quantity: 1, ...balance(1, 0, 0, 1) },
    { seq: 5, kind: "order_fresh", quantity: 1, ...balance(0, 0, 1, 1) },
    { seq: 6, kind: "return_available", quantity: 1, ...balance(1, 0, 0, 1) },
  ];
}

export function auditOf(counters: Balance, requestedAt_ms = 0, called = 3): TimedAudit {
  const line = { tickets: 3, called, claimed: 2, lapsed: 0, active: 0 };
  const ends = { spent: 1, left: 1, expired: 0 };
  const orders = { confirmed: 1, declined: 1 };
  return {
    sale: SALE,
    skus: [{ sku: SKU, ...counters }],
    orders,
    ...line,
    ...ends,
    requestedAt_ms,
  };
}

/** A second from each state to the next. */
export function historyOf(states: readonly string[], placedAt_ms = 0) {
  return states.map((state, second) => {
    return { state, at: new Date(placedAt_ms + second * 1000).toISOString() };
  });
}

export function orderOf(id: string, state: string): OrderWithHistory {
  const lines = [{ sku: SKU, quantity: 1, price: 12_900 }];
  const money = { total: 12_900, currency: "EUR", refunded: 0, refunds: [] };
  const history = historyOf(["placing", "accepted", state]);
  return { id, state, final: true, lines, ...money, history };
}

export function paymentOf(order: string, moved: { authorized: number; captured: number }) {
  const money = { amount: 12_900, currency: "EUR", voided: 0, refunded: 0 };
  return { id: `pi_${order}`, order, ...money, ...moved };
}

export const CAPTURED = { authorized: 12_900, captured: 12_900 };
const NOTHING = { authorized: 0, captured: 0 };

/** A drill without violations; every call returns a new one, which a test may change. */
export function goodDrill() {
  const shoppers = [0, 1, 2].map(shopperOf);
  const [buyer, declined, waiting] = shoppers;
  if (buyer === undefined || declined === undefined || waiting === undefined) throw new Error();
  for (const [index, shopper] of shoppers.entries()) shopper.tickets.push(ticketOf(index));
  for (const [index, shopper] of [buyer, declined].entries()) {
    const ticket = shopper.tickets[0] ?? ticketOf(index);
    shopper.admissions.push({ ticket, rank: ticket.ranks[0] ?? null, called: 3, at_ms: 5 });
    const id = `order-${index}`;
    const finalState = index === 0 ? "confirmed" : "declined";
    const statusUrl = `/orders/${id}`;
    shopper.orders.push({ key: `key-${index}`, ids: [id], statusUrl, finalState, total: 12_900 });
  }
  const refused = { status: 409, code: "not_called", at_ms: 5 };
  waiting.earlyClaims.push({ ticket: ticketOf(2), ...refused });
  const commitment = commitmentTo(SECRET);
  const ledger = goodLedger();
  const evidence = {
    sale: SALE,
    ownSale: true,
    shoppers,
    audits: [auditOf(balance(2, 0, 0, 0), 1, 0), auditOf(balance(1, 0, 0, 1), 9)],
    ledgers: new Map([[SKU, ledger]]),
    orders: [orderOf("order-0", "confirmed"), orderOf("order-1", "declined")],
    payments: {
      kind: "read" as const,
      payments: [paymentOf("order-0", CAPTURED), paymentOf("order-1", NOTHING)],
    },
    fairnessBefore: { commitment, secret: null },
    fairnessAfter: revealedFairness(SALE, SECRET),
    manifests: [MANIFEST],
    keys: KEYS,
    outage: null,
  };
  return { evidence, ledger, buyer, declined, waiting };
}
