/** The example shop with the mistakes that an order server can make, one each. */
import { setTimeout as delay } from "node:timers/promises";
import { OrderCore, type ReadOrder } from "../../../examples/shop/orders.ts";
import { answer, RememberedReplies, type Reply } from "../../../examples/shop/replies.ts";
import type { ShopParts } from "../../../examples/shop/server.ts";
import {
  UncomparedReplies,
  NoReplies,
  checkingFirst,
  type Mistake,
  replying,
  SHARED_MISTAKES,
  answerOf,
} from "./broken-shops.ts";

function orderCore(
  change: {
    readonly book?: (order: ReadOrder, real: () => Reply, core: OrderCore) => Reply;
    readonly cancel?: (id: string, real: () => Reply, core: OrderCore) => Reply;
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

/** Makes a new booking for every request. */
function bookAgain(order: ReadOrder, real: () => Reply, { bookings }: OrderCore): Reply {
  if (bookings.get(order.id)?.status === "booked") bookings.delete(order.id);
  const reply = real();
  if (answerOf(reply) !== "booked") return reply;
  return answer("booked", { booking: `SHOP-${crypto.randomUUID()}` });
}

export const ORDER_MISTAKES: readonly Mistake[] = [
  ...SHARED_MISTAKES,
  [
    "books twice under the same key",
    "book-same-key",
    () => orderCore({ book: bookAgain }, new NoReplies()),
  ],
  ["books again under another key", "book-other-key", () => orderCore({ book: bookAgain })],
  [
    "checks the key and then books",
    "book-at-once",
    checkingFirst(orderCore({ book: bookAgain }, new NoReplies())),
  ],
  [
    "gives every order the same reference",
    "book-two-orders",
    replying((reply) => {
      return answerOf(reply) === "booked" ? answer("booked", { booking: "SHOP-1" }) : reply;
    }),
  ],
  [
    "accepts a key for another request",
    "key-of-another-request",
    () => orderCore({}, new UncomparedReplies()),
  ],
  [
    "books a cancelled order",
    "book-after-cancel",
    () =>
      orderCore({
        book: (order, real, { bookings }) => {
          if (bookings.get(order.id)?.status === "cancelled") bookings.delete(order.id);
          return real();
        },
      }),
  ],
  [
    "forgets the cancellation of an order that was not booked",
    "cancel-before-book",
    () =>
      orderCore({
        cancel: (id, real, { bookings }) => (bookings.has(id) ? real() : answer("cancelled")),
      }),
  ],
  [
    "refuses to cancel",
    "cancel",
    () => orderCore({ cancel: () => answer("refused", { reason: "shipped" }) }),
  ],
  [
    "books what it must refuse",
    "refuse",
    replying((reply) => {
      return answerOf(reply) === "refused"
        ? answer("booked", { booking: crypto.randomUUID() })
        : reply;
    }),
  ],
  [
    "answers without a reference",
    "book",
    replying((reply) => (answerOf(reply) === "booked" ? answer("booked") : reply)),
  ],
  [
    "answers slowly",
    "prompt",
    replying(async (reply, { type }) => {
      if (type === "order.book") await delay(600);
      return reply;
    }),
  ],
];
