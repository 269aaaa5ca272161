/**
 * The JSON API: routes, their order of checks, and the OpenAPI document made from their schemas.
 *
 * Order of checks: body size, media type, origin and server key (shoppers) or bearer token
 * (merchants), rate limits, schema, use case. Reads of objects are counted before their origin is
 * looked up, and writes to an order before its sale is, because these ask an object. Each check
 * that refuses answers with a problem document and changes nothing.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import {
  BACKUP_BODY_BYTES_MAX,
  BODY_BYTES_MAX,
  DISCOUNT_IMPORT_BYTES_MAX,
  SALE_BODY_BYTES_MAX,
} from "../domain/limits.ts";
import { jsonFault } from "../encoding/json.ts";
import { saleIdSchema } from "../domain/sale/sale.ts";
import { isStoredUnreadable } from "../encoding/stored-reader.ts";
import { log } from "../platform/log.ts";
import { sameText } from "../platform/same-text.ts";
import {
  isOverReaderLimit,
  isOverWriterLimit,
  type GateApp,
  type GateRequest,
} from "../web/gate-app.ts";
import { isOverNetworkLimit, RATE_LIMIT_RETRY_S, type Write } from "../web/rate-limits.ts";
import { serverOf } from "../web/server-key.ts";
import { DOCS_PATH } from "../web/paths.ts";
import { publicOrigin } from "../web/public-origin.ts";
import { wholeBody } from "../web/whole-body.ts";
import { crossOrigin, knownOrigin, trustedOrderOrigin, trustedOrigin } from "./cross-origin.ts";
import { merchantAllotmentRoutes } from "./merchant-allotment-routes.ts";
import { merchantBackendRoutes } from "./merchant-backend-routes.ts";
import { merchantDiscountRoutes } from "./merchant-discount-routes.ts";
import { merchantBookRoutes } from "./merchant-book-routes.ts";
import { merchantOrderRoutes } from "./merchant-order-routes.ts";
import { merchantReadinessRoutes } from "./merchant-readiness-routes.ts";
import { saleDeletionRoutes } from "./sale-deletion-routes.ts";
import { backupRoutes } from "./backup-routes.ts";
import { buyerRoutes } from "./buyer-routes.ts";
import { merchantRefundRoutes } from "./merchant-refund-routes.ts";
import { merchantRoutes } from "./merchant-routes.ts";
import { merchantWebhookRoutes } from "./merchant-webhook-routes.ts";
import { describeApi, openApiDocument } from "./openapi.ts";
import { orderRoutes } from "./order-routes.ts";
import { receiptRoutes } from "./receipt-routes.ts";
import { RefusalCount } from "./refusal-count.ts";
import { reminderRoutes } from "./reminder-routes.ts";
import { republishRoutes } from "./republish-routes.ts";
import { problem, refuseBody } from "./problems.ts";
import { shopperRoutes } from "./shopper-routes.ts";
import { webhookRoutes } from "./stripe-webhook.ts";

const WRITES = ["POST", "PUT", "PATCH", "DELETE"];

const limitBody = wholeBody(BODY_BYTES_MAX, refuseBody(BODY_BYTES_MAX));
const limitSaleDocument = wholeBody(SALE_BODY_BYTES_MAX, refuseBody(SALE_BODY_BYTES_MAX));
const limitBackup = wholeBody(BACKUP_BODY_BYTES_MAX, refuseBody(BACKUP_BODY_BYTES_MAX));
const limitCodeFile = wholeBody(DISCOUNT_IMPORT_BYTES_MAX, refuseBody(DISCOUNT_IMPORT_BYTES_MAX));

/** Discount codes are imported as CSV. */
function isCodeFile(c: GateRequest): boolean {
  return c.req.method === "POST" && c.req.path.endsWith("/discount-codes/import");
}

/** Lines of a backup. */
function isBackup(c: GateRequest): boolean {
  return c.req.method === "POST" && c.req.path.endsWith("/restore");
}

/** A sale may bring its own waiting page, and some come as a file; other bodies are small. */
const limitMerchantBody: MiddlewareHandler<GateApp> = async (c, next) => {
  if (isBackup(c)) return limitBackup(c, next);
  if (isCodeFile(c)) return limitCodeFile(c, next);
  const isSale = c.req.method === "PUT" && /\/sales\/[^/]+$/.test(c.req.path);
  return isSale ? limitSaleDocument(c, next) : limitBody(c, next);
};

function mediaTypeOf(c: GateRequest): string {
  if (isBackup(c)) return "application/x-ndjson";
  return isCodeFile(c) ? "text/csv" : "application/json";
}

/** A write with a body names its type; anything else is a form of another site. */
const ownMediaType: MiddlewareHandler<GateApp> = async (c, next) => {
  const type = c.req.header("Content-Type")?.toLowerCase();
  const length = c.req.header("Content-Length");
  const expected = mediaTypeOf(c);
  const hasBody = c.req.raw.body !== null && length !== "0";
  if (hasBody && type?.split(";")[0]?.trim() !== expected) {
    return problem(c, "unsupported_media_type", { detail: `This one takes ${expected}.` });
  }
  return next();
};

/** Of this isolate. */
const refusals = new RefusalCount();

const bearer: MiddlewareHandler<GateApp> = async (c, next) => {
  const token = c.req.header("Authorization")?.match(/^Bearer (\S+)$/i)?.[1];
  if (token === undefined || !sameText(token, c.get("adminToken"))) {
    const refused = refusals.add(c.get("gate").now);
    if (refused !== null) log.warn("api", "merchant_refused", { requests: refused });
    return problem(c, "unauthorized");
  }
  await next();
  // Orders have names and addresses, and a browser may keep what says nothing about caches.
  c.header("Cache-Control", "no-store");
  return undefined;
};

function writeOf(c: GateRequest): Write {
  if (c.req.path.endsWith("/tickets")) return "join";
  return c.req.path.endsWith("/orders") ? "order" : "other";
}

/** A wrong key is counted for the address it came from, like any write. */
const knownServer: MiddlewareHandler<GateApp> = async (c, next) => {
  const { headers } = c.req.raw;
  const outcome = serverOf(headers, c.get("gate").keys.serverKeys);
  if (outcome.kind === "refused") {
    return (await isOverNetworkLimit(c.env, headers, writeOf(c)))
      ? problem(c, "rate_limited", { retryAfter_s: RATE_LIMIT_RETRY_S })
      : problem(c, "server_key_invalid", { detail: outcome.why });
  }
  if (outcome.kind === "server") c.set("server", outcome.server);
  return next();
};

const ofSaleSchema = z.object({ sale: saleIdSchema });

/** The sale whose cookies a write is counted by: of its path, or of its body as with an order. */
async function saleOfWrite(c: GateRequest): Promise<string | null> {
  const named = c.req.path.match(/\/sales\/([a-z0-9][a-z0-9-]*)\//)?.[1];
  if (named !== undefined) return named;
  // Read whole by `limitBody` and kept, so the handler reads it again; what is no JSON it refuses.
  const body: unknown = await c.req.json().catch(() => null);
  return ofSaleSchema.safeParse(body).data?.sale ?? null;
}

/** By network alone where no sale is named: an action counts the shopper of its order. */
const limitRate: MiddlewareHandler<GateApp> = async (c, next) => {
  const tooMany = () => problem(c, "rate_limited", { retryAfter_s: RATE_LIMIT_RETRY_S });
  // First, so that what is over it verifies no token.
  if (await isOverNetworkLimit(c.env, c.req.raw.headers, writeOf(c), c.get("server")))
    return tooMany();
  const sale = await saleOfWrite(c);
  if (sale !== null && (await isOverWriterLimit(c, sale))) return tooMany();
  return next();
};

const COUNTED_READS = ["/sales/:sale/cart", "/sales/:sale/fairness", "/orders/*"];

/** Of reads and their preflights, only those that ask objects: a poll asks none. */
const limitReads: MiddlewareHandler<GateApp> = async (c, next) => {
  const sale = c.req.path.match(/\/sales\/([a-z0-9][a-z0-9-]*)\//)?.[1] ?? null;
  if (await isOverReaderLimit(c, sale)) {
    return problem(c, "rate_limited", { retryAfter_s: RATE_LIMIT_RETRY_S });
  }
  return next();
};

async function readText(c: GateRequest): Promise<string> {
  try {
    return await c.req.text();
  } catch {
    return "";
  }
}

/** The answer to an unexpected error; its cause is only in the log. */
export async function failed(error: Error, c: GateRequest): Promise<Response> {
  if (error instanceof HTTPException && error.status === 400) {
    const detail = jsonFault(await readText(c));
    return problem(c, "malformed_json", detail === null ? {} : { detail });
  }
  if (error instanceof HTTPException && error.status === 415) {
    return problem(c, "unsupported_media_type");
  }
  const { method } = c.req;
  const path = new URL(c.req.url).pathname;
  if (isStoredUnreadable(error)) {
    log.error("api", "stored_unreadable", { method, path, why: error.message });
    return problem(c, "stored_unreadable");
  }
  log.error("api", "unhandled", { method, path, why: error.message });
  return problem(c, "internal_error");
}

function shopperApi(): OpenAPIHono<GateApp> {
  const app = new OpenAPIHono<GateApp>();
  const places = ["/sales/*", "/orders/*"];
  const any = ["GET", "OPTIONS", ...WRITES];
  app.on(any, places, crossOrigin);
  app.on("GET", places, knownServer);
  // Before an object is asked about the origin.
  app.on(["GET", "OPTIONS"], COUNTED_READS, limitReads);
  app.on(any, places, knownOrigin);
  // Reads pass none of these: they change nothing, their bodies are not read, and polls are many.
  app.on(WRITES, "*", limitBody, ownMediaType, trustedOrigin);
  app.on(WRITES, places, knownServer);
  app.on(WRITES, "*", limitRate, trustedOrderOrigin);
  app.route("/", shopperRoutes);
  app.route("/", reminderRoutes);
  app.route("/", orderRoutes);
  app.route("/", receiptRoutes);
  return app;
}

function merchantApi(): OpenAPIHono<GateApp> {
  const app = new OpenAPIHono<GateApp>();
  app.use(bearer);
  app.on(WRITES, "*", limitMerchantBody, ownMediaType);
  app.route("/", merchantRoutes);
  app.route("/", merchantOrderRoutes);
  app.route("/", merchantBookRoutes);
  app.route("/", merchantRefundRoutes);
  app.route("/", buyerRoutes);
  app.route("/", saleDeletionRoutes);
  app.route("/", republishRoutes);
  app.route("/", backupRoutes);
  app.route("/", merchantAllotmentRoutes);
  app.route("/", merchantDiscountRoutes);
  app.route("/", merchantWebhookRoutes);
  app.route("/", merchantReadinessRoutes);
  app.route("/", merchantBackendRoutes);
  return app;
}

/** Everything under `/_sluice` that answers in JSON. */
export function jsonApi(): OpenAPIHono<GateApp> {
  const app = new OpenAPIHono<GateApp>();
  // Before the shoppers' routes, whose checks are made for browsers.
  app.route("/v1", webhookRoutes);
  app.route("/v1", shopperApi());
  app.route("/admin/v1", merchantApi());
  describeApi(app);
  // Made once an isolate, because anyone may ask for it as often as they like.
  let document: ReturnType<typeof openApiDocument> | null = null;
  app.get("/openapi.json", (c) => {
    document ??= openApiDocument(app);
    const url = publicOrigin(c.req.url, c.env) + DOCS_PATH;
    return c.json({ ...document, externalDocs: { url, description: "This document as a page" } });
  });
  return app;
}
