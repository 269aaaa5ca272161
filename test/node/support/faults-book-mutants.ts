/**
 * Bugs planted in the rules of a simulated world: what the order book loses.
 */
import { NOTHING_SETTLED, type Settled } from "../../../durable-objects/order/ports.ts";
import { PRODUCT_RULES, type Rules } from "../../../simulation/faults/rules.ts";
import { orderStore } from "../../../simulation/memory/order-memory.ts";

const { book } = PRODUCT_RULES;

/** Versions that no order of a small sale goes beyond. */
const ALL_VERSIONS = Array.from({ length: 100 }, (_, version) => version);

function asDone({ done, postponed, told }: Settled): Settled {
  return { ...NOTHING_SETTLED, done: [...done, ...told.map(({ seq }) => seq)], postponed };
}

export const BOOK_MUTANTS: readonly (readonly [name: string, rules: Rules])[] = [
  [
    "the queue's word for an event is enough",
    {
      ...PRODUCT_RULES,
      orderStore: (memory, write, saved) => {
        const store = orderStore(memory, write, saved);
        return {
          ...store,
          settle: (settled) => store.settle(asDone(settled)),
          settleLater: (settled) => store.settleLater(asDone(settled)),
        };
      },
    },
  ],
  [
    "an order hears of events that the book does not have",
    { ...PRODUCT_RULES, book: { ...book, logged: () => ALL_VERSIONS } },
  ],
  [
    "a rebuild makes no bookings",
    {
      ...PRODUCT_RULES,
      book: {
        ...book,
        entryOf: (record) => {
          const entry = book.entryOf(record);
          return entry === null ? null : { ...entry, booking: null };
        },
      },
    },
  ],
  [
    "a rebuild finds only the orders that the book has",
    {
      ...PRODUCT_RULES,
      book: { ...book, isRebuilt: (order, projection) => projection.has(order) },
    },
  ],
];
