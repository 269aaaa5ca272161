/** The example shop with the mistakes that an order server can make, one each. */
import { setTimeout as delay } from "node:timers/promises";
import { OrderCore, type ReadOrder } from "../../../examples/shop/orders.ts";
import { answer, RememberedReplies, type Reply } from "../../../examples/shop/replies.ts";
import type { ShopParts } from "../../../examples/shop/server.ts";
import {
  Careless,
  Forgetful,
  lookingFirst,
  type Mistake,
  replying,
  SHARED_MISTAKES,
  wordOf,
} from "./broken-shops.ts";

function orderDesk(
  change: {
    readonly book?: (order: ReadOrder, real: () => Reply, desk: OrderCore) => Reply;
    readonly cancel?: (id: string, real: () => Reply, desk: OrderCore) => Reply;
  },
  replies = new RememberedReplies(),
): Partial<ShopParts> {
  class Changed extends OrderCore {
    override readonly replies = replies;
    override book(order: ReadOrder): Reply {
      const real = () => super.book(order);
      return change.book?.(order, real, this) ?? real();
    }
    override cancel(id: string): Reply {
      const real = () => super.cancel(id);
      return change.cancel?.(id, real, this) ?? real();
    }
  }
  return { orders: new Changed() };
}

/** A new booking whenever it is asked for one. */
function bookAgain(order: ReadOrder, real: () => Reply, { bookings }: OrderCore): Reply {
  if (bookings.get(order.id)?.status === "booked") bookings.delete(order.id);
  const reply = real();
  if (wordOf(reply) !== "booked") return reply;
  return answer("booked", { booking: `SHOP-${crypto.randomUUID()}` });
}

export const ORDER_MISTAKES: readonly Mistake[] = [
  ...SHARED_MISTAKES,
  [
    "books twice on the same key",
    "book-same-key",
    () => orderDesk({ book: bookAgain }, new Forgetful()),
  ],
  ["books again under another key", "book-other-key", () => orderDesk({ book: bookAgain })],
  [
    "looks for the key and then books",
    "book-at-once",
    lookingFirst(orderDesk({ book: bookAgain }, new Forgetful())),
  ],
  [
    "gives every order the same reference",
    "book-two-orders",
    replying((reply) => {
      return wordOf(reply) === "booked" ? answer("booked", { booking: "SHOP-1" }) : reply;
    }),
  ],
  ["takes a key for whatever comes", "key-of-another-request", () => orderDesk({}, new Careless())],
  [
    "books what was cancelled",
    "book-after-cancel",
    () =>
      orderDesk({
        book: (order, real, { bookings }) => {
          if (bookings.get(order.id)?.status === "cancelled") bookings.delete(order.id);
          return real();
        },
      }),
  ],
  [
    "forgets a cancellation of what was not booked",
    "cancel-before-book",
    () =>
      orderDesk({
        cancel: (id, real, { bookings }) => (bookings.has(id) ? real() : answer("cancelled")),
      }),
  ],
  [
    "refuses to cancel",
    "cancel",
    () => orderDesk({ cancel: () => answer("refused", { reason: "shipped" }) }),
  ],
  [
    "books whatever it is told",
    "refuse",
    replying((reply) => {
      return wordOf(reply) === "refused"
        ? answer("booked", { booking: crypto.randomUUID() })
        : reply;
    }),
  ],
  [
    "gives no reference",
    "book",
    replying((reply) => (wordOf(reply) === "booked" ? answer("booked") : reply)),
  ],
  [
    "takes its time",
    "prompt",
    replying(async (reply, { type }) => {
      if (type === "order.book") await delay(600);
      return reply;
    }),
  ],
];
