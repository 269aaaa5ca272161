/**
 * The waiting room: its state, and what merchants and stock change in it.
 *
 * The room knows how many were called, never who waits: that follows from a ticket and the
 * manifests. So its state stays small however long the line is. Not for deciding whom to call
 * (`calls.ts`) or who is let in (`claims.ts`), nor for what gates see of it (`snapshot.ts`).
 */
import { z } from "zod";
import { stockLevelSchema, unitsNotSold, type StockLevel } from "../stock/stock-ledger.ts";
import { lanesOf, type AdmissionChange, type Sale } from "../sale/sale.ts";
import { phaseAt, scheduleOf } from "../sale/schedule.ts";
import { NEW_TURNOVER } from "./forecast.ts";
import { NO_PLACE_OUTCOMES, placeOutcomesSchema } from "./odds.ts";
import { NO_THROTTLE, throttleSchema } from "./throttle.ts";
import { revokedSchema } from "./revoked.ts";
import { newShowRate } from "./show-rate.ts";
import { readStored, storedReader } from "../../encoding/stored-reader.ts";

export const laneStateSchema = z.object({
  id: z.string(),
  weight: z.number(),
  /** Closed cohorts: cohort `closed` is the open one. */
  closed: z.int(),
  /** Places in all closed cohorts: the base of the next. */
  places: z.int(),
  /** Ranks below it have been called; only grows. */
  called: z.int(),
  /** Ranks below it had their claim window; those not claimed have lapsed. Only grows. */
  lapsedBelow: z.int(),
  /** Calls per second, smoothed; 0 until there were any. */
  pace: z.number(),
  /** Fraction of a call, by weight, that is carried over to the next tick. */
  credit: z.number(),
});
export type LaneState = Readonly<z.infer<typeof laneStateSchema>>;

/** The calls of one tick in one lane, kept while their claim window is open. */
const callBatchSchema = z.object({
  lane: z.string(),
  calledAt_ms: z.number(),
  /** Ranks from (included) to (excluded). */
  from: z.int(),
  to: z.int(),
  claimed: z.int(),
  /** The slice of the claim window the batch is in, and what it looked like on entering. */
  slice: z.int(),
  openAtSlice: z.int(),
  /** Ranks that claimed and met full seats, and have none yet. */
  kept: z.array(z.int()).readonly().default([]),
  /** The batch stays open until then; 0 when no turn in it was kept. */
  keptUntil_ms: z.number().default(0),
});
export type CallBatch = Readonly<z.infer<typeof callBatchSchema>>;

const seatCountersSchema = z.object({
  /** Admissions ever issued. */
  claimed: z.int(),
  /** Issued and not spent, left or expired: the seats in use. */
  active: z.int(),
  spent: z.int(),
  left: z.int(),
  expired: z.int(),
  /** Calls whose window ended without a claim. */
  lapsed: z.int(),
  /** Admissions that more than one device took up; a room stored before this counts from 0. */
  shared: z.int().default(0),
  /** The most devices that took up one admission. */
  mostDevices: z.int().default(0),
  /** Devices whose token ended because a newer device took up their admission. */
  moves: z.int().default(0),
  /**
   * Seats that unpaid orders keep whose shoppers are gone, and seats in use with an order in
   * progress. They follow from the stored admissions (`order-seats.ts`), not from these numbers.
   */
  kept: z.int().default(0),
  ordering: z.int().default(0),
});

const scheduleSchema = z.object({
  opensAt_ms: z.number(),
  startsAt_ms: z.number(),
  endsAt_ms: z.number(),
});

/** Kept as one JSON row of the room; `v` is the version of its shape. */
export const roomStateSchema = z.object({
  v: z.literal(1),
  schedule: scheduleSchema,
  /**
   * When the end was set, by a document or an action, and the schedule before an action `end`.
   * Absent in a room that was written last by a release that reveals the secret at the end.
   */
  ending: z.object({ setAt_ms: z.number(), undo: scheduleSchema.nullable() }).optional(),
  /** A document came while the sale was open: shoppers may have joined, wherever it is now. */
  wasOpen: z.boolean().default(false),
  paused: z.boolean(),
  message: z.string().nullable(),
  /** True: a shopper who joins gets a ticket. False: is admitted at once, if there is a seat. */
  queueing: z.boolean(),
  ratePerMinute: z.number(),
  /** A room stored before it followed the order pipeline begins without throttle. */
  throttle: throttleSchema.default(NO_THROTTLE),
  maxActive: z.number(),
  rateTokens: z.number(),
  tickedAt_ms: z.number(),
  lanes: z.array(laneStateSchema).readonly(),
  calls: z.array(callBatchSchema).readonly(),
  seats: seatCountersSchema,
  showRate: z.object({
    entered: z.array(z.number()).readonly(),
    claimed: z.array(z.number()).readonly(),
  }),
  /** A room stored before this was counted begins with nothing seen. */
  turnover: z
    .object({ ended: z.int(), gone: z.number(), seatSeconds: z.number() })
    .default(NEW_TURNOVER),
  placeOutcomes: placeOutcomesSchema.default(NO_PLACE_OUTCOMES),
  stock: z.array(stockLevelSchema).readonly(),
  revoked: revokedSchema,
  /** Tokens that were given a number, from 0; the next one gets this. */
  tokensNumbered: z.int().min(0).default(0),
  version: z.int(),
});
export type RoomState = Readonly<z.infer<typeof roomStateSchema>>;

export const roomStateReader = storedReader(roomStateSchema);

/** Fields of rooms stored by earlier versions, and their names today. */
const RENAMED = { pressure: "throttle", takings: "placeOutcomes" } as const;

/**
 * A room as it was stored, by this version or an earlier one.
 * @throws Error of `readStored` when it is no room, or one of a release too new
 */
export function readStoredRoom(stored: unknown): RoomState {
  const fields = { ...z.looseObject({}).parse(stored) };
  for (const [earlier, today] of Object.entries(RENAMED)) {
    if (earlier in fields && !(today in fields)) fields[today] = fields[earlier];
    delete fields[earlier];
  }
  return readStored(roomStateReader, fields, "room");
}

export function openRoom(sale: Sale, now: number): RoomState {
  return {
    v: 1,
    schedule: scheduleOf(sale),
    ending: { setAt_ms: now, undo: null },
    wasOpen: false,
    paused: false,
    message: null,
    queueing: phaseAt(scheduleOf(sale), now) !== "live",
    ratePerMinute: sale.admission.ratePerMinute,
    throttle: NO_THROTTLE,
    maxActive: sale.admission.maxActive,
    // One whole call, so that the first shopper of an empty sale is let in at once at any rate.
    rateTokens: 1,
    tickedAt_ms: now,
    lanes: lanesOf(sale).map((lane) => newLane(lane.id, lane.weight)),
    calls: [],
    seats: NO_SEATS,
    showRate: newShowRate(),
    turnover: NEW_TURNOVER,
    placeOutcomes: NO_PLACE_OUTCOMES,
    stock: [],
    revoked: [],
    tokensNumbered: 0,
    version: 1,
  };
}

const NO_SEATS = seatCountersSchema.parse({
  claimed: 0,
  active: 0,
  spent: 0,
  left: 0,
  expired: 0,
  lapsed: 0,
});

export function newLane(id: string, weight: number): LaneState {
  const none = { closed: 0, places: 0, called: 0, lapsedBelow: 0, pace: 0, credit: 0 };
  return { id, weight, ...none };
}

export function changeAdmission(room: RoomState, change: AdmissionChange): RoomState {
  return {
    ...room,
    ratePerMinute: change.ratePerMinute ?? room.ratePerMinute,
    maxActive: change.maxActive ?? room.maxActive,
    message: change.message === undefined ? room.message : change.message,
    version: room.version + 1,
  };
}

export function reportLevel(room: RoomState, level: StockLevel): RoomState {
  const known = room.stock.find((item) => item.sku === level.sku);
  if (known !== undefined && known.seq >= level.seq) return room;
  const others = room.stock.filter((item) => item.sku !== level.sku);
  const stock = [...others, level].toSorted((a, b) => (a.sku < b.sku ? -1 : 1));
  return { ...room, stock, version: room.version + 1 };
}

/** No unit is available, and none may come back from a cart or from an order in progress. */
export function isSoldOut({ stock }: RoomState): boolean {
  return stock.length > 0 && stock.every((level) => unitsNotSold(level) <= 0);
}
