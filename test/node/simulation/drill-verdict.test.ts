/**
 * The drill's verdict can fail: each promise is broken here in every way that the drill checks, and
 * the verdict must report exactly that promise.
 */
import { describe, expect, test } from "vitest";
import type { Evidence, PromiseId } from "../../../simulation/drill/evidence.ts";
import { commitmentTo, seedFrom } from "../../../simulation/drill/fairness.ts";
import { anyBroken, judge } from "../../../simulation/drill/verdict.ts";
import {
  auditOf,
  balance,
  CAPTURED,
  DRAW,
  goodDrill,
  historyOf,
  MANIFEST,
  orderOf,
  paymentOf,
  SALE,
  SECRET,
  SKU,
  ticketOf,
} from "../support/drill-evidence.ts";
import { revealedFairness, signedManifest } from "../support/draw-statements.ts";

function brokenPromises(evidence: Evidence): PromiseId[] {
  const findings = judge(evidence);
  const broken = findings.filter((finding) => finding.result.kind === "broken");
  expect(anyBroken(findings)).toBe(broken.length > 0);
  return broken.map((finding) => finding.promise);
}

test("a drill without a violation keeps all five promises", () => {
  const findings = judge(goodDrill().evidence);
  expect(findings.map(({ promise, result }) => [promise, result.kind])).toEqual([
    ["P1", "kept"],
    ["P2", "kept"],
    ["P3", "kept"],
    ["P7", "kept"],
    ["P8", "kept"],
  ]);
});

describe("never oversold (P1) is broken when", () => {
  test("an audit in the middle does not add up", () => {
    const { evidence } = goodDrill();
    const audits = [auditOf({ ...balance(2, 0, 0, 0), sold: 1 }), ...evidence.audits];
    expect(brokenPromises({ ...evidence, audits })).toEqual(["P1"]);
  });

  test("a counter is negative although the sum is right", () => {
    const { evidence } = goodDrill();
    const audits = [auditOf({ ...balance(-1, 0, 0, 3) }), ...evidence.audits];
    expect(brokenPromises({ ...evidence, audits })).toEqual(["P1"]);
  });

  test("a ledger row does not follow from the one before", () => {
    const { evidence, ledger } = goodDrill();
    const rows = ledger.map((row) => (row.seq === 2 ? { ...row, quantity: 2 } : row));
    expect(brokenPromises({ ...evidence, ledgers: new Map([[SKU, rows]]) })).toEqual(["P1"]);
  });

  test("a ledger row is missing", () => {
    const { evidence, ledger } = goodDrill();
    const rows = ledger.filter((row) => row.seq !== 5 && row.seq !== 6);
    const gap = [...rows, { seq: 7, kind: "adjust", quantity: 0, ...balance(1, 0, 0, 1) }];
    expect(brokenPromises({ ...evidence, ledgers: new Map([[SKU, gap]]) })).toEqual(["P1"]);
  });

  test("a ledger row has an unknown kind", () => {
    const { evidence, ledger } = goodDrill();
    const rows = [...ledger, { seq: 7, kind: "vanish", quantity: 0, ...balance(1, 0, 0, 1) }];
    expect(brokenPromises({ ...evidence, ledgers: new Map([[SKU, rows]]) })).toEqual(["P1"]);
  });

  test("an audit shows a balance that the ledger never had", () => {
    const { evidence } = goodDrill();
    const audits = [...evidence.audits, auditOf(balance(0, 0, 0, 2))];
    expect(brokenPromises({ ...evidence, audits })).toEqual(["P1"]);
  });

  test("a unit was sold without a confirmed order", () => {
    const { evidence } = goodDrill();
    const orders = [orderOf("order-0", "failed"), orderOf("order-1", "declined")];
    expect(brokenPromises({ ...evidence, orders })).toContain("P1");
  });

  test("there are no audits and no ledger rows", () => {
    const { evidence } = goodDrill();
    expect(brokenPromises({ ...evidence, audits: [], ledgers: new Map() })).toEqual(["P1"]);
  });
});

describe("no order lost (P2) is broken when", () => {
  test("an accepted order is not in the order book", () => {
    const { evidence, declined } = goodDrill();
    declined.orders.push({
      key: "key-2",
      ids: ["order-2"],
      statusUrl: "/orders/order-2",
      finalState: null,
      total: null,
    });
    expect(brokenPromises(evidence)).toEqual(["P2"]);
  });

  test("an order has not ended", () => {
    const { evidence } = goodDrill();
    const open = { ...orderOf("order-3", "in_doubt"), final: false };
    const orders = [...evidence.orders, open];
    expect(brokenPromises({ ...evidence, orders })).toEqual(["P2"]);
  });

  test("an order ended twice", () => {
    const { evidence } = goodDrill();
    const history = historyOf(["accepted", "declined", "confirmed"]);
    const [first, ...rest] = evidence.orders;
    if (first === undefined) throw new Error("the good drill has orders");
    const orders = [{ ...first, history }, ...rest];
    expect(brokenPromises({ ...evidence, orders })).toEqual(["P2"]);
  });

  test("the shopper saw another final state than the order book has", () => {
    const { evidence, declined } = goodDrill();
    const [placed] = declined.orders;
    if (placed === undefined) throw new Error("the good drill has orders");
    placed.finalState = "confirmed";
    expect(brokenPromises(evidence)).toEqual(["P2"]);
  });

  test("one key was answered with two orders", () => {
    const { evidence, buyer } = goodDrill();
    buyer.orders[0]?.ids.push("order-1");
    expect(brokenPromises(evidence)).toEqual(["P2"]);
  });
});

describe("paid once (P3) is broken when", () => {
  function withPayments(...payments: ReturnType<typeof paymentOf>[]): Evidence {
    return { ...goodDrill().evidence, payments: { kind: "read", payments } };
  }
  const good = paymentOf("order-0", CAPTURED);

  test("a confirmed order was never captured", () => {
    expect(brokenPromises(withPayments())).toEqual(["P3"]);
  });

  test("a confirmed order was captured twice", () => {
    const again = { ...good, id: "pi_again" };
    expect(brokenPromises(withPayments(good, again))).toEqual(["P3"]);
  });

  test("another amount was captured than the order costs", () => {
    expect(brokenPromises(withPayments({ ...good, captured: 12_800 }))).toEqual(["P3"]);
  });

  test("the amount is right and the currency is not", () => {
    expect(brokenPromises(withPayments({ ...good, currency: "USD" }))).toEqual(["P3"]);
  });

  test("a declined order keeps money", () => {
    const kept = paymentOf("order-1", CAPTURED);
    expect(brokenPromises(withPayments(good, kept))).toEqual(["P3"]);
  });

  test("a declined order leaves an authorization open", () => {
    const open = paymentOf("order-1", { authorized: 12_900, captured: 0 });
    expect(brokenPromises(withPayments(good, open))).toEqual(["P3"]);
  });

  test("a confirmed order leaves a second authorization open", () => {
    const open = { ...paymentOf("order-0", { authorized: 12_900, captured: 0 }), id: "pi_2" };
    expect(brokenPromises(withPayments(good, open))).toEqual(["P3"]);
  });

  test("the sandbox's ledger cannot be read", () => {
    const { evidence } = goodDrill();
    const payments = { kind: "unreadable", reason: "no answer" } as const;
    expect(brokenPromises({ ...evidence, payments })).toEqual(["P3"]);
  });

  test("but not when a payment was captured and refunded, or voided", () => {
    const refunded = { ...paymentOf("order-1", CAPTURED), refunded: 12_900 };
    const authorized = { authorized: 12_900, captured: 0 };
    const voided = { ...paymentOf("order-1", authorized), id: "pi_v", voided: 12_900 };
    const elsewhere = paymentOf("an order of another sale", CAPTURED);
    expect(brokenPromises(withPayments(good, refunded, voided, elsewhere))).toEqual([]);
  });

  test("but without a sandbox it is unchecked, which is neither kept nor broken", () => {
    const findings = judge({ ...goodDrill().evidence, payments: null });
    const payment = findings.find((finding) => finding.promise === "P3");
    expect(payment?.result.kind).toBe("unchecked");
    expect(anyBroken(findings)).toBe(false);
  });
});

describe("an order that was refunded in part", () => {
  const restock = [{ sku: SKU, quantity: 1 }];
  const history = historyOf(["placing", "accepted", "confirmed", "refund_succeeded"]);
  const order = {
    ...orderOf("order-0", "confirmed"),
    refunded: 900,
    refunds: [{ state: "succeeded", restock }],
    history,
  };
  const { evidence, ledger } = goodDrill();
  const restocked = [
    ...ledger,
    { seq: 7, kind: "sell", quantity: -1, ...balance(1, 0, 1, 0) },
    { seq: 8, kind: "return_available", quantity: 1, ...balance(2, 0, 0, 0) },
  ];
  const payments = {
    kind: "read" as const,
    payments: [{ ...paymentOf("order-0", CAPTURED), refunded: 900 }],
  };
  const after = {
    ...evidence,
    payments,
    orders: [order, orderOf("order-1", "declined")],
    ledgers: new Map([[SKU, restocked]]),
  };

  test("keeps all promises when the units are on sale again", () => {
    expect(brokenPromises(after)).toEqual([]);
  });

  test("breaks P1 when they are not, or without a refund that succeeded", () => {
    expect(brokenPromises({ ...after, ledgers: evidence.ledgers })).toEqual(["P1"]);
    const failed = { ...order, refunds: [{ state: "failed", restock }] };
    expect(brokenPromises({ ...after, orders: [failed, ...after.orders.slice(1)] })).toEqual([
      "P1",
    ]);
  });

  test("breaks P3 when another amount was given back", () => {
    const other = { ...payments, payments: [paymentOf("order-0", CAPTURED)] };
    expect(brokenPromises({ ...after, payments: other })).toEqual(["P3"]);
  });
});

describe("fair (P7) is broken when", () => {
  test("a shopper was given a rank that the draw does not give", () => {
    const { evidence, waiting } = goodDrill();
    waiting.tickets[0]?.ranks.push(99);
    expect(brokenPromises(evidence)).toEqual(["P7"]);
  });

  test("two shoppers have the same place", () => {
    const { evidence, waiting } = goodDrill();
    waiting.tickets.push(ticketOf(0));
    expect(brokenPromises(evidence)).toEqual(["P7"]);
  });

  test("a ranked shopper is missing from the manifest", () => {
    const { evidence, waiting } = goodDrill();
    waiting.tickets.push(ticketOf(3));
    expect(brokenPromises(evidence)).toEqual(["P7"]);
  });

  test("the revealed secret is not the one committed to", () => {
    const { evidence } = goodDrill();
    const commitment = commitmentTo("00".repeat(32));
    const fairnessBefore = { commitment, secret: null };
    const fairnessAfter = revealedFairness(SALE, SECRET, { commitment });
    expect(brokenPromises({ ...evidence, fairnessBefore, fairnessAfter })).toEqual(["P7"]);
  });

  test("the commitment changed, or the secret was never published", () => {
    const { evidence } = goodDrill();
    const commitment = commitmentTo("00".repeat(32));
    const changed = revealedFairness(SALE, SECRET, { commitment });
    expect(brokenPromises({ ...evidence, fairnessAfter: changed })).toEqual(["P7"]);
    const silent = { ...evidence.fairnessBefore, secret: null };
    expect(brokenPromises({ ...evidence, fairnessAfter: silent })).toEqual(["P7"]);
  });

  test("a cohort's seed does not follow from the secret", () => {
    const { evidence } = goodDrill();
    const second = signedManifest({ ...MANIFEST, k: 1, base: 3, counts: [0] });
    const manifests = [...evidence.manifests, second];
    expect(brokenPromises({ ...evidence, manifests })).toEqual(["P7"]);
  });

  test("a cohort closed after the revelation, or a time is not signed", () => {
    const { evidence } = goodDrill();
    const late = signedManifest({ ...MANIFEST, closedAt: "2030-01-01T00:00:00.000Z" });
    expect(brokenPromises({ ...evidence, manifests: [late] })).toEqual(["P7"]);
    const { signature: _, ...unsigned } = MANIFEST;
    expect(brokenPromises({ ...evidence, manifests: [unsigned] })).toEqual(["P7"]);
    const { revealedAt: __, ...untimed } = evidence.fairnessAfter;
    expect(brokenPromises({ ...evidence, fairnessAfter: untimed })).toEqual(["P7"]);
  });

  test("a cohort does not begin where the earlier ones end", () => {
    const { evidence } = goodDrill();
    const seed = seedFrom(SECRET, SALE, "general", 1);
    const late = signedManifest({ ...MANIFEST, k: 1, base: 2, counts: [0], seed });
    expect(brokenPromises({ ...evidence, manifests: [MANIFEST, late] })).toEqual(["P7"]);
  });
});

describe("called before let in (P8) is broken when", () => {
  /** Shopper 2 is let in at instant 5, when `called` has these values at instants 1 and 9. */
  function letInEarly(calledBefore: number, calledAfter: number) {
    const { evidence, waiting } = goodDrill();
    const ticket = ticketOf(2);
    const rank = DRAW.shuffledIndex(2);
    waiting.admissions.push({ ticket, rank, called: calledBefore, at_ms: 5 });
    const [first] = evidence.audits;
    if (first === undefined) throw new Error("the good drill has audits");
    const audits = [first, auditOf(balance(1, 0, 0, 1), 9, calledAfter)];
    return { evidence: { ...evidence, audits }, waiting, ticket };
  }
  const rank = DRAW.shuffledIndex(2);

  test("a shopper was let in whose rank had not been reached a moment later", () => {
    expect(brokenPromises(letInEarly(rank, rank).evidence)).toEqual(["P8"]);
  });

  test("a claim before the turn was answered with an admission", () => {
    const { evidence, waiting, ticket } = letInEarly(rank, rank);
    waiting.earlyClaims.push({ ticket, status: 201, code: null, at_ms: 5 });
    expect(brokenPromises(evidence)).toEqual(["P8"]);
  });

  test("a claim before the turn was refused with another code", () => {
    const { evidence, waiting } = goodDrill();
    const claim = { ticket: ticketOf(2), status: 403, code: "forbidden", at_ms: 5 };
    waiting.earlyClaims.push(claim);
    expect(brokenPromises(evidence)).toEqual(["P8"]);
  });

  test("but not when the call came at the same moment as an early claim", () => {
    const { evidence, waiting, ticket } = letInEarly(rank, rank + 1);
    waiting.earlyClaims.push({ ticket, status: 201, code: null, at_ms: 5 });
    expect(brokenPromises(evidence)).toEqual([]);
  });
});

describe("P10 after an outage of the payment provider", () => {
  const outage = { from_ms: 10_000, until_ms: 40_000 };
  const orderEnding = (placedAt_ms: number, endedAt_ms: number) => {
    const placed = historyOf(["accepted"], placedAt_ms);
    const history = [...placed, ...historyOf(["confirmed"], endedAt_ms)];
    return { ...orderOf("order-0", "confirmed"), history };
  };
  const brokenWith = (order: ReturnType<typeof orderEnding>): string[] => {
    const { evidence } = goodDrill();
    return brokenPromises({ ...evidence, outage, orders: [order, orderOf("order-1", "declined")] });
  };

  test("is kept when the affected orders have ended two minutes after the outage", () => {
    expect(brokenWith(orderEnding(11_000, 160_000))).toEqual([]);
  });

  test("is broken when an order ended later than that", () => {
    expect(brokenWith(orderEnding(11_000, 160_001))).toEqual(["P10"]);
  });

  test("counts from the placing of an order that came after the outage", () => {
    expect(brokenWith(orderEnding(100_000, 220_000))).toEqual([]);
    expect(brokenWith(orderEnding(100_000, 220_001))).toEqual(["P10"]);
  });

  test("is not judged without an outage", () => {
    expect(judge(goodDrill().evidence).map(({ promise }) => promise)).not.toContain("P10");
  });
});
