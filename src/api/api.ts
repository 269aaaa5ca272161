/**
 * The JSON API: routes, their order of checks, and the OpenAPI document made from their schemas.
 *
 * Order of checks: body size, media type, origin (shoppers) or bearer token (merchants), rate
 * limit, schema, use case. Each that refuses answers with a problem document and changes nothing.
 */
import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { BODY_BYTES_MAX, SALE_BODY_BYTES_MAX } from "../domain/limits.ts";
import { log } from "../platform/log.ts";
import { sameText } from "../platform/same-text.ts";
import { carriedOf, isOwnOrigin, type GateApp, type GateRequest } from "../web/gate-app.ts";
import { isOverLimit, RATE_LIMIT_RETRY_S } from "../web/rate-limits.ts";
import { DOCS_PATH } from "../web/paths.ts";
import { wholeBody } from "../web/whole-body.ts";
import { merchantAllotmentRoutes } from "./merchant-allotment-routes.ts";
import { merchantOrderRoutes } from "./merchant-order-routes.ts";
import { merchantRoutes } from "./merchant-routes.ts";
import { merchantWebhookRoutes } from "./merchant-webhook-routes.ts";
import { describeApi, openApiDocument } from "./openapi.ts";
import { orderRoutes } from "./order-routes.ts";
import { problem, refuseBody } from "./problems.ts";
import { shopperRoutes } from "./shopper-routes.ts";
import { webhookRoutes } from "./stripe-webhook.ts";

const WRITES = ["POST", "PUT", "PATCH", "DELETE"];

const limitBody = wholeBody(BODY_BYTES_MAX, refuseBody(BODY_BYTES_MAX));
const limitSaleDocument = wholeBody(SALE_BODY_BYTES_MAX, refuseBody(SALE_BODY_BYTES_MAX));

/** A sale may bring its own waiting page; nothing else that a merchant sends is as large. */
const limitMerchantBody: MiddlewareHandler<GateApp> = async (c, next) => {
  const isSale = c.req.method === "PUT" && /\/sales\/[^/]+$/.test(c.req.path);
  return isSale ? limitSaleDocument(c, next) : limitBody(c, next);
};

/** A write with a body says that it is JSON; anything else is a form of another site. */
const jsonOnly: MiddlewareHandler<GateApp> = async (c, next) => {
  const type = c.req.header("Content-Type")?.toLowerCase();
  const length = c.req.header("Content-Length");
  const hasBody = c.req.raw.body !== null && length !== "0";
  if (hasBody && type?.split(";")[0]?.trim() !== "application/json") {
    return problem(c, "unsupported_media_type");
  }
  return next();
};

const ownOrigin: MiddlewareHandler<GateApp> = async (c, next) => {
  if (!isOwnOrigin(c)) return problem(c, "origin_mismatch");
  return next();
};

const bearer: MiddlewareHandler<GateApp> = async (c, next) => {
  const token = c.req.header("Authorization")?.match(/^Bearer (\S+)$/i)?.[1];
  if (token === undefined || !sameText(token, c.get("adminToken"))) {
    return problem(c, "unauthorized");
  }
  return next();
};

const limitRate: MiddlewareHandler<GateApp> = async (c, next) => {
  const sale = c.req.path.match(/\/sales\/([a-z0-9][a-z0-9-]*)\//)?.[1] ?? null;
  const carried = carriedOf(c, sale ?? "");
  if (await isOverLimit(c.env, c.req.raw.headers, carried.admission ?? carried.ticket)) {
    return problem(c, "rate_limited", { retryAfter_s: RATE_LIMIT_RETRY_S });
  }
  return next();
};

/** The answer to an unexpected error; its cause is only in the log. */
export function failed(error: Error, c: GateRequest): Response {
  if (error instanceof HTTPException && error.status === 400) return problem(c, "malformed_json");
  if (error instanceof HTTPException && error.status === 415) {
    return problem(c, "unsupported_media_type");
  }
  const { method } = c.req;
  const path = new URL(c.req.url).pathname;
  log.error("api", "unhandled", { method, path, why: error.message });
  return problem(c, "internal_error");
}

function shopperApi(): OpenAPIHono<GateApp> {
  const app = new OpenAPIHono<GateApp>();
  // Reads pass none of these: they change nothing, their bodies are not read, and polls are many.
  app.on(WRITES, "*", limitBody, jsonOnly, ownOrigin, limitRate);
  app.route("/", shopperRoutes);
  app.route("/", orderRoutes);
  return app;
}

function merchantApi(): OpenAPIHono<GateApp> {
  const app = new OpenAPIHono<GateApp>();
  app.use(bearer);
  app.on(WRITES, "*", limitMerchantBody, jsonOnly);
  app.route("/", merchantRoutes);
  app.route("/", merchantOrderRoutes);
  app.route("/", merchantAllotmentRoutes);
  app.route("/", merchantWebhookRoutes);
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
    const url = new URL(DOCS_PATH, c.req.url).href;
    return c.json({ ...document, externalDocs: { url, description: "This document as a page" } });
  });
  return app;
}
