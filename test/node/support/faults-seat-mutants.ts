/**
 * Bugs planted in the rules of a simulated world: a secret that was told and is used again, unpaid
 * units that lock the stock, and seats that are many people.
 */
import { PRODUCT_RULES, type Rules } from "../../../simulation/faults/rules.ts";
import type { Reservation, StockReads } from "../../../src/domain/stock/stock-ledger.ts";
import { boundReads, withRoom, withStock } from "./faults-rules.ts";

const { stock, room } = PRODUCT_RULES;

type Mutant = readonly [name: string, rules: Rules];

/** Each command reads something else of the groups than is stored. */
function readingUnpaid(change: (reads: StockReads) => Partial<StockReads>): Rules {
  const read = (reads: StockReads): StockReads => ({ ...boundReads(reads), ...change(reads) });
  return withStock({
    hold: (reads, command, now) => stock.hold(read(reads), command, now),
    order: (reads, command, now) => stock.order(read(reads), command, now),
  });
}

/** What a mutant remembers of each stock. */
const EVER = new WeakMap<StockReads, Map<string, Reservation>>();

function ungrouped({ groups: _, ...reservation }: Reservation): Reservation {
  return reservation;
}

const SECRET_MUTANTS: readonly Mutant[] = [
  ["a sale whose secret was told can go on", withRoom({ isFinal: () => false })],
  [
    "a later end in the document reopens a sale whose secret was told",
    withRoom({ timesRefused: () => [] }),
  ],
  [
    "the secret is told at the end, while that can be taken back",
    withRoom({
      revealsAt_ms: ({ schedule }) => schedule.endsAt_ms,
      secretIsDue: ({ schedule }, _, now) => now >= schedule.endsAt_ms,
    }),
  ],
];

const UNPAID_MUTANTS: readonly Mutant[] = [
  [
    "units in unpaid orders do not count for their network",
    readingUnpaid((reads) => ({
      unpaidUnder: (sale, group) => {
        return reads.unpaidUnder(sale, group).filter(({ standing }) => standing.state === "held");
      },
    })),
  ],
  [
    "an order forgets the network that it came from",
    withStock({
      order: (reads, command, now) => {
        const { outcome, change } = stock.order(reads, command, now);
        return { outcome, change: { ...change, put: change.put.map(ungrouped) } };
      },
    }),
  ],
  [
    "units that return to a cart count for no network",
    withStock({
      release: (reads, command, now) => {
        const { outcome, change } = stock.release(reads, command, now);
        return { outcome, change: { ...change, put: change.put.map(ungrouped) } };
      },
    }),
  ],
  [
    "units that were paid or let go count for their network for ever",
    readingUnpaid((reads) => ({
      unpaidUnder: (sale, group) => {
        const known = EVER.get(reads) ?? new Map<string, Reservation>();
        EVER.set(reads, known);
        for (const item of reads.unpaidUnder(sale, group)) known.set(item.buyer + item.id, item);
        return [...known.values()].filter((item) => item.groups?.includes(group));
      },
    })),
  ],
  ["holds that end unpaid are forgotten", readingUnpaid(() => ({ lapsesOf: () => null }))],
  [
    "a hold that is paid is a lapse too",
    withStock({
      sell: (reads, key, now) => {
        const before = reads.reservation(key);
        const { outcome, change } = stock.sell(reads, key, now);
        const { groups = [] } = before ?? {};
        const lapses = groups.map((group) => {
          const count = 1 + (reads.lapsesOf(key.sale, group)?.count ?? 0);
          return { sale: key.sale, group, count, last_ms: now };
        });
        return { outcome, change: { ...change, lapses } };
      },
    }),
  ],
];

const SEAT_MUTANTS: readonly Mutant[] = [
  [
    "a seat is for as many devices as ask for it",
    withRoom({ useSeat: (before, admission, use) => room.useSeat(before, admission, use, 100) }),
  ],
  [
    "the older device keeps the seat, and the newest gets no token",
    withRoom({
      useSeat: (before, admission, use, limit) => {
        const isFull = (admission.devices?.tokens.length ?? 0) >= (limit ?? 100);
        if (isFull) return { room: before, admission, outcome: "used" };
        return room.useSeat(before, admission, use, limit);
      },
    }),
  ],
  [
    "the number of a token is given twice",
    withRoom({
      useSeat: (before, admission, use, limit) => {
        const used = room.useSeat(before, admission, use, limit);
        return { ...used, room: { ...used.room, tokensNumbered: before.tokensNumbered } };
      },
    }),
  ],
  [
    "a device that comes back gets the token that was ended",
    withRoom({
      useSeat: (before, admission, use, limit) => {
        const used = room.useSeat(before, admission, use, limit);
        const { devices } = used.admission;
        const [ended] = admission.devices?.ended ?? [];
        if (devices === undefined || ended === undefined) return used;
        const tokens = devices.tokens.map((token) => {
          return token.device === use.device ? { ...token, number: ended } : token;
        });
        return { ...used, admission: { ...used.admission, devices: { ...devices, tokens } } };
      },
    }),
  ],
  [
    "an admission that was given back is given again",
    withRoom({
      admitNow: (before, asked, rules, now) => {
        const isLeft = asked.existing?.standing === "left";
        return room.admitNow(before, isLeft ? { ...asked, existing: null } : asked, rules, now);
      },
    }),
  ],
];

export const SEAT_AND_SECRET_MUTANTS = [...SECRET_MUTANTS, ...UNPAID_MUTANTS, ...SEAT_MUTANTS];
