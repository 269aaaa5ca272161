/**
 * The baseline: the minimum that a Worker must do for a route, a verified signature, a call of a
 * Durable Object, a durable row, or a request passed on. What the gate costs beyond this is the
 * cost of Sluice itself.
 *
 * Not an example to follow: it has neither validation nor authentication.
 */
import { DurableObject } from "cloudflare:workers";
import { Hono } from "hono";
import type { SkuStock } from "../durable-objects/sku-stock/sku-stock.ts";
import type { TicketBooth } from "../durable-objects/ticket-booth.ts";
import { PLACES_PER_JOIN_MAX } from "../src/domain/limits.ts";
import { GENERAL_LANE } from "../src/domain/sale/sale.ts";
import { BASELINE_ALGORITHM, BASELINE_KEY, splitToken } from "./baseline-token.ts";

interface BaselineEnv {
  readonly BARE_OBJECT: DurableObjectNamespace<BareObject>;
  readonly TICKET_BOOTH: DurableObjectNamespace<TicketBooth>;
  readonly SKU_STOCK: DurableObjectNamespace<SkuStock>;
}

const HOLD_MS = 3_600_000;

export class BareObject extends DurableObject<BaselineEnv> {
  #calls = 0;

  constructor(ctx: DurableObjectState, env: BaselineEnv) {
    super(ctx, env);
    ctx.storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY, at_ms INTEGER, text TEXT)",
    );
  }

  async count(): Promise<number> {
    this.#calls += 1;
    return this.#calls;
  }

  /** The platform delays the answer until the row is durable. */
  async write(text: string): Promise<number> {
    const insert = "INSERT INTO rows (at_ms, text) VALUES (?, ?)";
    return this.ctx.storage.sql.exec(insert, Date.now(), text).rowsWritten;
  }
}

/** Imported once per isolate, as in the gate. */
let verifyingKey: CryptoKey | null = null;

async function isSigned(token: string): Promise<boolean> {
  const parts = splitToken(token);
  if (parts === null) return false;
  verifyingKey ??= await crypto.subtle.importKey("raw", BASELINE_KEY, BASELINE_ALGORITHM, false, [
    "verify",
  ]);
  return crypto.subtle.verify("HMAC", verifyingKey, parts.signature, parts.signed);
}

type BaselineApp = { Bindings: BaselineEnv };

const app = new Hono<BaselineApp>();

function objectNamed(env: BaselineEnv, name: string): DurableObjectStub<BareObject> {
  return env.BARE_OBJECT.get(env.BARE_OBJECT.idFromName(name));
}

app.get("/route", (c) => c.json({ ok: true }));
app.get("/signed", async (c) => {
  const ok = await isSigned(c.req.header("Sluice-Ticket") ?? "");
  return c.json({ ok }, ok ? 200 : 401);
});
app.post("/call", async (c) => c.json({ calls: await objectNamed(c.env, "one").count() }));
app.post("/row", async (c) => {
  return c.json({ rows: await objectNamed(c.env, "one").write("a row of a few bytes") });
});
app.post("/row/:object", async (c) => {
  const object = objectNamed(c.env, c.req.param("object"));
  return c.json({ rows: await object.write("a row of a few bytes") });
});

/** The SkuStock's own operations, called like the bare object: one RPC for one shopper. */
app.post("/stock/:sale/:sku/hold/:buyer", async (c) => {
  const { sale, sku, buyer } = c.req.param();
  const stock = c.env.SKU_STOCK.get(c.env.SKU_STOCK.idFromName(sku));
  const command = { sale, buyer, id: buyer, quantity: 1, limitPerBuyer: 1 };
  const { kind } = await stock.hold({ ...command, deadline_ms: Date.now() + HOLD_MS });
  return c.json({ kind }, kind === "held" ? 200 : 409);
});
app.post("/stock/:sale/:sku/order/:buyer", async (c) => {
  const { sale, sku, buyer } = c.req.param();
  const stock = c.env.SKU_STOCK.get(c.env.SKU_STOCK.idFromName(sku));
  const command = { sale, buyer, holdId: buyer, quantity: 1, limitPerBuyer: 1 };
  const { kind } = await stock.order({ ...command, id: `order-${buyer}` });
  return c.json({ kind }, kind === "ordered" ? 200 : 409);
});

/** Not measured: takes the places of a long line, in a sale whose lane has one booth. */
app.post("/places/:sale/:count", async (c) => {
  const { TICKET_BOOTH } = c.env;
  const { sale, count } = c.req.param();
  const booth = TICKET_BOOTH.get(TICKET_BOOTH.idFromName(`${sale}/${GENERAL_LANE}/0`));
  for (let missing = Number(count); missing > 0; missing -= PLACES_PER_JOIN_MAX) {
    await booth.join(null, Math.min(missing, PLACES_PER_JOIN_MAX));
  }
  return c.json({ places: Number(count) });
});

const PROXY = "/proxy/";

/** A bare proxy. The port is in the path, because it is known only after the start. */
function proxied(request: Request): Promise<Response> {
  const target = request.url.slice(request.url.indexOf(PROXY) + PROXY.length);
  const end = target.indexOf("/");
  const url = `http://127.0.0.1:${target.slice(0, end)}${target.slice(end)}`;
  return fetch(new Request(url, request));
}

export default {
  fetch(request: Request, env: BaselineEnv, execution: ExecutionContext) {
    if (request.url.includes(PROXY)) return proxied(request);
    return app.fetch(request, env, execution);
  },
};
