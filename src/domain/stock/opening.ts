/**
 * The opening of a SKU: which sale's document may bring its first units.
 *
 * Guarantee: of all sales that name a SKU, at most one makes units by naming it: the one that named
 * it first, before any other units were received. The others share those units. Later units are
 * movements. Otherwise a second sale of the same goods would offer units that do not exist.
 */
import { StockDraft, type StockDecision, type StockReads } from "./stock-ledger.ts";

export interface OpenCommand {
  readonly sale: string;
  readonly sku: string;
  /** Units that the sale's document states; 0: it brings none. */
  readonly quantity: number;
  readonly reason: string;
}

export type OpenOutcome =
  | { readonly kind: "opened" }
  | { readonly kind: "already_opened" }
  /** No units were received: they belong to these sales, or came by movements (none is named). */
  | { readonly kind: "opened_before"; readonly sales: readonly string[] };

/** The id of the movement that received a sale's opening units. */
export function openingId({ sale, sku }: Pick<OpenCommand, "sale" | "sku">): string {
  return `opening:${sale}:${sku}`;
}

/**
 * @param sales the sales that name the SKU so far
 */
export function openStock(
  reads: StockReads,
  sales: readonly string[],
  command: OpenCommand,
  now: number,
): StockDecision<OpenOutcome> {
  const draft = new StockDraft(reads, now);
  const { sale, quantity, reason } = command;
  const id = openingId(command);
  if (quantity === 0) return draft.decide({ kind: "opened" });
  if (reads.movement(id) !== null) return draft.decide({ kind: "already_opened" });
  const others = sales.filter((other) => other !== sale);
  if (others.length > 0 || reads.lastSeq() > 0) {
    return draft.decide({ kind: "opened_before", sales: others });
  }
  draft.move("receive", quantity, id);
  draft.remember({ id, kind: "receive", quantity, reason });
  return draft.decide({ kind: "opened" });
}
