/**
 * An account of one SKU for tests that read like statements: commands with short names, a clock
 * that the test sets, and the ledger rows written since the last look.
 */
import { claimIdentity, type ClaimOutcome } from "../../../src/domain/stock/identities.ts";
import { restock, type RestockOutcome } from "../../../src/domain/stock/restock.ts";
import * as stock from "../../../src/domain/stock/stock.ts";
import type { Movement } from "../../../src/domain/stock/stock-ledger.ts";
import { statement, StockMemory } from "./stock-memory.ts";

export const DEADLINE_MS = 60_000;

/** One SKU on one sale. */
export class Account {
  readonly book = new StockMemory();
  now = 0;
  limit = 2;
  deadline_ms = DEADLINE_MS;

  constructor(units: number) {
    this.move("receive", units);
  }

  move(
    kind: Movement["kind"],
    quantity: number,
    id = `${kind} ${quantity}`,
  ): stock.MovementOutcome {
    const movement = { id, kind, quantity, reason: "test" };
    return this.book.apply(stock.moveStock(this.book, movement, this.now));
  }

  hold(buyer: string, quantity: number): stock.HoldOutcome {
    const { deadline_ms, limit } = this;
    const key = { sale: "air-one", buyer, id: `cart of ${buyer}` };
    const command = { ...key, quantity, deadline_ms, limitPerBuyer: limit };
    return this.book.apply(stock.hold(this.book, command, this.now));
  }

  /** The shopper leaves. */
  letGo(buyer: string): stock.HoldOutcome {
    const { deadline_ms, limit: limitPerBuyer } = this;
    const key = { sale: "air-one", buyer, id: `cart of ${buyer}` };
    const command = { ...key, quantity: 0, deadline_ms, limitPerBuyer, isFinal: true };
    return this.book.apply(stock.hold(this.book, command, this.now));
  }

  order(
    buyer: string,
    id: string,
    quantity: number,
    identities: readonly string[] = [],
  ): stock.OrderOutcome {
    const key = { sale: "air-one", buyer, id, holdId: `cart of ${buyer}` };
    const command = { ...key, quantity, identities, limitPerBuyer: this.limit };
    return this.book.apply(stock.order(this.book, command, this.now));
  }

  claim(buyer: string, id: string, identity: string): ClaimOutcome {
    const command = { sale: "air-one", buyer, id, identity, limitPerBuyer: this.limit };
    return this.book.apply(claimIdentity(this.book, command, this.now));
  }

  restock(buyer: string, id: string, restockId: string, quantity: number): RestockOutcome {
    const command = { sale: "air-one", buyer, id, restockId, quantity };
    return this.book.apply(restock(this.book, command, this.now));
  }

  sell(buyer: string, id: string): stock.SellOutcome {
    return this.book.apply(stock.sell(this.book, { sale: "air-one", buyer, id }, this.now));
  }

  /** `deadline_ms`: of the cart that a declined order's units go back to. */
  release(buyer: string, id: string, deadline_ms: number | null = null): stock.ReleaseOutcome {
    const backTo = deadline_ms === null ? null : { holdId: `cart of ${buyer}`, deadline_ms };
    const command = { sale: "air-one", buyer, id, backTo };
    return this.book.apply(stock.release(this.book, command, this.now));
  }

  /** Releases an order that was refused: only units of the cart go back to it. */
  refuse(buyer: string, id: string): stock.ReleaseOutcome {
    const hold = { holdId: `cart of ${buyer}`, deadline_ms: Number.MAX_SAFE_INTEGER };
    const command = { sale: "air-one", buyer, id, backTo: { ...hold, only: "held" as const } };
    return this.book.apply(stock.release(this.book, command, this.now));
  }

  expire(): void {
    this.book.apply(stock.expire(this.book, this.now));
  }

  /** What the ledger gained since the last look. */
  #seen = 0;
  rows(): string[] {
    const rows = statement(this.book, this.#seen);
    this.#seen = this.book.ledger.length;
    return rows;
  }
}

/** An account whose opening row has been read. */
export function accountOf(units: number): Account {
  const account = new Account(units);
  account.rows();
  return account;
}
