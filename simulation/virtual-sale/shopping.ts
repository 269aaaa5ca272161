/**
 * What shoppers do once they are in: fill the cart, order, pay or be declined, go, or drift away.
 *
 * Guarantee: units move by the rules of the stock alone, and every shopper who was let in gives
 * the seat back by buying, leaving, or running out of time.
 */
import { hold, order, release, sell } from "../../src/domain/stock/stock.ts";
import { between, type Random } from "../seeded-random.ts";
import { STAGE, type Crowd } from "./crowd.ts";
import type { SimulationOptions } from "./options.ts";
import type { Shop } from "./shop.ts";
import type { Tally } from "./tally.ts";
import type { EventWheel } from "./wheel.ts";

const DECLINED_SHARE = 0.08;
/** Of those who do not buy: closes the tab without leaving; the seat expires. */
const DRIFTING_SHARE = 0.1;
const HOLD_MS = 600_000;
const LIMIT_PER_BUYER = 1;
/** Requests of an order's page until its final state. */
const FOLLOWING_POLLS = 3;

export interface ShoppingParts {
  readonly crowd: Crowd;
  readonly shop: Shop;
  readonly wheel: EventWheel;
  readonly tally: Tally;
  readonly random: Random;
}

export class Shopping {
  readonly #parts: ShoppingParts;
  readonly #buyRate: number;
  readonly #declines = new Map<number, number>();

  constructor({ buyRate }: SimulationOptions, parts: ShoppingParts) {
    this.#buyRate = buyRate;
    this.#parts = parts;
  }

  /** Somebody has just been let in. */
  enter(shopper: number, now: number): void {
    const random = this.#parts.random;
    if (random() < this.#buyRate) {
      this.#next(shopper, STAGE.choosing, now + between(random, 10_000, 50_000));
    } else if (random() < DRIFTING_SHARE) {
      this.#next(shopper, STAGE.drifting, Number.MAX_SAFE_INTEGER);
    } else {
      this.#next(shopper, STAGE.leaving, now + between(random, 15_000, 120_000));
    }
  }

  /** Whatever comes after the admission's end is the end of the admission. */
  #next(shopper: number, stage: number, at_ms: number): void {
    const { expiresAt_ms } = this.#parts.shop.admission(shopper);
    const over = at_ms >= expiresAt_ms;
    this.#parts.crowd.stage[shopper] = over ? STAGE.drifting : stage;
    this.#parts.wheel.schedule(shopper, over ? expiresAt_ms : at_ms);
  }

  happen(shopper: number, now: number): void {
    switch (this.#parts.crowd.stage[shopper]) {
      case STAGE.choosing:
        return this.#fillCart(shopper, now);
      case STAGE.ordering:
        return this.#order(shopper, now);
      case STAGE.paying:
        return this.#settle(shopper, now);
      case STAGE.leaving:
        return this.#leave(shopper, now);
      default:
        // The room expires the seat by itself.
        this.#parts.crowd.stage[shopper] = STAGE.gone;
    }
  }

  #leave(shopper: number, now: number): void {
    this.#parts.tally.workerRequests += 1;
    const name = String(shopper);
    const { stock } = this.#parts.shop;
    const key = { sale: "s", buyer: name, id: name };
    if (stock.reservation(key)?.standing.state === "held") {
      this.#parts.tally.object("stock", 1);
      const nothing = { ...key, quantity: 0, deadline_ms: now, limitPerBuyer: LIMIT_PER_BUYER };
      stock.apply(hold(stock, nothing, now));
    }
    this.#parts.shop.ask(now).leave(this.#parts.shop.admission(shopper).id);
    this.#parts.crowd.stage[shopper] = STAGE.gone;
  }

  #fillCart(shopper: number, now: number): void {
    const tally = this.#parts.tally;
    tally.workerRequests += 1;
    tally.carts += 1;
    // The gate calls the room, whether the seat is still taken, and then the stock.
    tally.object("room", 1);
    tally.object("stock", 1);
    const name = String(shopper);
    const { stock } = this.#parts.shop;
    const deadline_ms = Math.min(now + HOLD_MS, this.#parts.shop.admission(shopper).expiresAt_ms);
    const command = { sale: "s", buyer: name, id: name, quantity: 1, deadline_ms };
    const limitPerBuyer = LIMIT_PER_BUYER;
    const outcome = stock.apply(hold(stock, { ...command, limitPerBuyer }, now));
    if (outcome.kind === "sold_out") {
      this.#next(shopper, STAGE.leaving, now + between(this.#parts.random, 3000, 20_000));
    } else {
      this.#next(shopper, STAGE.ordering, now + between(this.#parts.random, 30_000, 120_000));
    }
  }

  #orderOf(shopper: number): string {
    return `${shopper}-${this.#declines.get(shopper) ?? 0}`;
  }

  #order(shopper: number, now: number): void {
    const tally = this.#parts.tally;
    tally.workerRequests += 1 + FOLLOWING_POLLS;
    tally.orders += 1;
    tally.object("stock", 1);
    const buyer = String(shopper);
    const id = this.#orderOf(shopper);
    const { stock } = this.#parts.shop;
    const admission = this.#parts.shop.admission(shopper).id;
    const begun = this.#parts.shop.ask(now).beginOrder(admission, id).kind === "begun";
    const command = { sale: "s", buyer, id, holdId: buyer, quantity: 1 };
    const limitPerBuyer = LIMIT_PER_BUYER;
    if (begun) {
      const outcome = stock.apply(order(stock, { ...command, limitPerBuyer }, now));
      if (outcome.kind === "ordered") {
        this.#parts.crowd.stage[shopper] = STAGE.paying;
        this.#parts.wheel.schedule(shopper, now + between(this.#parts.random, 1500, 5000));
        return;
      }
      this.#parts.shop.ask(now).finishOrder(admission, id, "hand_back");
    }
    this.#next(shopper, STAGE.leaving, now + between(this.#parts.random, 3000, 20_000));
  }

  #settle(shopper: number, now: number): void {
    this.#parts.tally.object("stock", 1);
    const buyer = String(shopper);
    const id = this.#orderOf(shopper);
    const { stock } = this.#parts.shop;
    const key = { sale: "s", buyer, id };
    const { id: admission, expiresAt_ms: deadline_ms } = this.#parts.shop.admission(shopper);
    if (this.#parts.random() >= DECLINED_SHARE) {
      stock.apply(sell(stock, key, now));
      this.#parts.shop.ask(now).finishOrder(admission, id, "spend");
      this.#parts.crowd.stage[shopper] = STAGE.gone;
      return;
    }
    stock.apply(release(stock, { ...key, backTo: { holdId: buyer, deadline_ms } }, now));
    this.#parts.shop.ask(now).finishOrder(admission, id, "hand_back");
    const declines = (this.#declines.get(shopper) ?? 0) + 1;
    this.#declines.set(shopper, declines);
    const stage = declines > 1 ? STAGE.leaving : STAGE.ordering;
    this.#next(shopper, stage, now + between(this.#parts.random, 10_000, 40_000));
  }
}
