/**
 * The gate of a drill with `--chaos`: the real Worker and the real classes, whose objects are
 * aborted at random moments, even in the middle of a call.
 *
 * Guarantee: the platform's own `abort` is used: memory and writes that are not yet durable are
 * lost, callers get an error, and the next call reaches a new object. Nothing else differs.
 * Not reproducible, because every run draws other moments; `simulate --faults` is.
 */
import gate, * as real from "../../src/gate.ts";

/** Mean lifetimes. An order takes seconds; a room or a stock exists for the whole sale. */
const ORDER_LIFE_MS = 2000;
const STOCK_LIFE_MS = 5000;
const ROOM_LIFE_MS = 10_000;
const BOOTH_LIFE_MS = 10_000;
const DISCOUNTS_LIFE_MS = 5000;
const REMINDERS_LIFE_MS = 5000;

/** Lifetimes are exponential, so that an abort is equally likely at every moment. */
function abortSometime(ctx: DurableObjectState, kind: string, meanLife_ms: number): void {
  const life_ms = -Math.log(1 - Math.random()) * meanLife_ms;
  setTimeout(() => {
    console.log(JSON.stringify({ at: "chaos", event: `${kind} aborted` }));
    ctx.abort("the drill aborted this object");
  }, life_ms);
}

export class Order extends real.Order {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    abortSometime(ctx, "Order", ORDER_LIFE_MS);
  }
}

export class SkuStock extends real.SkuStock {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    abortSometime(ctx, "SkuStock", STOCK_LIFE_MS);
  }
}

export class WaitingRoom extends real.WaitingRoom {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    abortSometime(ctx, "WaitingRoom", ROOM_LIFE_MS);
  }
}

export class TicketBooth extends real.TicketBooth {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    abortSometime(ctx, "TicketBooth", BOOTH_LIFE_MS);
  }
}

export class DiscountCodes extends real.DiscountCodes {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    abortSometime(ctx, "DiscountCodes", DISCOUNTS_LIFE_MS);
  }
}

export class TurnReminders extends real.TurnReminders {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    abortSometime(ctx, "TurnReminders", REMINDERS_LIFE_MS);
  }
}

export { BackendPace, PassDesk, RedisBridge, SaleList } from "../../src/gate.ts";

export default gate;
