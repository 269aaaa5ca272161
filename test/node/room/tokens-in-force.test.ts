/**
 * Which tokens a gate lets through, by the snapshot it has: those whose seat is in use, on no more
 * devices than a seat may have, however many seats were given back in the meantime.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ROOM_RULES, type RoomRules } from "../../../durable-objects/waiting-room/ports.ts";
import type { RoomCore } from "../../../durable-objects/waiting-room/room-core.ts";
import { RoomMemory, roomOn } from "../../../simulation/memory/room-memory.ts";
import { SEAT_DEVICES_COUNTED_MAX, SEAT_MOVES_MAX } from "../../../src/domain/limits.ts";
import { tokenNumberOf } from "../../../src/domain/room/seat-devices.ts";
import { tokenStandingIn } from "../../../src/domain/room/token-standing.ts";
import { saleOf, STARTS_MS } from "../support/sale-document.ts";

const GUARDS = [{ host: "*", path: "/drops/*" }];
const SEATS = { maxActive: 1_000_000, ratePerMinute: 1_000_000, sessionSeconds: 600 };
const REFUSE = { handling: "refuse", address: false } as const;

/** A token as a shopper carries it. */
interface Token {
  readonly ticket: string;
  readonly id: string;
  readonly number: number | null;
  readonly device: string | null;
}

class Room {
  now = STARTS_MS;
  readonly memory: RoomMemory;
  readonly #rules: Partial<RoomRules>;
  core: RoomCore;

  constructor(devices: number | null, rules: Partial<RoomRules> = {}) {
    const replay = devices === null ? {} : { replay: { ...REFUSE, devices } };
    this.memory = RoomMemory.created(
      saleOf(SEATS, { guards: GUARDS, items: [], ...replay }),
      this.now,
    );
    // By now some may come at once.
    this.now += 1000;
    this.#rules = rules;
    this.core = this.begin();
  }

  /** The next instance knows what is stored, and nothing else. */
  begin(): RoomCore {
    this.core = roomOn(this.memory.rows(), () => this.now, { rules: this.#rules });
    return this.core;
  }

  /** Null when nobody is let in with it. */
  async enter(ticket: string, device: string | null = null): Promise<Token | null> {
    const use = { device, seen: device };
    const outcome = await this.core.admitNow(ticket, ticket, "general", use);
    if (outcome.kind !== "admitted") return null;
    const { admission } = outcome;
    const number = tokenNumberOf(admission.devices, device);
    return { ticket, id: admission.id, number, device };
  }

  standing(token: Token): string {
    const snapshot = this.core.snapshot();
    if (snapshot === null) throw new Error("the room was created");
    // As it comes from the location's cache.
    return tokenStandingIn(JSON.parse(JSON.stringify(snapshot)), token);
  }
}

async function filled(room: Room, seats: number): Promise<Token[]> {
  const tokens: Token[] = [];
  for (let nth = 0; nth < seats; nth += 1) {
    room.now += 1;
    const token = await room.enter(`t${nth}`);
    if (token === null) throw new Error("there is a seat");
    tokens.push(token);
  }
  return tokens;
}

describe("seats that were given back", () => {
  test("10,000 of 11,000 are all over, the others are not, and a snapshot says so in 2 kB", async () => {
    const room = new Room(null);
    const tokens = await filled(room, 11_000);
    const back = tokens.filter((_, nth) => nth % 11 !== (nth >> 7) % 11);
    for (const { id } of back) expect(room.core.leave(id)).toBe("left");
    for (const core of [room.core, room.begin()]) {
      const snapshot = core.snapshot();
      if (snapshot === null) throw new Error("the room was created");
      const given = new Set(back);
      const wrong = tokens.filter((token) => {
        return (tokenStandingIn(snapshot, token) === "over") !== given.has(token);
      });
      expect(wrong).toEqual([]);
      expect(back).toHaveLength(10_000);
      expect(JSON.stringify(snapshot.tokens).length).toBeLessThan(2048);
      expect(snapshot.revoked).toBeUndefined();
    }
  });

  test("a token is newer than the snapshot, and in force, until a snapshot that knows it", async () => {
    const room = new Room(null);
    const [first] = await filled(room, 1);
    const earlier = room.core.snapshot();
    const later = await room.enter("later");
    if (earlier === null || first === undefined || later === null) throw new Error("all are there");
    expect(tokenStandingIn(earlier, later)).toBe("in_force");
    room.core.leave(later.id);
    expect(tokenStandingIn(earlier, later)).toBe("in_force");
    expect([room.standing(later), room.standing(first)]).toEqual(["over", "in_force"]);
  });

  test("no number is given twice, also after the release before has written the room", async () => {
    const room = new Room(null);
    const [first] = await filled(room, 3);
    const { tokensNumbered: _, ...before } = room.memory.room;
    room.memory.apply({ room: { ...before, tokensNumbered: 0 } });
    room.begin();
    const next = await room.enter("next");
    expect([first?.number, next?.number]).toEqual([0, 3]);
  });
});

const acts = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constant("use" as const),
      who: fc.nat({ max: 1 }),
      device: fc.nat({ max: 4 }),
    }),
    fc.record({ kind: fc.constant("leave" as const), who: fc.nat({ max: 1 }) }),
    fc.record({ kind: fc.constant("extend" as const), who: fc.nat({ max: 1 }) }),
    fc.record({ kind: fc.constant("crash" as const) }),
  ),
  { maxLength: 60, size: "max" },
);

/** What shoppers carry of one room, and what they should get for it. */
class Seats {
  readonly #room: Room;
  readonly #devices: number;
  readonly #tokens: Token[] = [];
  /** The devices of each seat in the order in which they came, the newest last. */
  readonly #inUse = new Map<string, readonly string[]>();
  readonly #moves = new Map<string, number>();
  readonly #left = new Set<string>();

  constructor(room: Room, devices: number) {
    this.#room = room;
    this.#devices = devices;
  }

  async use(ticket: string, device: string): Promise<void> {
    const own = this.#inUse.get(ticket) ?? [];
    const fits = own.includes(device) || own.length < this.#devices;
    const moves = this.#moves.get(ticket) ?? 0;
    const mayEnter = !this.#left.has(ticket) && (fits || moves < SEAT_MOVES_MAX);
    const token = await this.#room.enter(ticket, device);
    if ((token !== null) !== mayEnter) throw new Error("let in, or refused, without a reason");
    if (token === null) return;
    this.#tokens.push(token);
    if (!own.includes(device)) this.#inUse.set(ticket, [...own, device].slice(-this.#devices));
    if (!fits) this.#moves.set(ticket, moves + 1);
  }

  leave(ticket: string): void {
    this.#room.core.leave(`adm_${ticket}`);
    if (this.#inUse.has(ticket)) this.#left.add(ticket);
  }

  extend(ticket: string): void {
    for (const token of this.#tokens.filter((item) => item.ticket === ticket)) {
      const isIn = this.#devicesOf(ticket).includes(token.device ?? "");
      const { kind } = this.#room.core.extend(token.id, 900, token.device);
      if ((kind === "extended") !== isIn) throw new Error(`an extension is answered ${kind}`);
    }
  }

  #devicesOf(ticket: string): readonly string[] {
    return this.#left.has(ticket) ? [] : (this.#inUse.get(ticket) ?? []);
  }

  check(): void {
    for (const token of this.#tokens) {
      const isThrough = this.#room.standing(token) === "in_force";
      const isWanted = this.#devicesOf(token.ticket).includes(token.device ?? "");
      // A device that came back has a new token beside the one that it lost.
      const isLatest = this.#latest(token)?.number === token.number;
      if (isThrough && !isWanted) throw new Error("a device is let through that lost its seat");
      if (isLatest && isWanted && !isThrough)
        throw new Error("a device that has a seat is refused");
      const twin = this.#tokens.find((other) => {
        return other.number === token.number && other.device !== token.device;
      });
      if (twin !== undefined) throw new Error("two devices have one number");
    }
    const moves = [...this.#moves.values()].reduce((sum, count) => sum + count, 0);
    if (this.#room.memory.room.seats.moves !== moves) throw new Error("moves are miscounted");
  }

  #latest({ ticket, device }: Token): Token | undefined {
    return this.#tokens.findLast((token) => token.ticket === ticket && token.device === device);
  }
}

/** Over any life of a room: as many devices as a seat may have, and always the newest. */
async function live(devices: number, rules: Partial<RoomRules> = {}): Promise<void> {
  await fc.assert(
    fc.asyncProperty(acts, async (story) => {
      const room = new Room(devices, rules);
      const seats = new Seats(room, devices);
      for (const act of story) {
        room.now += 1000;
        if (act.kind === "crash") room.begin();
        else if (act.kind === "leave") seats.leave(`t${act.who}`);
        else if (act.kind === "extend") seats.extend(`t${act.who}`);
        else await seats.use(`t${act.who}`, `d${act.device}`);
        seats.check();
      }
    }),
    { numRuns: 300 },
  );
}

describe("the devices of a seat", () => {
  test.each([1, 2, 3])("no more than %s, and the newest", async (devices) => {
    await expect(live(devices)).resolves.toBeUndefined();
  });

  test.each<[planted: string, rules: Partial<RoomRules>]>([
    [
      "the older device stays in",
      {
        useSeat: (room, admission, use, limit) => {
          return ROOM_RULES.useSeat(room, admission, use, limit === null ? null : limit + 1);
        },
      },
    ],
    [
      "one number for all devices",
      { useSeat: (room, admission, use) => ROOM_RULES.useSeat(room, admission, use, null) },
    ],
    [
      "a number is given twice",
      {
        useSeat: (room, admission, use, limit) => {
          const used = ROOM_RULES.useSeat(room, admission, use, limit);
          return { ...used, room: { ...used.room, tokensNumbered: room.tokensNumbered } };
        },
      },
    ],
    [
      "a seat that was given back is still in use",
      { leave: (admission) => ({ admission, outcome: "left" }) },
    ],
  ])("a planted fault is found: %s", async (_, rules) => {
    await expect(live(2, rules)).rejects.toThrow("Property failed");
  });

  test("where any device is welcome they are counted, and the seat has one number", async () => {
    const room = new Room(null);
    const numbers = new Set<number | null>();
    for (let nth = 0; nth < SEAT_DEVICES_COUNTED_MAX + 5; nth += 1) {
      const outcome = await room.core.admitNow("t", "t", "general", {
        device: null,
        seen: `d${nth}`,
      });
      if (outcome.kind !== "admitted") throw new Error("the same admission again");
      numbers.add(tokenNumberOf(outcome.admission.devices, null));
    }
    await room.core.admitNow("u", "u", "general", { device: null, seen: "d1" });
    expect(numbers).toEqual(new Set([0]));
    const { shared, mostDevices, moves } = room.memory.room.seats;
    expect({ shared, mostDevices, moves }).toEqual({
      shared: 1,
      mostDevices: SEAT_DEVICES_COUNTED_MAX,
      moves: 0,
    });
  });

  test("a sale that begins to refuse keeps what it gave, as one device among the others", async () => {
    const room = new Room(2);
    const free = await room.enter("t");
    const second = await room.enter("t", "d2");
    const third = await room.enter("t", "d3");
    if (free === null || second === null || third === null) throw new Error("all are let in");
    expect([free, second, third].map((token) => room.standing(token))).toEqual([
      "moved",
      "in_force",
      "in_force",
    ]);
  });
});
