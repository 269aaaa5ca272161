/**
 * The example shop's orders: the complete order contract of docs/backends.md.
 *
 * Guarantee: an order has one booking forever, under any key; a cancelled order stays cancelled,
 * even when it is cancelled before it is booked.
 */
import {
  answer,
  type Fields,
  isAmount,
  isText,
  problem,
  RememberedReplies,
  type Reply,
} from "./replies.ts";

export interface Booking {
  /** Null for an order that was cancelled before it was booked. */
  readonly reference: string | null;
  status: "booked" | "cancelled";
  /** The order as Sluice sent it. */
  readonly order: Fields | null;
}

export class OrderCore {
  /** By the order's id. */
  readonly bookings = new Map<string, Booking>();
  readonly replies = new RememberedReplies();

  /** @param key `webhook-id`: the idempotency key */
  handle(key: string, request: Fields): Reply {
    switch (request["type"]) {
      case "order.book": {
        const order = readOrder(request["order"]);
        if (order === null) return problem(400, "invalid_request");
        return this.replies.once(key, request, () => this.book(order));
      }
      case "order.cancel": {
        const id = request["order"];
        if (!isText(id)) return problem(400, "invalid_request");
        return this.replies.once(key, request, () => this.cancel(id));
      }
      default:
        return problem(400, "unknown_type");
    }
  }

  book(order: ReadOrder): Reply {
    const known = this.bookings.get(order.id);
    if (known?.status === "cancelled") return answer("refused", { reason: "order_cancelled" });
    if (known !== undefined) return answer("booked", { booking: known.reference });
    if (order.skus.includes("test_refuse")) return answer("refused", { reason: "unknown_sku" });
    const reference = `SHOP-${1000 + this.bookings.size}`;
    this.bookings.set(order.id, { reference, status: "booked", order: order.fields });
    return answer("booked", { booking: reference });
  }

  cancel(id: string): Reply {
    const known = this.bookings.get(id);
    if (known !== undefined) known.status = "cancelled";
    else this.bookings.set(id, { reference: null, status: "cancelled", order: null });
    return answer("cancelled");
  }
}

export interface ReadOrder {
  readonly id: string;
  readonly skus: readonly string[];
  readonly fields: Fields;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Null when it is not an order. Unknown fields are kept, and are not an error. */
function readOrder(value: unknown): ReadOrder | null {
  if (!isFields(value)) return null;
  const { id, currency, total, lines, buyer } = value;
  if (!isText(id) || !isText(currency) || !isAmount(total)) return null;
  if (!isFields(buyer) || !isText(buyer["email"])) return null;
  if (!Array.isArray(lines) || lines.length === 0) return null;
  const skus: string[] = [];
  for (const line of lines) {
    if (!isFields(line)) return null;
    const { sku, quantity, price } = line;
    const isPrice = price === 0 || isAmount(price);
    if (!isText(sku) || !isAmount(quantity) || !isPrice) return null;
    skus.push(sku);
  }
  return { id, skus, fields: value };
}
