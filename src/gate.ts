/**
 * The gate Worker: wires pages, API, assets and the Durable Object classes. Nothing is decided
 * here; the order in which a request is looked at is the order of the lines below.
 */
import { Hono, type MiddlewareHandler } from "hono";
import { env } from "cloudflare:workers";
import { failed, jsonApi } from "./api/api.ts";
import { problem, PROBLEMS } from "./api/problems.ts";
import { CartCalls } from "./journey/cart-calls.ts";
import { PlaceGroups } from "./journey/place-groups.ts";
import { roomOf } from "./journey/visit.ts";
import { pages } from "./pages/pages.ts";
import { SnapshotCache } from "./sales/snapshots.ts";
import { readSecrets } from "./tokens/secrets.ts";
import type { GateApp } from "./web/gate-app.ts";
import { SHOP_BASE } from "./web/paths.ts";
import { VERSION } from "./web/version.ts";

export { Order } from "../durable-objects/order.ts";
export { PassDesk } from "../durable-objects/pass-desk.ts";
export { RedisBridge } from "../durable-objects/redis-bridge.ts";
export { SkuStock } from "../durable-objects/sku-stock.ts";
export { TicketBooth } from "../durable-objects/ticket-booth.ts";
export { WaitingRoom } from "../durable-objects/waiting-room.ts";

const places = new PlaceGroups();
const carts = new CartCalls();
let snapshots: SnapshotCache | null = null;

/** One cache per isolate; the location's cache may be read only while a request is served. */
function snapshotsOfIsolate(): SnapshotCache {
  snapshots ??= new SnapshotCache((sale) => roomOf(env, sale), caches.default);
  return snapshots;
}

/** Without its secrets the gate lets nobody in, and says to its operator which are missing. */
const provideContext: MiddlewareHandler<GateApp> = async (c, next) => {
  const secrets = await readSecrets(c.env);
  if (secrets.kind === "not_configured") {
    const missing = secrets.missing.join("; ");
    console.error(JSON.stringify({ at: "gate", event: "not_configured", missing }));
    return problem(c, "not_configured", { detail: `${missing}.` });
  }
  c.set("adminToken", secrets.adminToken);
  c.set("gate", {
    env: c.env,
    keys: secrets.keys,
    snapshots: snapshotsOfIsolate(),
    places,
    carts,
    lasting: (work) => c.executionCtx.waitUntil(work),
    now: Date.now(),
    chance: Math.random(),
  });
  return next();
};

const app = new Hono<GateApp>();

app.get("/_sluice/health", (c) => c.json({ ok: true, version: VERSION }));
app.get("/_sluice/assets/*", (c) => c.env.ASSETS.fetch(c.req.raw));
app.get("/_sluice/problems", (c) => c.json(PROBLEMS));
app.use("/_sluice/*", provideContext);
app.get("/_sluice/.well-known/jwks.json", (c) => {
  return c.json(c.get("gate").keys.admissionJwks, 200, { "Cache-Control": "max-age=300" });
});
app.route(SHOP_BASE, pages);
app.route("/_sluice", jsonApi());
app.get("/", (c) => c.redirect(SHOP_BASE));
app.notFound((c) => problem(c, "not_found"));
app.onError(failed);

export default app;
