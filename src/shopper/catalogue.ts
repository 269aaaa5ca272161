/**
 * The sales that are published and listed, for a list of them.
 *
 * A sale whose room does not answer is listed by its document alone, so one dead room never empties
 * the list.
 */
import type { Sale } from "../domain/sale/sale.ts";
import { phaseAt, scheduleOf, type Phase, type Schedule } from "../domain/sale/schedule.ts";
import { findSale, listSales } from "../sales/sale-directory.ts";
import type { GateContext } from "./gate-context.ts";
import { saleOf } from "./visit.ts";

export interface ListedSale {
  readonly sale: Sale;
  readonly phase: Phase;
  readonly schedule: Schedule;
}

export interface CataloguePage {
  readonly sales: readonly ListedSale[];
  /** The id after which the next page begins; null on the last. */
  readonly next: string | null;
}

const SALES_PER_PAGE = 20;

/** @param after the last id of the page before; null for the first page */
export async function listPublished(
  context: GateContext,
  after: string | null,
): Promise<CataloguePage> {
  const ids = await listSales(context.env, context.now);
  const from = after === null ? 0 : ids.findIndex((id) => id > after);
  const shown = from < 0 ? [] : ids.slice(from, from + SALES_PER_PAGE);
  const found = await Promise.all(shown.map((id) => listed(context, id)));
  const more = from >= 0 && from + SALES_PER_PAGE < ids.length;
  return {
    sales: found.filter((entry) => entry !== null).filter(({ sale }) => sale.listed !== false),
    next: more ? (shown.at(-1) ?? null) : null,
  };
}

async function listed(context: GateContext, id: string): Promise<ListedSale | null> {
  const found = await saleOf(context, id);
  if (found.kind === "sale") {
    const { phase, schedule } = found.seen.snapshot;
    return { sale: found.sale, phase, schedule };
  }
  if (found.kind === "sale_not_found") return null;
  const published = await findSale(context.env, id, context.now);
  if (published === null) return null;
  const schedule = scheduleOf(published.sale);
  return { sale: published.sale, phase: phaseAt(schedule, context.now), schedule };
}
