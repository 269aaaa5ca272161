/**
 * The merchant's prices and discount codes in a simulated world, and how they change while shoppers
 * look at them.
 *
 * Guarantee: nothing changes after the faults have stopped.
 */
import { discountRuleSchema, type DiscountRule } from "../../src/domain/discounts/rule.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Conditions } from "./faults.ts";
import type { Network } from "./network.ts";
import type { Objects } from "./objects.ts";
import { SALE } from "./sale.ts";

/** About how often each changes in all. */
const CHANGES = 12;
/** Long enough for the rules of a code, with few uses for many shoppers. */
const CODES = [
  { code: "TENOFF", uses: 3, usesPerBuyer: 1, items: [] },
  { code: "FIVEOFF", uses: 2, usesPerBuyer: null, items: ["SHOE", "SOCK"] },
] as const;
const NEVER_SOLD = "MISTYPED";
/** What shoppers type. */
export const TYPED_CODES = [...CODES.map(({ code }) => code), NEVER_SOLD];

type CodeSettings = (typeof CODES)[number];

export interface CampaignParts extends Conditions {
  readonly objects: Objects;
  readonly network: Network;
  readonly catalogue: Catalogue;
}

export class Campaign {
  readonly #parts: CampaignParts;

  constructor(parts: CampaignParts) {
    this.#parts = parts;
  }

  async open(): Promise<void> {
    for (const settings of CODES) await this.#put(settings, settings.uses);
  }

  async changePrices(until_ms: number): Promise<void> {
    const { catalogue, faults } = this.#parts;
    if (!faults.isOn("price_change")) return;
    for await (const _ of this.#now(until_ms)) {
      faults.count("price_change");
      const { sku, price } = faults.pick(SALE.items);
      catalogue.reprice(sku, price + 50 * faults.between(-2, 6));
    }
  }

  async changeCodes(until_ms: number): Promise<void> {
    const { faults, network, objects } = this.#parts;
    if (!faults.isOn("code_change")) return;
    for await (const _ of this.#now(until_ms)) {
      faults.count("code_change");
      const settings = faults.pick(CODES);
      const fate = faults.random();
      if (fate < 0.5) {
        await this.#put(settings, faults.between(1, 4));
        continue;
      }
      await network.askAgain(objects.discountCodes, async (core) => {
        const known = core.find(settings.code);
        if (known === null) return "unknown";
        return fate < 0.9 ? core.enable(known.id, !known.enabled) : core.remove(known.id);
      });
    }
  }

  /** A merchant changes a code between the look at it and the order that names what it took off. */
  async changeBeforeOrder(code: string | null): Promise<void> {
    const settings = CODES.find((known) => known.code === code);
    if (settings === undefined || !this.#parts.faults.strikesOften("code_change")) return;
    await this.#put(settings, settings.uses);
  }

  async #put(settings: CodeSettings, uses: number): Promise<void> {
    const { network, objects } = this.#parts;
    const rule = this.#rule(settings, uses);
    await network.askAgain(objects.discountCodes, async (core) => {
      return core.put([{ code: settings.code, rule }]);
    });
  }

  #rule({ usesPerBuyer, items }: CodeSettings, uses: number): DiscountRule {
    const { faults } = this.#parts;
    const discount =
      items.length === 0
        ? { kind: "percent", basisPoints: 500 * faults.between(1, 4) }
        : { kind: "amount", amount: 100 * faults.between(1, 4) };
    return discountRuleSchema.parse({ discount, uses, usesPerBuyer, items });
  }

  async *#now(until_ms: number): AsyncGenerator<void> {
    const { faults, time } = this.#parts;
    const pauseMax_ms = Math.ceil((2 * (until_ms - time.now)) / CHANGES);
    for (;;) {
      await time.sleep(faults.between(0, pauseMax_ms));
      if (faults.areOver || time.now >= until_ms) return;
      yield;
    }
  }
}
