/**
 * The merchant's routes for sales, stock and the audit. All need the admin token, which the wiring
 * checks before a request gets here.
 */
import { createRoute, OpenAPIHono } from "@hono/zod-openapi";
import { LEDGER_PAGE_ROWS_MAX } from "../domain/limits.ts";
import * as sales from "../merchant/sales.ts";
import { stockOf } from "../platform/objects.ts";
import type { GateApp, GateRequest } from "../web/gate-app.ts";
import { answers, jsonBody } from "./answers.ts";
import * as documents from "./schemas.ts";
import * as merchant from "./merchant-schemas.ts";
import { problem } from "./problems.ts";
import { timeOf } from "./shopper-answers.ts";
import { refuseInvalid } from "./validation.ts";

export const merchantRoutes = new OpenAPIHono<GateApp>({ defaultHook: refuseInvalid });

export function merchantOf(c: GateRequest): sales.MerchantContext {
  return { env: c.env, now: c.get("gate").now };
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
  };
}

merchantRoutes.openapi(
  createRoute({
    method: "put",
    path: "/sales/{sale}",
    summary: "Create or change a sale",
    request: { params: documents.saleParameter, ...jsonBody(merchant.saleRequest) },
    responses: answers({
      200: merchant.merchantSaleDocument,
      201: merchant.merchantSaleDocument,
    }),
  }),
  async (c) => {
    const sale = c.req.valid("json");
    if (sale.id !== c.req.valid("param").sale) {
      const errors = [{ path: "id", message: "must be the id in the path" }];
      return problem(c, "invalid_request", { errors });
    }
    const outcome = await sales.putSale(merchantOf(c), sale, c.get("gate").keys);
    switch (outcome.kind) {
      case "created":
        return c.json(saleDocument(outcome.metrics), 201);
      case "revised":
      case "unchanged":
        return c.json(saleDocument(outcome.metrics), 200);
      case "refused": {
        const errors = outcome.refusals.map(({ path, message }) => {
          return { path: path.join("."), message };
        });
        return problem(c, "invalid_request", { errors });
      }
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

merchantRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales",
    summary: "All sales",
    responses: answers({ 200: merchant.saleListDocument }),
  }),
  async (c) => c.json({ sales: await sales.readSales(merchantOf(c)) }, 200),
);

merchantRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}",
    summary: "A sale with its live figures",
    request: { params: documents.saleParameter },
    responses: answers({ 200: merchant.merchantSaleDocument }),
  }),
  async (c) => {
    const outcome = await sales.readSale(merchantOf(c), c.req.valid("param").sale);
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    return c.json(saleDocument(outcome), 200);
  },
);

merchantRoutes.openapi(
  createRoute({
    method: "post",
    path: "/sales/{sale}/actions",
    summary: "Move the phase by hand",
    request: { params: documents.saleParameter, ...jsonBody(merchant.actionRequest) },
    responses: answers({ 200: merchant.merchantSaleDocument }),
  }),
  async (c) => {
    const { sale } = c.req.valid("param");
    const outcome = await sales.actOnSale(merchantOf(c), sale, c.req.valid("json").action);
    switch (outcome.kind) {
      case "done":
        await c.get("gate").snapshots.refresh(sale, c.get("gate").now);
        return c.json(saleDocument(outcome.metrics), 200);
      case "not_possible":
        return problem(c, "action_not_possible", { detail: `The phase is ${outcome.phase}.` });
      case "sale_not_found":
        return problem(c, "sale_not_found");
    }
  },
);

merchantRoutes.openapi(
  createRoute({
    method: "patch",
    path: "/sales/{sale}/admission",
    summary: "Change rate, seats or message while the sale runs",
    request: { params: documents.saleParameter, ...jsonBody(merchant.admissionChangeRequest) },
    responses: answers({ 200: merchant.merchantSaleDocument }),
  }),
  async (c) => {
    const { sale } = c.req.valid("param");
    const outcome = await sales.changeSaleAdmission(merchantOf(c), sale, c.req.valid("json"));
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    await c.get("gate").snapshots.refresh(sale, c.get("gate").now);
    return c.json(saleDocument(outcome), 200);
  },
);

merchantRoutes.openapi(
  createRoute({
    method: "get",
    path: "/sales/{sale}/audit",
    summary: "Counts that must agree",
    request: { params: documents.saleParameter },
    responses: answers({ 200: merchant.auditDocument }),
  }),
  async (c) => {
    const { sale } = c.req.valid("param");
    const outcome = await sales.auditSale(merchantOf(c), sale);
    if (outcome.kind === "sale_not_found") return problem(c, "sale_not_found");
    const { skus, orders, metrics } = outcome;
    const { tickets, called, seats } = metrics;
    return c.json({ sale, skus: [...skus], orders: { ...orders }, tickets, called, ...seats }, 200);
  },
);

merchantRoutes.openapi(
  createRoute({
    method: "get",
    path: "/skus/{sku}",
    summary: "Levels of a SKU",
    request: { params: merchant.skuParameter },
    responses: answers({ 200: merchant.skuDocument }),
  }),
  async (c) => {
    const { sku } = c.req.valid("param");
    return c.json(await stockOf(c.env, sku).levels(sku), 200);
  },
);

merchantRoutes.openapi(
  createRoute({
    method: "get",
    path: "/skus/{sku}/ledger",
    summary: "Ledger rows in order",
    request: { params: merchant.skuParameter, query: merchant.ledgerQuery },
    responses: answers({ 200: merchant.ledgerDocument }),
  }),
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

merchantRoutes.openapi(
  createRoute({
    method: "post",
    path: "/skus/{sku}/movements",
    summary: "Restock, correct, keep back",
    request: { params: merchant.skuParameter, ...jsonBody(merchant.movementRequest) },
    responses: answers({ 200: merchant.skuDocument, 201: merchant.skuDocument }),
  }),
  async (c) => {
    const { sku } = c.req.valid("param");
    const stock = stockOf(c.env, sku);
    const outcome = await stock.move(c.req.valid("json"));
    switch (outcome.kind) {
      case "moved":
        return c.json(await stock.levels(sku), 201);
      case "already_moved":
        return c.json(await stock.levels(sku), 200);
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
