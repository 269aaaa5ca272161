/**
 * A script of one network that fills carts under one name after the other and pays for none, in
 * worlds whose sale bounds unpaid units.
 */
import { itemOf } from "../../src/domain/sale/sale.ts";
import type { Conditions } from "./faults.ts";
import type { Gate } from "./gate.ts";
import type { Network } from "./network.ts";
import type { Objects } from "./objects.ts";
import { BOUNDED_SALE } from "./sale.ts";

/** The first of the networks that shoppers come from: one of them shares it. */
const ADDRESS = "10.0.1.1";
const PAUSE_MAX_S = 20;
/** Also in worlds that last for a day. */
const NAMES_MAX = 40;

interface HoarderParts extends Conditions {
  readonly gate: Gate;
  readonly network: Network;
  readonly objects: Objects;
}

export class Hoarder {
  readonly #parts: HoarderParts;

  constructor(parts: HoarderParts) {
    this.#parts = parts;
  }

  async live(until_ms: number): Promise<void> {
    const { faults, gate, network, objects, time } = this.#parts;
    if (!faults.isOn("networks")) return;
    const { id: sale, items, admission } = BOUNDED_SALE;
    for (let number = 1; number <= NAMES_MAX && time.now < until_ms; number += 1) {
      await time.sleep(faults.laterBetween(1, PAUSE_MAX_S) * 1000);
      if (faults.areOver) return;
      const { sku } = items[faults.laterBetween(0, items.length - 1)] ?? { sku: "SHOE" };
      const name = `h${number}`;
      const limitPerBuyer = itemOf(BOUNDED_SALE, sku)?.limitPerBuyer ?? 1;
      const deadline_ms = time.now + admission.holdSeconds * 1000;
      const key = { sale, buyer: name, id: `adm_${name}` };
      const counted = gate.unpaidTerms(name, ADDRESS);
      const command = { ...key, quantity: limitPerBuyer, limitPerBuyer, deadline_ms, ...counted };
      const { host } = objects.stockOf(sku);
      const outcome = await network.ask(null, host, (core) => core.hold(command)).catch(() => null);
      if (outcome?.kind === "unpaid_limit_reached" || outcome?.kind === "cooling_off") {
        faults.count("networks");
      }
    }
  }
}
