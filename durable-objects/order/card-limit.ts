/**
 * The limit per buyer, by the card: a card that was authorized counts as its buyer, for every line
 * of the order, at each SkuStock.
 *
 * Guarantee: a report of an authorization is applied only once every SkuStock has answered. A
 * consumer that died before reports again, with the provider's same answer, and claiming twice
 * changes nothing. What a card over its limit had claimed is released with the order's units.
 */
import type { OrderRecord } from "../../src/domain/order/order.ts";
import type { Card } from "../../src/domain/order/payment-backend.ts";
import type { PutOff, StepReport } from "../../src/domain/order/step-outcomes.ts";
import type { ClaimCommand, ClaimOutcome } from "../../src/domain/stock/identities.ts";
import { digestOf } from "../../src/encoding/json.ts";

/** A SkuStock that did not answer is asked again after this. */
const STOCK_SILENT_AFTER_S = 2;

/** The call that claims an identity. Null: no answer. */
export interface ClaimingBindings {
  claimIdentity(sku: string, command: ClaimCommand): Promise<ClaimOutcome | null>;
}

/**
 * The report, or what replaces it: the card is over its limit, or a SkuStock does not answer. An
 * order that is being undone claims nothing, because its payment will not be taken.
 */
export async function withinLimits(
  bindings: ClaimingBindings,
  { intent, standing }: OrderRecord,
  reported: StepReport | PutOff,
): Promise<StepReport | PutOff> {
  const card = cardOf(reported);
  if (card === null || standing.state === "voiding") return reported;
  const { sale, buyer, id, lines } = intent;
  const identity = digestOf(["card", card.card.fingerprint]);
  for (const { sku, limitPerBuyer } of lines) {
    const command = { sale, buyer, id, identity, limitPerBuyer };
    const claimed = await bindings.claimIdentity(sku, command);
    if (claimed === null) {
      return { kind: "put_off", after_s: STOCK_SILENT_AFTER_S, newKey: false, tried: true };
    }
    if (claimed.kind === "limit_reached") {
      return { step: card.step, outcome: { kind: "over_limit" } };
    }
  }
  return reported;
}

/** The card that a report says was authorized; null where it is not told. */
function cardOf(
  reported: StepReport | PutOff,
): { readonly step: "authorize" | "lookup"; readonly card: Card } | null {
  if (!("step" in reported)) return null;
  const { step, outcome } = reported;
  const told =
    step === "authorize" && outcome.kind === "approved"
      ? outcome.card
      : step === "lookup" && outcome.kind === "found" && outcome.standing.kind === "authorized"
        ? outcome.standing.card
        : null;
  if (told === null || told === undefined) return null;
  return { step: step === "authorize" ? step : "lookup", card: told };
}
