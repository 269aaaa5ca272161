/**
 * Erasing the buyer of an order, on the order's side: the parts that count by the buyer forget them
 * first, and the order last, because until then it knows whom they have to forget.
 *
 * Guarantee: each part may be asked again. One that does not answer is asked again later, and the
 * order stays whole until then.
 */
import type { OrderRecord } from "../../src/domain/order/order.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import type { OrderBindings, OrderRules, OrderStore } from "./ports.ts";
import { isTold } from "./sending.ts";

export type EraseAnswer =
  /** `waiting`: it is erased when it has ended, or when the parts that count by buyers answer. */
  | { readonly kind: "erased" | "already_erased" | "waiting"; readonly sale: string }
  | { readonly kind: "unknown" };

/** `silent`: a part did not answer. Not due, too, while something that the order owes is unsent. */
export async function forgetWhenDue(
  record: OrderRecord | null,
  store: OrderStore,
  bindings: OrderBindings,
  { erasureDue_ms }: OrderRules,
  now: number,
): Promise<"not_due" | "silent" | "forgotten"> {
  if (record === null || !store.outbox().every(isTold)) return "not_due";
  const due_ms = erasureDue_ms(record);
  if (due_ms === null || due_ms > now) return "not_due";
  try {
    await bindings.forgetBuyer(record.intent);
    return "forgotten";
  } catch (error) {
    const { id } = record.intent;
    bindings.warn({ event: "erasure_postponed", order: id, why: errorText(error) });
    return "silent";
  }
}
