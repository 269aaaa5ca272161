/**
 * The merchant's routes for sales and stock. All need the admin token, which the wiring
 * checks before a request gets here.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import { LEDGER_PAGE_ROWS_MAX } from "../domain/limits.ts";
import type { RevisionRefused } from "../domain/sale/sale.ts";
import { warningsOf } from "../domain/sale/warnings.ts";
import { stockOf } from "../platform/objects.ts";
import * as sales from "../merchant/sales.ts";
import * as skus from "../merchant/skus.ts";
import type { GateApp, GateRequest } from "../web/gate-app.ts";
import * as examples from "./merchant-examples.ts";
import * as merchant from "./merchant-schemas.ts";
import { json, jsonBody, operationsOf } from "./operation.ts";
import { saleParameter } from "./parameters.ts";
import { problem } from "./problems.ts";
import { timeOf, timeOrNull } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

const operation = operationsOf(merchantRoutes, "merchant");

export function merchantOf(c: GateRequest): sales.MerchantContext {
  const { keys, now } = c.get("gate");
  return { env: c.env, now, buyerKeys: keys.buyerKeys };
}

type Metrics = Extract<sales.MetricsOutcome, { kind: "metrics" }>;

function saleDocument(metrics: Metrics) {
  const { snapshot, seats } = metrics;
  const { phase, paused, queueing, soldOut, message, commitment } = snapshot;
  const { revision, ratePerMinute, maxActive, tickets, called } = metrics;
  return {
    sale: metrics.sale,
    revision,
    phase,
    paused,
    queueing,
    soldOut,
    ratePerMinute,
    maxActive,
    throttle: Math.round(snapshot.throttle * 100) / 100,
    message,
    tickets,
    called,
    ...seats,
    stock: [...snapshot.stock],
    commitment,
    revealsAt: timeOrNull(snapshot.revealsAt_ms),
    revealedAt: timeOrNull(snapshot.revealedAt_ms),
    warnings: [...warningsOf(metrics.sale)],
  };
}

function errorsOf(refusals: readonly RevisionRefused[]) {
  return refusals.map(({ path, message }) => ({ path: path.join("."), message }));
}

function skuAnswer({ sales: shared, ...level }: skus.SkuFacts) {
  return { ...level, sales: [...shared] };
}

operation(
  {
    method: "put",
    path: "/sales/{sale}",
    id: "putSale",
    tag: "Sales",
    summary: "Create or change a sale",
    description:
      "Its stock is received when it is created; later changes of units are movements. The same " +
      "document again changes nothing. Its times are fixed once the secret is revealed. What " +
      "takes something from shoppers of an open sale has to be confirmed by `force`.",
    request: {
      params: saleParameter,
      query: merchant.confirmationQuery,
      ...jsonBody(merchant.saleRequest, examples.saleRequest),
    },
    success: {
      200: json("Changed, or the same.", merchant.merchantSaleDocument, examples.sale),
      201: json("Created.", merchant.merchantSaleDocument, examples.sale),
    },
    problems: [
      "invalid_request",
      "change_unconfirmed",
      "sale_changed",
      "secret_revealed",
      "sale_deleted",
      "protection_not_configured",
      "not_available",
      "queue_it_not_configured",
      "sale_not_found",
    ],
  },
  async (c) => {
    const sale = c.req.valid("json");
    if (sale.id !== c.req.valid("param").sale) {
      const errors = [{ path: "id", message: "must be the id in the path" }];
      return problem(c, "invalid_request", { errors });
    }
    const { force: kinds = [], revision = null } = c.req.valid("query");
    const confirmed = { kinds, revision };
    const outcome = await sales.putSale(merchantOf(c), sale, c.get("gate").keys, confirmed);
    switch (outcome.kind) {
      case "created":
        return c.json(saleDocument(outcome.metrics), 201);
      case "revised":
      case "unchanged":
        return c.json(saleDocument(outcome.metrics), 200);
      case "refused":
        return problem(c, "invalid_request", { errors: errorsOf(outcome.refusals) });
      case "unconfirmed": {
        const { consequences, revision } = outcome;
        const force = [...new Set([...kinds, ...consequences.map(({ kind }) => kind)])].join(",");
        const more = { confirm: { force, revision } };
        return problem(c, "change_unconfirmed", { errors: errorsOf(consequences), more });
      }
      case "outdated": {
        const detail = `Its revision is ${outcome.revision}.`;
        return problem(c, "sale_changed", { detail });
      }
      case "sale_deleted":
        return problem(c, outcome.kind, { detail: `It was deleted at ${timeOf(outcome.at_ms)}.` });
      case "secret_revealed":
        return problem(c, outcome.kind, { errors: errorsOf(outcome.refusals) });
      case "protection_not_configured": {
        const { lacking } = outcome;
        const errors = [{ path: "protection.kind", message: `needs ${lacking}` }];
        return problem(c, outcome.kind, { detail: `${lacking} is missing or unusable.`, errors });
      }
      case "not_available": {
        const errors = outcome.items.map(({ index, counters }) => {
          const message = `${counters.available} available, ${counters.buffer} kept back now`;
          return { path: `items.${index}.buffer`, message };
        });
        return problem(c, "not_available", { detail: "The sale is saved.", errors });
      }
      case "queue_it_not_configured": {
        const errors = [{ path: "queueIt", message: "needs the secret QUEUE_IT_SECRET" }];
        return problem(c, outcome.kind, { errors });
      }
      case "sale_not_found":
        return problem(c, "sale_not_found");
    }
  },
);

operation(
  {
    method: "get",
    path: "/sales",
    id: "listSales",
    tag: "Sales",
    summary: "List all sales",
    description: "Their ids, from the object that owns the list.",
    success: { 200: json("The ids.", merchant.saleListDocument, { sales: ["air-two"] }) },
    problems: [],
  },
  async (c) => c.json({ sales: await sales.readSales(merchantOf(c)) }, 200),
);

operation(
  {
    method: "get",
    path: "/sales/{sale}",
    id: "getSaleMetrics",
    tag: "Sales",
    summary: "Get a sale with its live metrics",
    description: "The document as it is stored, and who is waiting, called and inside.",
    request: { params: saleParameter },
    success: { 200: json("The sale.", merchant.merchantSaleDocument, examples.sale) },
    problems: ["sale_not_found"],
  },
  async (c) => {
    const outcome = await sales.readSale(merchantOf(c), c.req.valid("param").sale);
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    return c.json(saleDocument(outcome), 200);
  },
);

operation(
  {
    method: "post",
    path: "/sales/{sale}/actions",
    id: "actOnSale",
    tag: "Sales",
    summary: "Open, start, pause, resume, end or reopen a sale",
    description:
      "Moves the phase by hand, whatever the schedule says. `reopen` takes `end` back, until the " +
      "secret of the draw is revealed (`revealsAt`).",
    request: {
      params: saleParameter,
      ...jsonBody(merchant.actionRequest, { action: "pause" }),
    },
    success: { 200: json("Done.", merchant.merchantSaleDocument, examples.sale) },
    problems: ["action_not_possible", "secret_revealed", "sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const outcome = await sales.actOnSale(merchantOf(c), sale, c.req.valid("json").action);
    switch (outcome.kind) {
      case "done":
        await c.get("gate").snapshots.refresh(sale, c.get("gate").now);
        return c.json(saleDocument(outcome.metrics), 200);
      case "not_possible": {
        const detail = `Its secret is revealed at ${timeOf(outcome.reopensUntil_ms)}.`;
        return problem(c, "action_not_possible", { detail });
      }
      case "secret_revealed": {
        const detail = `It was revealed at ${timeOf(outcome.at_ms)}.`;
        return problem(c, outcome.kind, { detail });
      }
      case "sale_not_found":
        return problem(c, "sale_not_found");
    }
  },
);

operation(
  {
    method: "patch",
    path: "/sales/{sale}/admission",
    id: "updateSaleAdmission",
    tag: "Sales",
    summary: "Change rate, seats or message while the sale runs",
    description: "Seen by every gate within a second.",
    request: {
      params: saleParameter,
      ...jsonBody(merchant.admissionChangeRequest, { ratePerMinute: 300 }),
    },
    success: { 200: json("Changed.", merchant.merchantSaleDocument, examples.sale) },
    problems: ["sale_not_found"],
  },
  async (c) => {
    const { sale } = c.req.valid("param");
    const outcome = await sales.changeSaleAdmission(merchantOf(c), sale, c.req.valid("json"));
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    await c.get("gate").snapshots.refresh(sale, c.get("gate").now);
    return c.json(saleDocument(outcome), 200);
  },
);

operation(
  {
    method: "get",
    path: "/skus/{sku}",
    id: "getSku",
    tag: "Stock",
    summary: "Get the levels of a SKU",
    description: "A SKU that never had units has zeros. The sales that name it share its units.",
    request: { params: merchant.skuParameter },
    success: { 200: json("The levels.", merchant.skuDocument, examples.sku) },
    problems: [],
  },
  async (c) => {
    const { sku } = c.req.valid("param");
    return c.json(skuAnswer(await skus.readSku(merchantOf(c), sku)), 200);
  },
);

operation(
  {
    method: "get",
    path: "/skus/{sku}/ledger",
    id: "listLedgerRows",
    tag: "Stock",
    summary: "List the ledger of a SKU",
    description: "Every change of its units in order, each with the counters after it.",
    request: { params: merchant.skuParameter, query: merchant.ledgerQuery },
    success: { 200: json("A page of rows.", merchant.ledgerDocument, examples.ledger) },
    problems: [],
  },
  async (c) => {
    const { sku } = c.req.valid("param");
    const { after, limit } = c.req.valid("query");
    const page = Math.min(limit, LEDGER_PAGE_ROWS_MAX);
    const rows = await stockOf(c.env, sku).history(after, page);
    const next = rows.length === page ? (rows.at(-1)?.seq ?? null) : null;
    const shown = rows.map(({ at_ms, ...row }) => ({ ...row, at: timeOf(at_ms) }));
    return c.json({ rows: shown, next }, 200);
  },
);

operation(
  {
    method: "post",
    path: "/skus/{sku}/movements",
    id: "moveUnits",
    tag: "Stock",
    summary: "Restock, correct, keep back",
    description:
      "Counts once for its id; the same movement again changes nothing. A sale must name the SKU.",
    request: {
      params: merchant.skuParameter,
      ...jsonBody(merchant.movementRequest, examples.movement),
    },
    success: {
      200: json("Moved before.", merchant.skuDocument, examples.sku),
      201: json("Moved.", merchant.skuDocument, examples.sku),
    },
    problems: ["movement_conflict", "not_available", "sku_not_found"],
  },
  async (c) => {
    const { sku } = c.req.valid("param");
    const outcome = await skus.moveStock(merchantOf(c), sku, c.req.valid("json"));
    switch (outcome.kind) {
      case "moved":
        return c.json(skuAnswer(outcome.facts), 201);
      case "already_moved":
        return c.json(skuAnswer(outcome.facts), 200);
      case "sku_not_found":
        return problem(c, outcome.kind);
      case "conflict":
        return problem(c, "movement_conflict", { more: { earlier: outcome.earlier } });
      case "not_available": {
        const { asked, counters } = outcome;
        const detail = `${asked} units would leave, ${counters.available} are available.`;
        return problem(c, "not_available", { detail, more: { ...counters } });
      }
    }
  },
);
