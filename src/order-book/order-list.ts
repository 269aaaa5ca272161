/**
 * The orders of the book as the merchant lists and exports them: newest first, by any combination
 * of filters.
 *
 * Guarantee: paging shows each order once, however many arrive meanwhile: an order keeps its time
 * of placing and its id, and a page starts after the place at which the last one ended. Every
 * filter is answered by a search in an index, never by reading the whole book.
 *
 * Weak: `orders` is a projection of events from a queue, so it may be some seconds behind. The
 * current state of one order is in its Order object.
 */
import { z } from "zod";
import { amountsSchema } from "../domain/order/order.ts";
import { parseJson } from "../encoding/json.ts";

/** A place in the list, which is sorted from the newest to the oldest. */
export interface OrderPlace {
  readonly placed_ms: number;
  readonly id: string;
}

/** Orders that meet all that are given. */
export interface OrdersFilter {
  readonly order?: string | undefined;
  /** Of the booking, if it is in the embedded order book. */
  readonly reference?: string | undefined;
  /** In the form in which addresses are compared. */
  readonly email?: string | undefined;
  /** The keyed hashes of that address, under every key. */
  readonly hashes?: readonly string[] | undefined;
  readonly sku?: string | undefined;
  readonly sale?: string | undefined;
  readonly state?: string | undefined;
  /** Placed at this time or later. */
  readonly from_ms?: number | undefined;
  /** Placed before this time. */
  readonly to_ms?: number | undefined;
}

export interface OrdersPage {
  readonly after: OrderPlace | null;
  readonly limit: number;
}

interface Filter {
  readonly name: Exclude<keyof OrdersFilter, "from_ms" | "to_ms" | "hashes">;
  readonly sql: string;
  /** How the rows that another filter found are compared, if not by `sql`. */
  readonly otherwise?: string;
}

/** The more selective a filter is, the earlier it comes. */
const FILTERS: readonly Filter[] = [
  { name: "order", sql: "o.id = ?" },
  { name: "reference", sql: "o.id IN (SELECT order_id FROM bookings WHERE reference = ?)" },
  { name: "email", sql: "coalesce(o.email_normalised, lower(o.email)) = ?" },
  {
    name: "sku",
    sql: "s.sku = ?",
    otherwise: `EXISTS (SELECT 1 FROM order_skus AS s
      WHERE s.sku = ? AND s.placed_ms = o.placed_ms AND s.order_id = o.id)`,
  },
  { name: "sale", sql: "o.sale = ?" },
  { name: "state", sql: "o.state = ?" },
];

interface Source {
  readonly tables: string;
  /** The columns of the sort key. */
  readonly placed_ms: string;
  readonly id: string;
}

const ORDERS: Source = { tables: "orders AS o", placed_ms: "o.placed_ms", id: "o.id" };
/** SQLite keeps the order of tables in a CROSS JOIN. */
const SKUS: Source = {
  tables: "order_skus AS s CROSS JOIN orders AS o ON o.id = s.order_id",
  placed_ms: "s.placed_ms",
  id: "s.order_id",
};
/** Finds one order or very few, so that the plus may cost the index on the time. */
const EXACT: Source = { ...ORDERS, placed_ms: "+o.placed_ms" };

/** Orders of a release before have the address itself, until the cron has come to them. */
function ofMailbox(hashes: readonly string[]): string {
  return `o.id IN (SELECT id FROM orders WHERE buyer IN (${hashes.map(() => "?").join(", ")})
    UNION ALL SELECT id FROM orders WHERE coalesce(email_normalised, lower(email)) = ?)`;
}

function sourceOf(first: Filter | undefined, { hashes = [] }: OrdersFilter): Source {
  if (first?.name === "email" && hashes.length > 0) return EXACT;
  switch (first?.name) {
    case "order":
    case "reference":
      return EXACT;
    case "sku":
      return SKUS;
    case "email":
    case "sale":
    case "state":
    case undefined:
      return ORDERS;
  }
}

type Condition = readonly [sql: string, ...values: (string | number)[]];

/**
 * The first filter that is given is searched for in its index; the others are compared for the rows
 * found. A unary plus keeps SQLite from choosing another index ("Disqualifying WHERE-Clause Terms"
 * in https://www.sqlite.org/optoverview.html). Sale and state have an index together.
 */
function conditionsOf(filter: OrdersFilter, { placed_ms, id }: Source, after: OrderPlace | null) {
  const { from_ms, to_ms, hashes = [] } = filter;
  const given = FILTERS.filter(({ name }) => filter[name] !== undefined);
  const conditions = given.map(({ name, sql, otherwise = `+${sql}` }, index): Condition => {
    const isSearched = index === 0 || given[0]?.name === "sale";
    if (name === "email" && hashes.length > 0) {
      return [`${isSearched ? "" : "+"}${ofMailbox(hashes)}`, ...hashes, filter[name] ?? ""];
    }
    return [isSearched ? sql : otherwise, filter[name] ?? ""];
  });
  if (from_ms !== undefined) conditions.push([`${placed_ms} >= ?`, from_ms]);
  if (to_ms !== undefined) conditions.push([`${placed_ms} < ?`, to_ms]);
  if (after !== null) {
    conditions.push([`(${placed_ms}, ${id}) < (?, ?)`, after.placed_ms, after.id]);
  }
  return conditions;
}

/** A page of orders with their bookings, if these are in the embedded order book. */
export function pageStatement(
  book: D1Database,
  columns: string,
  filter: OrdersFilter,
  { after, limit }: OrdersPage,
): D1PreparedStatement {
  const source = sourceOf(
    FILTERS.find(({ name }) => filter[name] !== undefined),
    filter,
  );
  const conditions = conditionsOf(filter, source, after);
  const where = conditions.map(([sql]) => sql).join(" AND ");
  return book
    .prepare(
      `SELECT ${columns} FROM ${source.tables} LEFT JOIN bookings AS b ON b.order_id = o.id
       ${where === "" ? "" : `WHERE ${where}`}
       ORDER BY ${source.placed_ms} DESC, ${source.id} DESC LIMIT ?`,
    )
    .bind(...conditions.flatMap(([, ...values]) => values), limit);
}

const stored = <Schema extends z.ZodType>(schema: Schema) => {
  return z.string().transform(parseJson).pipe(schema);
};

/** The amounts of a line are those of the whole line, but for its price. */
const storedLine = z.object({
  sku: z.string(),
  name: z.string(),
  quantity: z.int(),
  price: z.int(),
  discount: z.int().default(0),
  tax: z.int().default(0),
  taxIncluded: z.int().default(0),
});

/** Where the list has only its hash, the address is that of the booking, which has to be sent. */
const ADDRESS = "CASE WHEN o.email <> '' THEN o.email ELSE coalesce(b.email, '') END AS email";

const LISTED = `o.id, o.sale, o.state, o.total, o.currency, ${ADDRESS}, o.reason, o.lines,
  o.amounts, o.payment, o.refunded, o.dispute, o.provider_code, o.placed_ms, o.updated_ms,
  CASE b.status WHEN 'booked' THEN b.reference END AS reference`;

const listedShape = {
  id: z.string(),
  sale: z.string(),
  state: z.string(),
  total: z.int(),
  currency: z.string(),
  email: z.string(),
  reason: z.string().nullable(),
  lines: stored(z.array(storedLine)),
  /** Null in orders of the first versions. */
  amounts: stored(amountsSchema).nullable(),
  /** The provider's id. */
  payment: z.string().nullable(),
  refunded: z.int(),
  /** The provider's state of it. */
  dispute: z.string().nullable(),
  provider_code: z.string().nullable(),
  placed_ms: z.int(),
  updated_ms: z.int(),
  /** Of a booking that still holds. */
  reference: z.string().nullable(),
};
const listedSchema = z.object(listedShape);
export type ListedOrder = Readonly<z.infer<typeof listedSchema>>;

/** What only a booking in the embedded order book has. */
const SHIPPED = "b.name, b.phone, b.ship_to, b.bill_to, b.delivery";

const address = stored(z.record(z.string(), z.string())).nullable();
const exportedSchema = z.object({
  ...listedShape,
  name: z.string().nullable(),
  phone: z.string().nullable(),
  ship_to: address,
  bill_to: address,
  delivery: stored(z.object({ id: z.string(), name: z.string() })).nullable(),
});
export type ExportedOrder = Readonly<z.infer<typeof exportedSchema>>;

export interface OrderList<Order> {
  readonly orders: readonly Order[];
  /** Where the next page starts; null at the end. */
  readonly next: OrderPlace | null;
}

export function listOrders(
  book: D1Database,
  filter: OrdersFilter,
  page: OrdersPage,
): Promise<OrderList<ListedOrder>> {
  return readPage(book, LISTED, listedSchema, filter, page);
}

/** The same list with what it takes to ship. */
export function exportOrders(
  book: D1Database,
  filter: OrdersFilter,
  page: OrdersPage,
): Promise<OrderList<ExportedOrder>> {
  return readPage(book, `${LISTED}, ${SHIPPED}`, exportedSchema, filter, page);
}

/** One row more than the page is read, so that the last page is known to be the last. */
async function readPage<Order extends OrderPlace>(
  book: D1Database,
  columns: string,
  schema: z.ZodType<Order>,
  filter: OrdersFilter,
  { after, limit }: OrdersPage,
): Promise<OrderList<Order>> {
  const page = { after, limit: limit + 1 };
  const { results } = await pageStatement(book, columns, filter, page).all();
  const rows = z.array(schema).parse(results);
  const orders = rows.slice(0, limit);
  const last = rows.length > limit ? orders.at(-1) : undefined;
  return { orders, next: last === undefined ? null : { placed_ms: last.placed_ms, id: last.id } };
}

/** Orders of a sale whose buyer is not erased yet, the oldest first. */
export async function unerasedOf(book: D1Database, sale: string, limit: number): Promise<string[]> {
  const { results } = await book
    .prepare(
      `SELECT id FROM orders WHERE sale = ? AND erased_ms IS NULL
       ORDER BY placed_ms, id LIMIT ?`,
    )
    .bind(sale, limit)
    .all();
  return z
    .array(z.object({ id: z.string() }))
    .parse(results)
    .map(({ id }) => id);
}
