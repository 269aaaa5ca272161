/**
 * Orders as CSV, one row for each line of an order, for spreadsheets and shipping programs.
 *
 * Guarantee: memory for one page of orders, however many there are: a page is read when the one
 * before has been taken. A database that fails breaks the response off, so that a part is never
 * taken for the whole. No cell is a formula (`encoding/csv.ts`).
 *
 * Amounts are integers in the currency's minor unit, because spreadsheets of many countries read
 * `12.50` as a date or as text; `currency_digits` says how many of their digits are decimals.
 */
import { EXPORT_PAGE_ROWS_MAX } from "../domain/limits.ts";
import { currencyOf } from "../domain/money/currencies.ts";
import { csvText, type CsvCell } from "../encoding/csv.ts";
import { errorText } from "../encoding/error-text.ts";
import {
  exportOrders,
  type ExportedOrder,
  type OrderPlace,
  type OrdersFilter,
} from "../order-book/order-list.ts";
import { log } from "../platform/log.ts";

/** Excel reads a file without it in the encoding of its country. */
const BYTE_ORDER_MARK = "\uFEFF";

type Line = ExportedOrder["lines"][number];
type Address = ExportedOrder["ship_to"];
type Column = readonly [
  name: string,
  cell: (order: ExportedOrder, line: Line, lineNumber: number) => CsvCell,
];

const time = (at_ms: number): string => new Date(at_ms).toISOString();

const ADDRESS_FIELDS = {
  name: "name",
  line1: "line1",
  line2: "line2",
  city: "city",
  region: "region",
  postalCode: "postal_code",
  country: "country",
};

function addressColumns(prefix: string, of: (order: ExportedOrder) => Address): Column[] {
  return Object.entries(ADDRESS_FIELDS).map(([field, name]): Column => {
    return [`${prefix}_${name}`, (order) => of(order)?.[field] ?? null];
  });
}

/** Fields of addresses that earlier versions took as the shop named them. */
function otherFields({ ship_to }: ExportedOrder): string | null {
  const others = Object.entries(ship_to ?? {}).filter(([field]) => !(field in ADDRESS_FIELDS));
  return others.length === 0 ? null : others.map((other) => other.join(": ")).join("; ");
}

/** Columns are only ever added at the end, because programs may count them. */
const COLUMNS: readonly Column[] = [
  ["order", ({ id }) => id],
  ["placed_at", ({ placed_ms }) => time(placed_ms)],
  ["updated_at", ({ updated_ms }) => time(updated_ms)],
  ["sale", ({ sale }) => sale],
  ["state", ({ state }) => state],
  ["reason", ({ reason }) => reason],
  ["provider_code", ({ provider_code }) => provider_code],
  ["payment", ({ payment }) => payment],
  ["reference", ({ reference }) => reference],
  ["email", ({ email }) => email],
  ["name", ({ name }) => name],
  ["phone", ({ phone }) => phone],
  ["delivery", ({ delivery }) => delivery?.name ?? null],
  ...addressColumns("ship", ({ ship_to }) => ship_to),
  ["ship_other", otherFields],
  ...addressColumns("bill", ({ bill_to }) => bill_to),
  ["line", (_, __, lineNumber) => lineNumber],
  ["sku", (_, { sku }) => sku],
  ["item", (_, { name }) => name],
  ["quantity", (_, { quantity }) => quantity],
  ["unit_price", (_, { price }) => price],
  ["line_discount", (_, { discount }) => discount],
  ["line_tax", (_, { tax }) => tax],
  ["line_tax_included", (_, { taxIncluded }) => taxIncluded],
  ["currency", ({ currency }) => currency],
  ["currency_digits", ({ currency }) => currencyOf(currency)?.digits ?? null],
  ["order_items", ({ amounts }) => amounts?.items ?? null],
  ["order_discount", ({ amounts }) => amounts?.discount ?? null],
  ["order_delivery", ({ amounts }) => amounts?.delivery ?? null],
  ["order_tax", ({ amounts }) => amounts?.tax ?? null],
  ["order_tax_included", ({ amounts }) => amounts?.taxIncluded ?? null],
  ["order_total", ({ total }) => total],
  ["order_refunded", ({ refunded }) => refunded],
  ["dispute", ({ dispute }) => dispute],
];

export const EXPORT_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

function rowsOf(order: ExportedOrder): CsvCell[][] {
  return order.lines.map((line, index) => COLUMNS.map(([, cell]) => cell(order, line, index + 1)));
}

/** A chunk for each page, the first with the header. */
async function* chunksOf(book: D1Database, filter: OrdersFilter): AsyncGenerator<string, void> {
  let start = BYTE_ORDER_MARK + csvText([EXPORT_COLUMNS]);
  let after: OrderPlace | null = null;
  do {
    const page = { after, limit: EXPORT_PAGE_ROWS_MAX };
    const { orders, next }: Awaited<ReturnType<typeof exportOrders>> = await exportOrders(
      book,
      filter,
      page,
    );
    yield start + csvText(orders.flatMap(rowsOf));
    start = "";
    after = next;
  } while (after !== null);
}

/** The first page is read before the answer begins: a database that is down is an error by then. */
export async function exportCsv(
  book: D1Database,
  filter: OrdersFilter,
): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  const chunks = chunksOf(book, filter);
  let waiting: IteratorResult<string, void> | null = await chunks.next();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const chunk: IteratorResult<string, void> = waiting ?? (await nextOf(chunks));
      waiting = null;
      if (chunk.done === true) controller.close();
      else controller.enqueue(encoder.encode(chunk.value));
    },
    async cancel() {
      await chunks.return();
    },
  });
}

async function nextOf(chunks: AsyncGenerator<string, void>): Promise<IteratorResult<string, void>> {
  try {
    return await chunks.next();
  } catch (error) {
    log.error("order_book", "export_broke_off", { why: errorText(error) });
    throw error;
  }
}
