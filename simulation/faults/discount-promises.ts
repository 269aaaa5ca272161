/**
 * The promises about discount codes: never more uses than allowed, each of an order that has a
 * right to it, and in the end as many as orders were paid with the code.
 */
import type { DiscountUse } from "../../src/domain/discounts/uses.ts";
import { isFinal, type OrderRecord } from "../../src/domain/order/order.ts";
import type { Broken } from "./broken.ts";
import type { Objects } from "./objects.ts";

type Standing = DiscountUse["standing"];
type Counted = Exclude<Standing, { readonly state: "given_back" }>;

export class DiscountPromises {
  readonly #objects: () => Objects;
  readonly #broken: Broken;
  /** Orders whose use was seen. */
  readonly #seen = new Set<string>();

  constructor(objects: () => Objects, broken: Broken) {
    this.#objects = objects;
    this.#broken = broken;
  }

  /** The object of the codes wrote. */
  check(): void {
    const { byId } = this.#objects().discountMemory;
    const counted = this.#counted();
    for (const [order, use] of counted) {
      if (!this.#seen.has(order)) this.#checkAllowed(order, use, counted);
      this.#seen.add(order);
      this.#checkRight(order, use);
    }
    for (const { id, hint, reserved, kept } of byId.values()) {
      const own = [...counted.values()].filter(({ code }) => code === id);
      const states = [reserved, kept].join("/");
      const seen = ["reserved", "kept"].map((state) => {
        return own.filter((use) => use.state === state).length;
      });
      if (states !== seen.join("/")) {
        this.#broken("P1", `${hint} counts ${states} uses, orders have ${seen.join("/")}`);
      }
    }
  }

  #counted(): Map<string, Counted> {
    const uses = [...this.#objects().discountMemory.uses.values()];
    return new Map(
      uses.flatMap(({ order, standing }) => {
        return standing.state === "given_back" ? [] : [[order, standing] as const];
      }),
    );
  }

  /** When it was taken there was a use left, in total and for this buyer. */
  #checkAllowed(order: string, { code }: Counted, counted: ReadonlyMap<string, Counted>): void {
    const rule = this.#objects().discountMemory.byId.get(code)?.rule;
    if (rule === undefined) return this.#broken("P1", `${order} has a code that does not exist`);
    const own = [...counted].filter(([, use]) => use.code === code).map(([id]) => id);
    if (rule.uses !== null && own.length > rule.uses) {
      this.#broken("P1", `${own.length} of ${rule.uses} uses are taken, the last by ${order}`);
    }
    const buyer = this.#recordOf(order)?.intent;
    const alike = own.filter((id) => {
      const other = this.#recordOf(id)?.intent;
      return other?.buyer === buyer?.buyer || other?.identities.join() === buyer?.identities.join();
    });
    if (rule.usesPerBuyer !== null && alike.length > rule.usesPerBuyer) {
      this.#broken("P1", `the buyer of ${order} has ${alike.length} uses of ${rule.usesPerBuyer}`);
    }
  }

  /** It belongs to an order in progress or confirmed, or that order's outbox settles it. */
  #checkRight(order: string, { state }: Counted): void {
    const record = this.#recordOf(order);
    if (record === null) return this.#broken("P5", `${order} has a use, and is no order`);
    if (state === "kept" && record.standing.state !== "confirmed") {
      this.#broken("P3", `${order} keeps its use of a code, and is ${record.standing.state}`);
    }
    if (isFinal(record.standing) && record.standing.state !== "confirmed" && !this.#owes(order)) {
      this.#broken("P5", `${order} is ${record.standing.state} and has the use of a code`);
    }
  }

  /** An order with a discount has its use, from its acceptance until it ends unsold. */
  checkOrder({ intent, standing }: OrderRecord): void {
    const { id, discount } = intent;
    const isUnsold = isFinal(standing) && standing.state !== "confirmed";
    const use = this.#objects().discountMemory.uses.get(id)?.standing;
    if (use !== undefined && use.state !== "given_back") this.#checkRight(id, use);
    if (discount === null || standing.state === "placing" || isUnsold) return;
    if (use === undefined || use.state === "given_back") {
      this.#broken("P4", `${id} is ${standing.state} without its use of ${discount.hint}`);
    } else if (use.taken.hash !== discount.code || use.taken.revision !== discount.revision) {
      this.#broken("P11", `${id} has the use of another discount than it was priced with`);
    }
  }

  checkSettled(): void {
    const { discountMemory, orders } = this.#objects();
    for (const { hash, hint, reserved, kept } of discountMemory.byId.values()) {
      if (reserved > 0) this.#broken("P5", `${reserved} uses of ${hint} are reserved for ever`);
      const records = [...orders.values()].map(({ memory }) => memory.record);
      const paid = records.filter((record) => {
        return record?.standing.state === "confirmed" && record.intent.discount?.code === hash;
      });
      if (paid.length === kept) continue;
      this.#broken(
        "P3",
        `${kept} uses of ${hint} are kept, ${paid.length} orders were paid with it`,
      );
    }
  }

  #recordOf(order: string): OrderRecord | null {
    return this.#objects().orders.get(order)?.memory.record ?? null;
  }

  #owes(order: string): boolean {
    const outbox = this.#objects().orders.get(order)?.memory.outbox;
    return [...(outbox?.values() ?? [])].some(({ owed }) => owed.kind === "discount");
  }
}
