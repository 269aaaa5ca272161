/**
 * The payment provider's webhooks on their way to the shop.
 *
 * Guarantee, weaker than Stripe's for payments, because an order that waits looks its payment up by
 * itself: an event about a payment may be late, come twice, or never. One about a refund or a
 * dispute is sent again until it is answered, as Stripe does for three days, unless the world's
 * provider is silent.
 */
import type { NewsOf } from "../../src/domain/order/saga.ts";
import type { Conditions } from "./faults.ts";
import type { Network } from "./network.ts";
import type { Objects } from "./objects.ts";
import type { ProviderEvents } from "./payments.ts";

const MINUTE_MS = 60_000;
/** Most events come at once, some in a moment. */
const SOON_MAX_MS = [50, 50, 2000] as const;
const AGAIN_MAX_MS = 10 * MINUTE_MS;

export interface ProviderEventsParts extends Conditions {
  readonly objects: Objects;
  readonly network: Network;
  readonly isSilent: boolean;
}

export class SimulatedEvents implements ProviderEvents {
  readonly #parts: ProviderEventsParts;

  constructor(parts: ProviderEventsParts) {
    this.#parts = parts;
  }

  payment(order: string, isReserved: boolean): void {
    const { faults, time } = this.#parts;
    if (faults.random() < 0.5) return;
    const copies = faults.strikes("message_twice") ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const late_ms = faults.strikes("message_late") ? faults.between(0, MINUTE_MS) : 0;
      time.after(faults.between(1, faults.pick(SOON_MAX_MS)) + late_ms, () => {
        void this.#deliver(order, isReserved ? "reserved" : "payment");
      });
    }
  }

  settlement(order: string): void {
    const { faults, time, isSilent } = this.#parts;
    if (isSilent) return;
    const isLost = faults.strikesOften("news_lost");
    const soon_ms = faults.between(1, faults.pick(SOON_MAX_MS));
    const wait_ms = isLost ? faults.between(MINUTE_MS, AGAIN_MAX_MS) : soon_ms;
    time.after(wait_ms, () => void this.#deliverForSure(order));
  }

  async #deliverForSure(order: string): Promise<void> {
    if (await this.#deliver(order, "settlement")) return;
    const { faults, time } = this.#parts;
    time.after(faults.between(MINUTE_MS, AGAIN_MAX_MS), () => void this.#deliverForSure(order));
  }

  /** Whether it was answered. */
  async #deliver(order: string, about: NewsOf): Promise<boolean> {
    const { network, objects } = this.#parts;
    const { host } = objects.orderOf(order);
    const answer = await network.ask(null, host, (core) => core.nudge(about)).catch(() => null);
    return answer !== null;
  }
}
