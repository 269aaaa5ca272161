/**
 * The promise P13, held against every decision of a stock: no network has more unpaid units than
 * the sale allows, a network whose holds end unpaid takes none for a while, and neither is refused
 * without cause. Counted from the stored reservations and the ledger, never from the stock's own
 * groups.
 */
import type { StockRules } from "../../durable-objects/sku-stock/stock-core.ts";
import type { Reservation } from "../../src/domain/stock/stock-ledger.ts";
import type { HoldOutcome, OrderOutcome } from "../../src/domain/stock/stock.ts";
import type { StockMemory } from "../memory/stock-memory.ts";
import type { Broken } from "./broken.ts";
import { SKEW_MAX_MS } from "./object-host.ts";
import { COOLING_OFF, UNITS_PER_NETWORK } from "./sale.ts";

interface Decision {
  readonly buyer: string;
  /** The hold that is asked for, or that the order is made from. */
  readonly holdId: string;
  readonly outcome: HoldOutcome | OrderOutcome;
  /** Units of hold and order together, if the command is taken. */
  readonly units: number;
  /** More than the hold has. */
  readonly isMore: boolean;
  readonly now: number;
}

const isUnpaid = ({ standing }: Reservation, now: number): boolean => {
  if (standing.state === "held") return standing.deadline_ms > now;
  return standing.state === "ordered";
};

export class NetworkPromises {
  readonly #broken: Broken;
  /** By buyer, and by the id of each hold and order. */
  readonly #networks = new Map<string, string>();
  /** When each hold ends, by SKU and id. */
  readonly #deadlines = new Map<string, number>();

  constructor(broken: Broken) {
    this.#broken = broken;
  }

  comesFrom(buyer: string, network: string): void {
    this.#networks.set(buyer, network);
  }

  /** The rules of a stock, each decision of which is checked. */
  watching(sku: string, memory: StockMemory, rules: StockRules): StockRules {
    return {
      ...rules,
      hold: (reads, command, now) => {
        const { buyer, id, quantity, unpaid } = command;
        const known = memory.reservation(command);
        const held = known !== null && isUnpaid(known, now) ? known.quantity : 0;
        const decision = rules.hold(reads, command, now);
        const { outcome } = decision;
        const asked = { buyer, holdId: id, outcome, units: quantity, isMore: quantity > held, now };
        if (unpaid !== undefined) this.#check(sku, memory, asked);
        return decision;
      },
      order: (reads, command, now) => {
        const { buyer, holdId, quantity, unpaid } = command;
        const cart = memory.reservation({ ...command, id: holdId });
        const held = cart !== null && isUnpaid(cart, now) ? cart.quantity : 0;
        const units = Math.max(held, quantity);
        const decision = rules.order(reads, command, now);
        const { outcome } = decision;
        const asked = { buyer, holdId, outcome, units, isMore: quantity > held, now };
        this.#networks.set(command.id, this.#networks.get(buyer) ?? "");
        if (unpaid !== undefined) this.#check(sku, memory, asked);
        return decision;
      },
    };
  }

  #check(sku: string, memory: StockMemory, decision: Decision): void {
    const { buyer, holdId, outcome, units, isMore, now } = decision;
    const network = this.#networks.get(buyer) ?? "";
    this.#networks.set(holdId, network);
    for (const { id, standing } of memory.reservations.values()) {
      if (standing.state === "held") this.#deadlines.set(`${sku} ${id}`, standing.deadline_ms);
    }
    const taken = this.#taken(memory, network, decision);
    const cap = UNITS_PER_NETWORK;
    const took = (outcome.kind === "held" || outcome.kind === "ordered") && isMore;
    if (took && taken + units > cap) {
      this.#broken("P13", `${buyer} takes ${units} of ${sku}; ${network} has ${taken} of ${cap}`);
    }
    if (outcome.kind === "unpaid_limit_reached" && taken + units <= cap) {
      this.#broken("P13", `${buyer} is refused ${units} of ${sku}; ${network} has ${taken}`);
    }
    this.#checkCooling(sku, memory, network, { buyer, outcome, took, now });
  }

  #taken(memory: StockMemory, network: string, { buyer, holdId, now }: Decision): number {
    const others = [...memory.reservations.values()].filter((item) => {
      const isOwn = item.buyer === buyer && item.id === holdId;
      return !isOwn && this.#networks.get(item.buyer) === network && isUnpaid(item, now);
    });
    return others.reduce((sum, { quantity }) => sum + quantity, 0);
  }

  /** Lapses are at least the holds that expired, and at most these and the units that came back. */
  #checkCooling(
    sku: string,
    memory: StockMemory,
    network: string,
    { buyer, outcome, took, now }: Pick<Decision, "buyer" | "outcome" | "now"> & { took: boolean },
  ): void {
    const own = memory.ledger.filter(({ reservation }) => {
      return this.#networks.get(reservation) === network;
    });
    const expired = own.filter(({ kind }) => kind === "expire");
    const due = memory.dueHolds(now).filter((item) => this.#networks.get(item.buyer) === network);
    const ends_ms = expired.map(({ reservation, at_ms }) => {
      return Math.min(at_ms, this.#deadlines.get(`${sku} ${reservation}`) ?? 0);
    });
    const allowed = COOLING_OFF.perNetwork;
    const until_ms = Math.max(...ends_ms, 0) + COOLING_OFF.seconds * 1000;
    const cools = expired.length >= allowed && now < until_ms - 2 * SKEW_MAX_MS;
    if (took && cools) this.#broken("P13", `${buyer} takes ${sku} while ${network} cools off`);
    const back = own.filter(({ kind }) => kind === "release" || kind === "return_available");
    const mayLapse = expired.length + due.length + back.length;
    if (outcome.kind === "cooling_off" && mayLapse < allowed) {
      this.#broken("P13", `${network} cools off after ${mayLapse} ends of holds of ${sku}`);
    }
  }
}
