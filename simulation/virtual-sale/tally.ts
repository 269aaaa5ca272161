/**
 * What is counted while a sale is played: requests of each object second by second, everything a
 * bill is made of, and the seats.
 *
 * Guarantee: nothing here decides anything. Not for what became of each shopper: `crowd.ts`.
 */

export class Tally {
  workerRequests = 0;
  polls = 0;
  joins = 0;
  claims = 0;
  carts = 0;
  orders = 0;
  rowsWritten = 0;
  objectRequests = 0;
  boothCrashes = 0;
  roomCrashes = 0;
  lateCloses = 0;
  cohorts = 0;
  deadRanks = 0;
  /** Turns kept because every seat was taken. */
  seatsFull = 0;
  /** Seconds in which somebody waited; and of those, in which stock did not bound the calls. */
  readonly seatsWhileAnyWait: number[] = [];
  readonly seatsWhileStockLasts: number[] = [];
  seatsMost = 0;
  /** 1: orders never piled up so that calls had to slow down. */
  throttleLeast = 1;
  soldOutAt_ms: number | null = null;
  pollsMostPerSecond = 0;
  /** By kind of object: the most of any one. */
  readonly busiest = new Map<string, { perSecond: number; atSecond: number }>();
  readonly #second = new Map<string, number>();
  #pollsBefore = 0;

  object(name: string, requests: number): void {
    this.objectRequests += requests;
    this.#second.set(name, (this.#second.get(name) ?? 0) + requests);
  }

  /** Requests of gates since the last second, which decide how many locations refresh. */
  get pollsInSecond(): number {
    return this.polls + this.joins - this.#pollsBefore;
  }

  endSecond(second: number): void {
    this.pollsMostPerSecond = Math.max(this.pollsMostPerSecond, this.pollsInSecond);
    this.#pollsBefore = this.polls + this.joins;
    for (const [name, requests] of this.#second) {
      const kind = name.startsWith("booth") ? "booth" : name;
      const most = this.busiest.get(kind);
      if (most === undefined || requests > most.perSecond) {
        this.busiest.set(kind, { perSecond: requests, atSecond: second });
      }
    }
    this.#second.clear();
  }
}
