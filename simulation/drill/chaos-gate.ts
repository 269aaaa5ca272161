/**
 * The gate of a drill with `--chaos`: the real Worker with the real classes, whose objects die at
 * random moments, in the middle of their work.
 *
 * Guarantee: a death is the platform's own (`abort`): memory and what was not yet durable are
 * gone, callers get an error, and the next call finds a new object. Nothing else differs.
 * Not repeatable: each run draws other moments; `simulate --faults` is repeatable.
 */
import gate, * as real from "../../src/gate.ts";

/** Mean lives: an order is under way for seconds, a room or a stock for the whole sale. */
const ORDER_LIFE_MS = 2000;
const STOCK_LIFE_MS = 5000;
const ROOM_LIFE_MS = 10_000;
const BOOTH_LIFE_MS = 10_000;

/** Lives are exponential, so that no moment of an object's life is safer than another. */
function dieSometime(ctx: DurableObjectState, kind: string, meanLife_ms: number): void {
  const life_ms = -Math.log(1 - Math.random()) * meanLife_ms;
  setTimeout(() => {
    console.log(JSON.stringify({ at: "chaos", event: `${kind} died` }));
    ctx.abort("the drill let this object die");
  }, life_ms);
}

export class Order extends real.Order {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    dieSometime(ctx, "Order", ORDER_LIFE_MS);
  }
}

export class SkuStock extends real.SkuStock {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    dieSometime(ctx, "SkuStock", STOCK_LIFE_MS);
  }
}

export class WaitingRoom extends real.WaitingRoom {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    dieSometime(ctx, "WaitingRoom", ROOM_LIFE_MS);
  }
}

export class TicketBooth extends real.TicketBooth {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    dieSometime(ctx, "TicketBooth", BOOTH_LIFE_MS);
  }
}

export { PassDesk, RedisBridge } from "../../src/gate.ts";

export default gate;
