/**
 * The shoppers of a simulated world: they fill carts, ask what it costs, order, lose answers,
 * retry, click twice, go to their bank, give up, pay another way, and leave.
 *
 * Guarantee: a shopper starts nothing after the faults have stopped; the world must settle without
 * their help. What a shopper agrees to pay is what they were shown.
 */
import type { Quote } from "../../src/domain/checkout/quote.ts";
import type { OrderRecord } from "../../src/domain/order/order.ts";
import { GENERAL_LANE, itemOf } from "../../src/domain/sale/sale.ts";
import type { Line } from "../../src/domain/stock/cart.ts";
import { TYPED_CODES } from "./campaign.ts";
import { drawCard, methodFor } from "./cards.ts";
import type { Conditions } from "./faults.ts";
import type { Buyer, Gate, OrderAnswer, OrderRequest } from "./gate.ts";
import type { Network } from "./network.ts";
import type { Objects } from "./objects.ts";
import type { SimulatedPayments } from "./payments.ts";
import type { Promises } from "./promises.ts";
import type { Rules } from "./rules.ts";
import { SALE } from "./sale.ts";

const SECOND_MS = 1000;
const TRIES_MAX = 6;
/** A room that was full or slow may let a shopper in later. */
const ENTRIES_MAX = 30;
const ORDERS_MAX = 4;
/** Addresses that shoppers write from; each may be written in two ways. */
const MAILBOXES = 14;
/** Networks that shoppers come from. */
const NETWORKS = 4;

export interface ShopperParts extends Conditions {
  readonly rules: Rules;
  readonly objects: Objects;
  readonly network: Network;
  readonly gate: Gate;
  readonly promises: Promises;
  readonly payments: SimulatedPayments;
  /** How long shoppers take to come, and again to order, at most. */
  readonly hurry_ms: number;
}

export class Shopper {
  readonly #parts: ShopperParts;
  readonly #name: string;
  readonly #admission: string;
  readonly #email: string;
  readonly #card: string;
  readonly #address: string;
  #expiresAt_ms = 0;
  #orders = 0;
  #code: string | null;
  /** Pays another way when a card is declined, and agrees to another price. */
  readonly #isPatient: boolean;

  constructor(parts: ShopperParts, name: string) {
    const { faults } = parts;
    this.#parts = parts;
    this.#name = name;
    this.#admission = `adm_${name}`;
    this.#address = `10.0.${faults.laterBetween(1, NETWORKS)}.1`;
    this.#isPatient = faults.random() < 0.6;
    const tag = faults.random() < 0.5 ? "" : "+drop";
    this.#email = `mail${faults.between(1, MAILBOXES)}${tag}@shop.example`;
    this.#card = drawCard(faults);
    this.#code = faults.random() < 0.5 ? faults.pick(TYPED_CODES) : null;
  }

  get #buyer(): Buyer {
    const expiresAt_ms = this.#expiresAt_ms;
    const [name, admission, email] = [this.#name, this.#admission, this.#email];
    return { name, admission, expiresAt_ms, email, address: this.#address };
  }

  async live(): Promise<void> {
    const { faults, time } = this.#parts;
    await time.sleep(faults.between(0, this.#parts.hurry_ms));
    if (!(await this.#enter())) return;
    if (faults.isOn("devices")) void this.#useDevices();
    const lines = this.#choose();
    if (faults.random() < 0.7) await this.#hold(lines);
    if (faults.random() < 0.2) await this.#renew(lines);
    await time.sleep(faults.between(0, this.#parts.hurry_ms));
    if (faults.strikes("shopper_gone")) return;
    await this.#buy(lines);
  }

  /** What the page that follows the order shows its shopper. */
  async hears({ standing, intent, paymentId }: OrderRecord): Promise<void> {
    const { faults, time } = this.#parts;
    if (standing.state === "action_required" && paymentId !== null) {
      return this.#atTheBank(intent.id, paymentId);
    }
    const mayPayAnotherWay = standing.state === "declined" && this.#isPatient;
    if (!mayPayAnotherWay || this.#orders >= ORDERS_MAX) return;
    await time.sleep(faults.between(0, 30 * SECOND_MS));
    if (time.now < this.#expiresAt_ms && !faults.areOver) await this.#buy(intent.lines);
  }

  async #atTheBank(order: string, paymentId: string): Promise<void> {
    const { faults, payments, time } = this.#parts;
    const fate = faults.random();
    if (faults.strikesOften("gives_up")) {
      await time.sleep(faults.between(0, 60 * SECOND_MS));
      // In one window they agree, in the other they give up.
      if (fate < 0.3) payments.authenticate(paymentId, true);
      void this.#giveUp(order);
      if (fate < 0.2) void this.#giveUp(order);
      return;
    }
    if (faults.strikesOften("leaves")) {
      await time.sleep(faults.between(0, 30 * SECOND_MS));
      return this.#leave();
    }
    await time.sleep(faults.between(0, 90 * SECOND_MS));
    if (fate >= 0.15) payments.authenticate(paymentId, fate < 0.8);
  }

  /** Out of the shop, as `src/shopper/waiting.ts` does it. */
  async #leave(): Promise<void> {
    const { gate, network, objects, promises } = this.#parts;
    const left = await network
      .ask(null, objects.room, async (core) => core.leave(this.#admission))
      .catch(() => null);
    if (left === null) return;
    for (const { sku, limitPerBuyer } of SALE.items) {
      const key = { sale: SALE.id, buyer: this.#name, id: this.#admission };
      const deadline_ms = gate.holdUntil_ms(this.#buyer);
      const counted = gate.unpaidTerms(this.#name, this.#address);
      const left = { quantity: 0, deadline_ms, limitPerBuyer, isFinal: true };
      const command = { ...key, ...left, ...counted };
      const { host, memory } = objects.stockOf(sku);
      const letGo = network.ask(null, host, async (core) => {
        const hadUnits = memory.takenBy(SALE.id, this.#name) > 0;
        await core.hold(command);
        return hadUnits;
      });
      if (await letGo.catch(() => false)) promises.unpaid.letGo(sku, this.#admission);
    }
  }

  async #giveUp(order: string): Promise<void> {
    const { network, objects, promises } = this.#parts;
    const { host } = objects.orderOf(order);
    const answer = await network.ask(null, host, (core) => core.giveUp()).catch(() => null);
    if (answer !== null) promises.buyers.gaveUp(order, answer);
  }

  /** Tries until the room lets the shopper in, or gives up. */
  async #enter(): Promise<boolean> {
    const { network, objects, time } = this.#parts;
    for (let tries = 0; tries < ENTRIES_MAX; tries += 1) {
      const outcome = await network
        .ask(null, objects.room, (core) => core.admitNow(this.#name, this.#name, GENERAL_LANE))
        .catch(() => null);
      if (outcome?.kind === "admitted") {
        this.#expiresAt_ms = outcome.admission.expiresAt_ms;
        return true;
      }
      await time.sleep(SECOND_MS);
    }
    return false;
  }

  /** The same ticket on several devices, some of them again. */
  async #useDevices(): Promise<void> {
    const { faults, network, objects, promises, time } = this.#parts;
    for (let use = faults.laterBetween(0, 8); use > 0; use -= 1) {
      await time.sleep(faults.laterBetween(1, 40) * SECOND_MS);
      if (faults.areOver) return;
      faults.count("devices");
      const device = `device ${faults.laterBetween(1, 5)}`;
      const outcome = await network
        .ask(null, objects.room, (core) => {
          return core.admitNow(this.#name, this.#name, GENERAL_LANE, { device, seen: device });
        })
        .catch(() => null);
      if (outcome?.kind === "admitted") {
        const tokens = outcome.admission.devices?.tokens ?? [];
        promises.seats.gave(
          this.#name,
          device,
          tokens.map((token) => token.device),
        );
      }
      const asked_ms = time.now;
      const snapshot = await network
        .ask(null, objects.room, async (core) => core.snapshot())
        .catch(() => null);
      if (snapshot !== null) promises.seats.read(snapshot, asked_ms);
    }
  }

  /** One to three lines; the same SKU may stand in two of them. */
  #choose(): Line[] {
    const { faults } = this.#parts;
    return Array.from({ length: faults.between(1, 3) }, () => {
      const { sku } = faults.pick(SALE.items);
      const limit = itemOf(SALE, sku)?.limitPerBuyer ?? 1;
      return { sku, quantity: faults.between(1, limit) };
    });
  }

  /** Lets everything go and takes it again. */
  async #renew(lines: readonly Line[]): Promise<void> {
    await this.#parts.time.sleep(this.#parts.faults.between(1, 60) * SECOND_MS);
    await this.#hold(lines, 0);
    await this.#hold(lines);
  }

  /** @param times 0 lets go of all that was held */
  async #hold(lines: readonly Line[], times: 0 | 1 = 1): Promise<void> {
    const { gate, network, objects, rules } = this.#parts;
    const asked = { lines, country: null, delivery: null, discount: null };
    const quoted = rules.quoteOf(SALE, asked);
    if (quoted.kind !== "quoted") return;
    const deadline_ms = gate.holdUntil_ms(this.#buyer);
    for (const { sku, quantity } of quoted.quote.lines) {
      const limitPerBuyer = itemOf(SALE, sku)?.limitPerBuyer ?? 1;
      const key = { sale: SALE.id, buyer: this.#name, id: this.#admission };
      const counted = gate.unpaidTerms(this.#name, this.#address);
      const wanted = { quantity: quantity * times, deadline_ms, limitPerBuyer };
      const command = { ...key, ...wanted, ...counted };
      const { host } = objects.stockOf(sku);
      await network.ask(null, host, (core) => core.hold(command)).catch(() => null);
    }
  }

  /**
   * Looks at the price and orders; when it has changed, a patient shopper agrees to the new one.
   */
  async #buy(lines: readonly Line[]): Promise<void> {
    const { faults, time } = this.#parts;
    for (;;) {
      const quote = await this.#look(lines);
      if (quote === null) return;
      if (faults.random() < 0.5) await time.sleep(faults.between(0, 20 * SECOND_MS));
      const request = this.#request(lines, quote);
      const answer = await this.#submit(request);
      if (answer !== "ask_again" || !this.#isPatient || this.#orders >= ORDERS_MAX) {
        return this.#afterwards(request);
      }
    }
  }

  /** The checkout page; null when it does not come, or the lines cannot be ordered. */
  async #look(lines: readonly Line[]): Promise<Quote | null> {
    const { gate, time } = this.#parts;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const answer = await gate.quote(this.#buyer, lines, this.#code);
      switch (answer.kind) {
        case "quoted":
          return answer.quote;
        case "refused":
          return null;
        case "discount_refused":
          this.#code = null;
          break;
        case "unavailable":
          await time.sleep(SECOND_MS);
      }
    }
    return null;
  }

  #request(lines: readonly Line[], quote: Quote): OrderRequest {
    const { faults, promises } = this.#parts;
    this.#orders += 1;
    const id = `ord_${this.#name}_${this.#orders}`;
    const method = methodFor(id, this.#card, faults);
    const expectedTotal = quote.amounts.total;
    promises.buyers.agreed(id, expectedTotal);
    const code = quote.discount === null ? null : this.#code;
    return { id, lines, expectedTotal, code, method, fingerprint: id };
  }

  async #submit(request: OrderRequest): Promise<"ask_again" | "over"> {
    const { faults, time } = this.#parts;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      if (faults.strikes("double_submit")) void this.#ask(request);
      const answer = await this.#ask(request);
      const isSilent = answer === null || answer.kind === "unavailable";
      if (!isSilent && answer.kind !== "try_again") return isOver(answer) ? "over" : "ask_again";
      if (faults.strikes("shopper_gone")) return "over";
      await time.sleep(faults.between(1, 5) * SECOND_MS);
    }
    return "over";
  }

  /** Some think better of it; a page that is reopened much later sends the same key. */
  async #afterwards(request: OrderRequest): Promise<void> {
    const { faults, time } = this.#parts;
    if (faults.strikesOften("gives_up")) {
      await time.sleep(faults.between(0, 10 * SECOND_MS));
      await this.#giveUp(request.id);
    }
    if (faults.strikes("leaves")) return this.#leave();
    if (faults.random() > 0.3) return;
    await time.sleep(faults.between(0, 600 * SECOND_MS));
    await this.#ask(request);
  }

  /** Null: no answer. */
  async #ask(request: OrderRequest): Promise<OrderAnswer | null> {
    const { faults, gate, objects, promises } = this.#parts;
    const { id } = request;
    if (faults.random() < 0.03) {
      const other = { ...request, fingerprint: "another body" };
      const answer = await gate.order(this.#buyer, other);
      const placed = objects.orderOf(id).memory.record?.intent.fingerprint;
      // Of an order whose buyer was erased, the request is erased too.
      const isSame = placed === other.fingerprint || placed === "";
      if (answer?.kind === "accepted" && !isSame) {
        promises.broken("P6", `${id} took another body under the same key`);
      }
      return null;
    }
    const answer = await gate.order(this.#buyer, request);
    if (answer !== null) promises.answered(id, answer);
    return answer;
  }
}

/** False: the page shows what has changed, and asks again. */
function isOver(answer: OrderAnswer): boolean {
  if (answer.kind === "price_changed" || answer.kind === "discount_refused") return false;
  const isRejected = answer.kind === "rejected" && answer.rejection.code === "admission_required";
  return !(isRejected && answer.rejection.discount !== undefined);
}
