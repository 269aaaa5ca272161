/**
 * The promises P8, P12 and P13 (seats), held against every write of a room: no more seats than
 * there are; after the revelation of its secret nothing leads out of the end; a seat has few
 * devices; and what was given back stays given back.
 */
import { phaseAt } from "../../src/domain/sale/schedule.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import { tokenStandingIn } from "../../src/domain/room/token-standing.ts";
import type { RoomMemory } from "../memory/room-memory.ts";
import type { Broken } from "./broken.ts";
import { SKEW_MAX_MS } from "./object-host.ts";
import { SEAT_DEVICES } from "./sale.ts";
import { seatsKept } from "./unpaid-promises.ts";

export class SeatPromises {
  readonly #now: () => number;
  readonly #broken: Broken;
  /** Who has each number, by the number. */
  readonly #owners = new Map<number, string>();
  /** Numbers that ended, and when that was durable. */
  readonly #ended = new Map<number, number>();
  readonly #over = new Set<string>();
  /** What the room counts: no seat changes without it. */
  #seats = "";

  constructor(now: () => number, broken: Broken) {
    this.#now = now;
    this.#broken = broken;
  }

  /** The room wrote. */
  saved({ admissions, room, revealed }: RoomMemory): void {
    if (revealed !== null && phaseAt(room.schedule, this.#now() - SKEW_MAX_MS) !== "ended") {
      const again_s = (room.schedule.endsAt_ms - revealed.at_ms) / 1000;
      this.#broken("P12", `the sale goes on for ${again_s} s after its secret was revealed`);
    }
    this.#countSeats(room, admissions);
    const { claimed, active, moves } = room.seats;
    const seats = `${claimed} ${active} ${moves} ${room.tokensNumbered}`;
    if (seats !== this.#seats) this.#checkSeats(admissions);
    this.#seats = seats;
  }

  /** Each admission in use has its seat, and so has each unpaid order of a shopper who is gone. */
  #countSeats(
    { seats, maxActive }: RoomMemory["room"],
    admissions: RoomMemory["admissions"],
  ): void {
    const active = [...admissions.values()].filter(({ standing }) => standing === "active").length;
    const kept = seatsKept(admissions.values());
    if (seats.active === active && active + kept <= maxActive) return;
    const taken = `${active} are taken, ${kept} kept by unpaid orders`;
    this.#broken("P8", `${seats.active} of ${maxActive} seats are counted, ${taken}`);
  }

  #checkSeats(admissions: RoomMemory["admissions"]): void {
    const inForce = new Set<number>();
    for (const { id, ticket, standing, devices } of admissions.values()) {
      if (standing !== "active") this.#over.add(id);
      else if (this.#over.has(id)) this.#broken("P13", `${id} was given back and is active again`);
      if (standing !== "active") continue;
      const tokens = devices?.tokens ?? [];
      if (tokens.length > SEAT_DEVICES) {
        this.#broken("P13", `the seat of ${ticket} is in use on ${tokens.length} devices`);
      }
      for (const { number, device } of tokens) {
        inForce.add(number);
        this.#owns(number, `${ticket} on ${String(device)}`);
      }
    }
    for (const number of this.#owners.keys()) {
      if (!inForce.has(number) && !this.#ended.has(number)) this.#ended.set(number, this.#now());
    }
  }

  #owns(number: number, owner: string): void {
    const known = this.#owners.get(number) ?? owner;
    this.#owners.set(number, owner);
    if (known !== owner) this.#broken("P13", `${known} and ${owner} have the number ${number}`);
    if (this.#ended.has(number)) this.#broken("P13", `the token ${number} is in force again`);
  }

  /** A gate read a snapshot. @param asked_ms when: what had ended by then is not in force in it */
  read({ tokens }: RoomSnapshot, asked_ms: number): void {
    for (const [number, ended_ms] of this.#ended) {
      if (ended_ms >= asked_ms) continue;
      if (tokenStandingIn({ tokens }, { id: "", number }) !== "in_force") continue;
      this.#broken("P13", `a snapshot says that the ended token ${number} is in force`);
    }
  }

  /** The room gave the seat to a device. */
  gave(ticket: string, device: string, devices: readonly (string | null)[]): void {
    if (devices.includes(device)) return;
    this.#broken("P13", `the seat of ${ticket} was given to ${device}, which has no token`);
  }

  /** Somebody was told the secret. @param end_ms when the end was set, or is to be */
  told(secret: string | null, { revealed, room }: RoomMemory, grace_ms: number): void {
    if (secret === null) return;
    if (revealed === null) return this.#broken("P12", "a secret was told that is not revealed");
    const end_ms = Math.max(room.schedule.endsAt_ms, room.ending?.setAt_ms ?? 0);
    if (revealed.at_ms + 2 * SKEW_MAX_MS < end_ms + grace_ms) {
      const early_s = (end_ms + grace_ms - revealed.at_ms) / 1000;
      this.#broken("P12", `the secret was revealed ${early_s} s before the grace was over`);
    }
  }
}
