/**
 * A gate of a simulated world: quotes, and orders that state what they were quoted.
 *
 * Guarantee: an order is placed as `src/shopper/order.ts` does, with the rules it uses: quoted
 * again, refused when that is not what the shopper was shown, and answered again as it was before.
 */
import type { PlaceOutcome } from "../../durable-objects/order/order-core.ts";
import { identitiesOf } from "../../src/domain/buyer/identities.ts";
import type { Quote } from "../../src/domain/checkout/quote.ts";
import type { TakenCode } from "../../src/domain/discounts/uses.ts";
import { PLAIN_INTENT, type OrderIntent } from "../../src/domain/order/order.ts";
import { GENERAL_LANE, itemOf, type Sale } from "../../src/domain/sale/sale.ts";
import type { Line } from "../../src/domain/stock/cart.ts";
import type { UnpaidTerms } from "../../src/domain/stock/unpaid.ts";
import { unpaidTermsOf } from "../../src/domain/stock/unpaid-terms.ts";
import type { Campaign } from "./campaign.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Conditions } from "./faults.ts";
import type { NetworkPromises } from "./network-promises.ts";
import type { Network } from "./network.ts";
import type { Objects } from "./objects.ts";
import type { Rules } from "./rules.ts";
import { BOUNDED_SALE, SALE } from "./sale.ts";

const BUYER_KEY = "the key of every world";

const ANSWER_MS = 2000;

export interface Buyer {
  /** Subject of the admission, and its id. */
  readonly name: string;
  readonly admission: string;
  readonly expiresAt_ms: number;
  readonly email: string;
  /** The address that the shopper comes from. */
  readonly address: string;
}

export interface OrderRequest {
  /** Follows from the idempotency key. */
  readonly id: string;
  readonly lines: readonly Line[];
  readonly expectedTotal: number;
  readonly code: string | null;
  readonly method: string;
  /** Of the body. */
  readonly fingerprint: string;
}

export type QuoteAnswer =
  | { readonly kind: "quoted"; readonly quote: Quote }
  /** The code takes nothing off. */
  | { readonly kind: "discount_refused" }
  | { readonly kind: "unavailable" }
  /** The lines can not be ordered. */
  | { readonly kind: "refused" };

export type OrderAnswer =
  | PlaceOutcome
  | { readonly kind: "price_changed" }
  | Exclude<QuoteAnswer, { readonly kind: "quoted" }>;

export interface GateParts extends Conditions {
  readonly rules: Rules;
  readonly network: Network;
  readonly objects: Objects;
  readonly catalogue: Catalogue;
  readonly campaign: Campaign;
  readonly promises: { readonly networks: NetworkPromises };
}

export class Gate {
  readonly #parts: GateParts;

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  holdUntil_ms({ expiresAt_ms }: Buyer): number {
    const { holdSeconds } = this.#sale.admission;
    return Math.min(this.#parts.time.now + holdSeconds * 1000, expiresAt_ms);
  }

  get #sale(): Sale {
    return this.#parts.faults.isOn("networks") ? BOUNDED_SALE : SALE;
  }

  /** How a shopper's units count while they are unpaid; in some worlds they do not. */
  unpaidTerms(name: string, address: string): { readonly unpaid?: UnpaidTerms } {
    const { faults, promises } = this.#parts;
    if (!faults.isOn("networks")) return {};
    promises.networks.comesFrom(name, address);
    return { unpaid: unpaidTermsOf(this.#sale, name, address) };
  }

  async quote(buyer: Buyer, lines: readonly Line[], code: string | null): Promise<QuoteAnswer> {
    const found = code === null ? null : await this.#look(buyer, code);
    if (typeof found === "string") return { kind: found };
    const { catalogue, rules } = this.#parts;
    const asked = { lines, country: null, delivery: null, discount: found };
    const quoted = rules.quoteOf(catalogue.seen(), asked);
    return quoted.kind === "quoted" ? quoted : { kind: "refused" };
  }

  async #look(
    { name, email }: Buyer,
    code: string,
  ): Promise<TakenCode | "discount_refused" | "unavailable" | null> {
    const { network, objects } = this.#parts;
    const who = {
      subject: name,
      identities: identitiesOf({ email }, [BUYER_KEY]),
      lane: GENERAL_LANE,
    };
    const asked = network.ask(null, objects.discountCodes, async (core) => {
      return core.look({ code, ...who });
    });
    const seen = await network.within(asked, ANSWER_MS);
    if (seen === null) return "unavailable";
    return seen.kind === "good" ? seen.taken : "discount_refused";
  }

  /** Null: no answer. */
  async order(buyer: Buyer, request: OrderRequest): Promise<OrderAnswer | null> {
    const { campaign, network, objects, rules } = this.#parts;
    const { host } = objects.orderOf(request.id);
    const quoted = await this.quote(buyer, request.lines, request.code);
    if (quoted.kind !== "quoted" || !rules.isAgreed(request, quoted.quote)) {
      const refused = quoted.kind === "quoted" ? ({ kind: "price_changed" } as const) : quoted;
      const again = network.ask(null, host, (core) => core.placed(request.fingerprint));
      return (await again.catch(() => null)) ?? refused;
    }
    const intent = this.#intent(buyer, request, quoted.quote);
    await campaign.changeBeforeOrder(request.code);
    return network.ask(null, host, (core) => core.place(intent)).catch(() => null);
  }

  /** Every request brings a view key of its own. */
  #intent(buyer: Buyer, request: OrderRequest, quote: Quote): OrderIntent {
    const { faults, time } = this.#parts;
    const { discount, amounts } = quote;
    const { name, admission, email } = buyer;
    return {
      ...PLAIN_INTENT,
      id: request.id,
      sale: SALE.id,
      buyer: name,
      admission,
      ordersPerAdmission: SALE.admission.ordersPerAdmission,
      holdUntil_ms: this.holdUntil_ms(buyer),
      lines: quote.lines.map((line) => {
        return { ...line, limitPerBuyer: itemOf(SALE, line.sku)?.limitPerBuyer ?? 1 };
      }),
      total: amounts.total,
      amounts,
      discount:
        discount === null
          ? null
          : { code: discount.hash, hint: discount.hint, revision: discount.revision },
      currency: SALE.currency,
      email,
      identities: identitiesOf({ email }, [BUYER_KEY]),
      ...this.unpaidTerms(name, buyer.address),
      name: null,
      shipTo: null,
      paymentMethod: request.method,
      returnUrl: "https://shop.example/order",
      fingerprint: request.fingerprint,
      viewKey: `key${faults.between(1, 1_000_000)}`,
      placedAt_ms: time.now,
    };
  }
}
