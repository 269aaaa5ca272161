/**
 * The promise about erased buyers (P15): what was asked to be erased is erased in the end, wherever
 * it was, and erasing moves no unit, no money and no order.
 */
import type { EraseAnswer } from "../../durable-objects/order/erasing.ts";
import { erasedBuyerOf } from "../../src/domain/order/erasure.ts";
import type { OrderEvent } from "../../src/domain/order/messages.ts";
import { isAtRest, type OrderRecord } from "../../src/domain/order/order.ts";
import type { Broken } from "./broken.ts";
import type { Objects } from "./objects.ts";

export class ErasurePromises {
  readonly #objects: () => Objects;
  readonly #broken: Broken;
  /** Orders whose erasure was promised, and the buyer and address that they had. */
  readonly #promised = new Map<string, { readonly buyer: string; readonly email: string }>();

  constructor(objects: () => Objects, broken: Broken) {
    this.#objects = objects;
    this.#broken = broken;
  }

  asked(before: OrderRecord, answer: EraseAnswer): void {
    const { id, buyer, email } = before.intent;
    if (answer.kind === "unknown") return this.#broken("P15", `${id} is to be erased, and unknown`);
    if (answer.kind !== "already_erased") this.#promised.set(id, { buyer, email });
    const record = this.#objects().orders.get(id)?.memory.record;
    if (answer.kind === "erased" && record?.intent.email !== "") {
      this.#broken("P15", `${id} was answered as erased, and its buyer is there`);
    }
  }

  isErased(order: string): boolean {
    return this.#objects().orders.get(order)?.memory.record?.intent.email === "";
  }

  /** An order's record became durable. */
  saved(before: OrderRecord | null, after: OrderRecord): void {
    if (before === null || before.intent.email === after.intent.email) return;
    const { id } = after.intent;
    if (!isAtRest(before)) this.#broken("P15", `${id} was erased as ${before.standing.state}`);
    if (accountOf(before) !== accountOf(after)) {
      const what = `${accountOf(before)} became ${accountOf(after)}`;
      this.#broken("P15", `${id} was changed by erasing: ${what}`);
    }
  }

  /** Long after the last fault. @param known as the order book has the order */
  checkSettled({ intent }: OrderRecord, known: OrderEvent | undefined): void {
    const promised = this.#promised.get(intent.id);
    if (promised === undefined) return;
    const { id, lines } = intent;
    const { buyer, email } = promised;
    if (JSON.stringify(intent).includes(email)) this.#broken("P15", `${id} still has ${email}`);
    if (known?.email !== "") this.#broken("P15", `the book still has the buyer of ${id}`);
    for (const { sku } of lines) {
      const { memory } = this.#objects().stockOf(sku);
      const key = { sale: intent.sale, buyer, id };
      if (buyer !== erasedBuyerOf(id) && memory.reservation(key) !== null) {
        this.#broken("P15", `${sku} still has ${buyer} of ${id}`);
      }
      const isCounted = memory.identities().some((identity) => {
        return memory.claimsOf(intent.sale, identity).some((claim) => claim.id === id);
      });
      if (isCounted) this.#broken("P15", `${sku} still counts the buyer of ${id}`);
    }
    const use = this.#objects().discountMemory.uses.get(id)?.standing;
    if (use !== undefined && use.state !== "given_back" && use.buyers.length > 0) {
      this.#broken("P15", `the use of a code by ${id} still has its buyer`);
    }
  }
}

/** What no erasure may change. */
function accountOf({ intent, standing, paymentId, refunds, final_ms }: OrderRecord): string {
  const { total, lines, currency, placedAt_ms } = intent;
  const money = refunds.map(({ id, amount, state, restock }) => ({ id, amount, state, restock }));
  return JSON.stringify([
    standing,
    paymentId,
    money,
    total,
    lines,
    currency,
    placedAt_ms,
    final_ms,
  ]);
}
