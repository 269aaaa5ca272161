/**
 * The gate Worker: wires pages, API, assets, the way to the shop's own server and the Durable
 * Object classes. Nothing is decided here; the order in which a request is looked at is the order
 * of the lines below. What is under `/_sluice` is Sluice's own; all else goes to the shop, if there
 * is one.
 */
import { Hono, type MiddlewareHandler } from "hono";
import { env } from "cloudflare:workers";
import { failed, jsonApi } from "./api/api.ts";
import { problem, PROBLEMS } from "./api/problems.ts";
import { paymentHealth } from "./domain/checkout/payment-setup.ts";
import { pathOf } from "./domain/guards/url.ts";
import { log } from "./platform/log.ts";
import { originOf } from "./proxy/origin.ts";
import { serveShop } from "./proxy/serve.ts";
import { roomOf } from "./platform/objects.ts";
import { CartBatches } from "./shopper/cart-batches.ts";
import { PlaceBatches } from "./shopper/place-batches.ts";
import type { GateContext } from "./shopper/gate-context.ts";
import { pages } from "./pages/pages.ts";
import { showApiReference } from "./pages/routes/api-reference.ts";
import { SnapshotCache } from "./sales/snapshots.ts";
import { readSecrets, type Keys } from "./tokens/secrets.ts";
import { verifyingOf, withSingleCookies } from "./web/duplicate-cookies.ts";
import type { GateApp } from "./web/gate-app.ts";
import { endOldCookiesWith } from "./web/end-old-cookies.ts";
import { DOCS_PATH, SHOP_BASE } from "./web/paths.ts";
import { addOwnHeaders, isInsecure, redirectToHttps } from "./web/transport.ts";
import { VERSION } from "./web/version.ts";

export { BackendPace } from "../durable-objects/backend-pace.ts";
export { DiscountCodes } from "../durable-objects/discount-codes/discount-codes.ts";
export { Order } from "../durable-objects/order/order.ts";
export { PassDesk } from "../durable-objects/pass-desk.ts";
export { RedisBridge } from "../durable-objects/redis-bridge/redis-bridge.ts";
export { SaleList } from "../durable-objects/sale-list/sale-list.ts";
export { SkuStock } from "../durable-objects/sku-stock/sku-stock.ts";
export { TicketBooth } from "../durable-objects/ticket-booth.ts";
export { TurnReminders } from "../durable-objects/turn-reminders/turn-reminders.ts";
export { WaitingRoom } from "../durable-objects/waiting-room/waiting-room.ts";

const places = new PlaceBatches();
const carts = new CartBatches();
let snapshots: SnapshotCache | null = null;

/** One cache per isolate; the location's cache may be read only while a request is served. */
function snapshotsOfIsolate(): SnapshotCache {
  snapshots ??= new SnapshotCache((sale) => roomOf(env, sale), caches.default);
  return snapshots;
}

/** Without its secrets the gate lets nobody in, and logs which are missing. */
async function secretsOf(env: GateEnv) {
  const secrets = await readSecrets(env);
  if (secrets.kind === "ready") return secrets;
  const missing = secrets.missing.join("; ");
  log.error("gate", "not_configured", { missing });
  return { kind: secrets.kind, missing } as const;
}

type Moment = Pick<GateContext, "waitUntil" | "now" | "chance">;

function contextOf(bindings: GateEnv, keys: Keys, moment: Moment): GateContext {
  return { env: bindings, keys, snapshots: snapshotsOfIsolate(), places, carts, ...moment };
}

function momentOf(execution: Pick<ExecutionContext, "waitUntil">): Moment {
  const waitUntil = (work: Promise<unknown>): void => execution.waitUntil(work);
  return { waitUntil, now: Date.now(), chance: Math.random() };
}

const provideContext: MiddlewareHandler<GateApp> = async (c, next) => {
  const secrets = await secretsOf(c.env);
  if (secrets.kind === "not_configured") {
    return problem(c, "not_configured", { detail: `${secrets.missing}.` });
  }
  c.set("adminToken", secrets.adminToken);
  const gate = contextOf(c.env, secrets.keys, momentOf(c.executionCtx));
  c.set("gate", gate);
  c.req.raw = await withSingleCookies(c.req.raw, async () => verifyingOf(gate));
  await next();
  if (c.res.headers.has("Set-Cookie")) await endOldCookiesWith(c.req.raw, c.res, gate);
  return undefined;
};

const app = new Hono<GateApp>();

/** Over plain http the browser would keep no cookie, and tokens would travel in the clear. */
app.use("/_sluice/*", async (c, next) => {
  const { raw } = c.req;
  if (isInsecure(raw)) {
    const isRead = raw.method === "GET" || raw.method === "HEAD";
    return isRead ? redirectToHttps(raw, c.env) : problem(c, "https_required");
  }
  await next();
  if (c.res.webSocket === null) addOwnHeaders(c.res.headers, raw.url);
  return undefined;
});

app.get("/_sluice/health", (c) => {
  return c.json({ ok: true, version: VERSION, payments: paymentHealth(c.env) });
});
app.get("/_sluice/assets/*", async (c) => {
  const asset = await c.env.ASSETS.fetch(c.req.raw);
  return asset.status === 404 ? problem(c, "not_found") : new Response(asset.body, asset);
});
app.get("/_sluice/problems", (c) => c.json(PROBLEMS));
app.get(DOCS_PATH, showApiReference);
app.use("/_sluice/*", provideContext);
app.get("/_sluice/.well-known/jwks.json", (c) => {
  return c.json(c.get("gate").keys.admissionJwks, 200, { "Cache-Control": "max-age=300" });
});
app.route(SHOP_BASE, pages);
app.route("/_sluice", jsonApi());
app.get("/", (c) => c.redirect(SHOP_BASE));
app.notFound((c) => problem(c, "not_found"));
app.onError(failed);

const OWN_PATH = /^\/_sluice(\/|$)/;

/**
 * Whether a path is the gate's own, as it stands or once its dot segments are resolved: requests to
 * the shop are sent with the resolved path, and the shop must get none under `/_sluice`.
 */
function isOwn(url: string): boolean {
  const path = pathOf(url);
  return OWN_PATH.test(path) || (path.includes("_sluice") && OWN_PATH.test(new URL(url).pathname));
}

export default {
  fetch(request: Request, bindings: GateEnv, execution: ExecutionContext) {
    const origin = originOf(bindings.ORIGIN);
    if (origin.kind === "none" || isOwn(request.url)) {
      return app.fetch(request, bindings, execution);
    }
    const moment = momentOf(execution);
    const context = async (): Promise<GateContext | null> => {
      const secrets = await secretsOf(bindings);
      return secrets.kind === "ready" ? contextOf(bindings, secrets.keys, moment) : null;
    };
    const snapshots = snapshotsOfIsolate();
    return serveShop(request, origin, { env: bindings, snapshots, context, ...moment });
  },
};
