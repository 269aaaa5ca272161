/**
 * The Worker under test: the gate and the orders Worker in one, with the real classes. Order,
 * WaitingRoom and TicketBooth can meet the mishaps a test has planned, and do nothing else anew.
 */
import type { OrderEffect } from "../../../src/domain/order/transition.ts";
import type { OrderIntent, OrderRecord } from "../../../src/domain/order/order.ts";
import type { StockLevel } from "../../../src/domain/stock/stock-ledger.ts";
import type { CloseOutcome } from "../../../src/domain/line/booth.ts";
import gate, {
  BackendPace,
  DiscountCodes,
  Order as RealOrder,
  PassDesk,
  RedisBridge,
  SaleList as RealSaleList,
  SkuStock,
  TicketBooth as RealTicketBooth,
  TurnReminders as RealTurnReminders,
  WaitingRoom as RealWaitingRoom,
} from "../../../src/gate.ts";
import orders from "../../../queues/orders-worker.ts";
import { mishaps } from "./mishaps.ts";
import { noting } from "./mail.ts";
import { roomQueue } from "./room-mail.ts";
import { stepping, steppingNamespace } from "./stepping.ts";

export { BackendPace, DiscountCodes, PassDesk, RedisBridge, SkuStock };

export class TurnReminders extends RealTurnReminders {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, { ...env, MAILS_QUEUE: noting(env.MAILS_QUEUE, "sluice-mails", new Set()) });
  }
}

/** Longer than anybody waits for a booth, a room or KV. */
const SILENCE_MS = 60_000;

export class SaleList extends RealSaleList {
  #meetMishap(): void {
    if (mishaps.brokenSaleList) this.ctx.abort("broken, as planned");
  }

  override async ids(): ReturnType<RealSaleList["ids"]> {
    this.#meetMishap();
    return super.ids();
  }

  override async find(id: string): ReturnType<RealSaleList["find"]> {
    this.#meetMishap();
    return super.find(id);
  }

  override async guards(
    ...asked: Parameters<RealSaleList["guards"]>
  ): ReturnType<RealSaleList["guards"]> {
    this.#meetMishap();
    return super.guards(...asked);
  }
}

/**
 * The local queue complains loudly of a sender that is gone, so an Order that crashes lets what it
 * is just sending go out, and begins nothing else.
 */
interface Life {
  readonly sending: Set<Promise<unknown>>;
  crashing: boolean;
}

async function reach(ctx: DurableObjectState, life: Life): Promise<void> {
  if (life.crashing) return new Promise(() => undefined);
  if (!mishaps.isStepToCrashAt()) return;
  life.crashing = true;
  mishaps.dying += 1;
  await ctx.storage.sync();
  await Promise.allSettled(life.sending);
  mishaps.dying -= 1;
  ctx.abort("a crash that the test planned");
}

/** An Order's every call to a room, a stock or a queue is a step after which it may crash. */
function steppingEnv(env: GateEnv, ctx: DurableObjectState, life: Life): GateEnv {
  const step = () => reach(ctx, life);
  return {
    ...env,
    WAITING_ROOM: steppingNamespace(env.WAITING_ROOM, step),
    SKU_STOCK: steppingNamespace(env.SKU_STOCK, step),
    ORDERS_QUEUE: stepping(noting(env.ORDERS_QUEUE, "sluice-orders", life.sending), step),
    EVENTS_QUEUE: stepping(noting(env.EVENTS_QUEUE, "sluice-events", life.sending), step),
  };
}

export class Order extends RealOrder {
  readonly #life: Life;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    const life: Life = { sending: new Set(), crashing: false };
    super(ctx, steppingEnv(env, ctx, life));
    this.#life = life;
  }

  protected override save(record: OrderRecord, effects: readonly OrderEffect[]): void {
    super.save(record, effects);
    if (mishaps.isWriteToLose()) this.ctx.abort("a crash that the test planned");
  }

  override async place(intent: OrderIntent): ReturnType<RealOrder["place"]> {
    const outcome = await super.place(intent);
    await reach(this.ctx, this.#life);
    return outcome;
  }

  override async lease(leaseId: string): ReturnType<RealOrder["lease"]> {
    const outcome = await super.lease(leaseId);
    await reach(this.ctx, this.#life);
    return outcome;
  }

  override async recordPayment(
    leaseId: string,
    paymentId: string,
  ): ReturnType<RealOrder["recordPayment"]> {
    const outcome = await super.recordPayment(leaseId, paymentId);
    await reach(this.ctx, this.#life);
    return outcome;
  }

  override async report(...said: Parameters<RealOrder["report"]>): ReturnType<RealOrder["report"]> {
    const outcome = await super.report(...said);
    await reach(this.ctx, this.#life);
    return outcome;
  }
}

/** The real KV, except that reading may take longer than anybody waits. */
function sometimesSilent(kv: KVNamespace): KVNamespace {
  const silence = async (): Promise<void> => {
    if (mishaps.silentConfig) await scheduler.wait(SILENCE_MS);
  };
  return new Proxy(kv, {
    get(real, member): unknown {
      if (member !== "get") return Reflect.get(real, member);
      return (key: string) => silence().then(() => real.get(key));
    },
  });
}

export class WaitingRoom extends RealWaitingRoom {
  constructor(ctx: DurableObjectState, env: GateEnv) {
    const EVENTS_QUEUE = roomQueue(env.EVENTS_QUEUE, ctx);
    super(ctx, { ...env, CONFIG: sometimesSilent(env.CONFIG), EVENTS_QUEUE });
  }

  override async reportLevel(level: StockLevel): Promise<void> {
    const { name } = this.ctx.id;
    if (name !== undefined && mishaps.deafRooms.has(name)) this.ctx.abort("deaf, as planned");
    return super.reportLevel(level);
  }

  async #meetMishap(): Promise<void> {
    const { name } = this.ctx.id;
    if (name === undefined) return;
    if (mishaps.brokenRooms.has(name)) this.ctx.abort("broken, as planned");
    if (mishaps.silentRooms.has(name)) await scheduler.wait(SILENCE_MS);
  }

  override async snapshot(): ReturnType<RealWaitingRoom["snapshot"]> {
    await this.#meetMishap();
    return super.snapshot();
  }

  override async claim(
    ticket: Parameters<RealWaitingRoom["claim"]>[0],
  ): ReturnType<RealWaitingRoom["claim"]> {
    await this.#meetMishap();
    return super.claim(ticket);
  }

  override async admitNow(
    ...asked: Parameters<RealWaitingRoom["admitNow"]>
  ): ReturnType<RealWaitingRoom["admitNow"]> {
    await this.#meetMishap();
    return super.admitNow(...asked);
  }
}

export class TicketBooth extends RealTicketBooth {
  async #meetMishap(): Promise<void> {
    const { name } = this.ctx.id;
    if (name === undefined) return;
    if (mishaps.brokenBooths.has(name)) this.ctx.abort("broken, as planned");
    if (mishaps.silentBooths.has(name)) await scheduler.wait(SILENCE_MS);
  }

  override async join(
    ...asked: Parameters<RealTicketBooth["join"]>
  ): ReturnType<RealTicketBooth["join"]> {
    await this.#meetMishap();
    return super.join(...asked);
  }

  override async close(k: number, force: boolean): Promise<CloseOutcome> {
    await this.#meetMishap();
    return super.close(k, force);
  }
}

export default {
  fetch: (request: Request, env: GateEnv, ctx: ExecutionContext) => gate.fetch(request, env, ctx),
  queue: (batch: MessageBatch, env: OrdersEnv) => orders.queue(batch, env),
};
