/**
 * What a waiting room needs around it: its rows, its alarm, its booths, the state of the order
 * pipeline, the queue of its events, a clock, chance, and the rules that decide. The Durable Object
 * gives the platform's; simulations and tests give maps, a virtual clock and planted bugs.
 */
import type { CloseOutcome } from "../../src/domain/line/booth.ts";
import { isSignedRound, type BeaconChain } from "../../src/domain/line/beacon.ts";
import * as cohorts from "../../src/domain/line/cohort.ts";
import {
  countCohort,
  drawnSeedOf,
  isBeforeRound,
  needsRound,
  waitIsOver,
  type CountedCohort,
} from "../../src/domain/line/draw.ts";
import * as admissions from "../../src/domain/room/admission.ts";
import * as calls from "../../src/domain/room/calls.ts";
import * as claims from "../../src/domain/room/claims.ts";
import * as seatUse from "../../src/domain/room/seat-use.ts";
import * as ending from "../../src/domain/room/ending.ts";
import type { SaleEvent, Telling, Told } from "../../src/domain/room/events.ts";
import type { DepartedAnswer } from "../../src/domain/order/saga.ts";
import type { RoomState } from "../../src/domain/room/room-state.ts";
import type { PipelineReading } from "../../src/domain/room/throttle.ts";
import type { Sale } from "../../src/domain/sale/sale.ts";
import type { SignedStatement, StatementKey } from "../../src/tokens/draw-statements.ts";
import type { log } from "../../src/platform/log.ts";
import type { SingleAlarm } from "../single-alarm.ts";

/** What a room is created from: the document, and the secret of its draw. */
export interface Foundation {
  readonly sale: Sale;
  /** Counts accepted changes of the document, from 1. */
  readonly revision: number;
  /** Booths per lane; tickets name their booth, so it never shrinks. */
  readonly booths: number;
  /** 32 bytes, lower-case hex. */
  readonly secret: string;
}

/** The secret of the draw was revealed: it is public, and decides nothing any more. */
export interface Revealed {
  readonly at_ms: number;
  /** The signed statement of it; null until it is first read. */
  readonly signature: string | null;
}

/** A cohort that waits for its draw, or was drawn with a round: its counts as they are signed. */
export interface CountedDraw {
  readonly cohort: CountedCohort;
  readonly signature: string;
}

/** A signature that the room keeps: of the manifest of a cohort, or of the revealed secret. */
export interface KeptSignature extends SignedStatement {
  readonly of: "secret" | { readonly lane: string; readonly k: number };
}

/** The sale is being deleted, or was: its id is not used again. */
export interface Deletion {
  readonly at_ms: number;
  /** Of the draw, so that it stays known which secret is never to be used again. */
  readonly commitment: string;
  /** Nothing but this is left of the sale. */
  readonly isDone: boolean;
}

/** What changes at once: an admission with the seat it takes, a cohort with the lane it closes. */
export interface RoomChange {
  readonly foundation?: Foundation;
  readonly room?: RoomState;
  readonly admission?: admissions.AdmissionRecord;
  readonly manifest?: cohorts.CohortManifest;
  /** With the foundation: the chain whose rounds decide the room's first cohorts. */
  readonly beacon?: BeaconChain | null;
  /** Its key is kept as that of a signature. */
  readonly counted?: CountedDraw & { readonly key: StatementKey };
  readonly revealed?: Revealed;
  readonly signed?: KeptSignature;
  readonly deletion?: Deletion;
  /** The events that follow from the change; null: none. */
  readonly telling?: Telling | null;
}

/** Of the rows of a room, those of its draw. Nothing in them is ever changed. */
export interface DrawRows {
  manifest(sale: string, lane: string, k: number): cohorts.CohortManifest | null;
  /** Null: the room was created without one. */
  beacon(): BeaconChain | null;
  /** Drawn or not. */
  counted(): readonly CountedDraw[];
  /** When the last cohort of any lane closed; 0 when no such time is stored. */
  lastClosed_ms(): number;
  /** Null: the secret is still secret. */
  revealed(): Revealed | null;
  /** The keys of all signatures that are kept. */
  statementKeys(): readonly StatementKey[];
}

/**
 * The rows of one room.
 *
 * The contract: `write` is one synchronous transaction. When it returns, every part of the change
 * is stored, and is durable before an answer of the object leaves it; when it throws, no part is.
 * A read sees all earlier writes. A manifest is never changed, nor are the beacon, the counts of a
 * cohort, the time of the revelation and a signature that is kept: writing them again has no
 * effect.
 */
export interface RoomRows {
  /** Null for a room that was never created, as is the state. */
  foundation(): Foundation | null;
  state(): RoomState | null;
  readonly draws: DrawRows;
  admission(ticket: string): admissions.AdmissionRecord | null;
  /** Those whose stored standing is `active`, expired by the clock or not. */
  activeAdmissions(): readonly admissions.AdmissionRecord[];
  /** Those with an order in progress, and the last `confirmed` whose order was confirmed. */
  backlog(confirmed: number): readonly admissions.AdmissionRecord[];
  told(): Told | null;
  /** The highest number that a token was given; -1 when none was. */
  lastTokenNumber(): number;
  /** The oldest events that the queue has not taken, at most `limit`. */
  unsentEvents(limit: number): readonly SaleEvent[];
  /** The queue has taken all events up to this version. */
  forgetEvents(upTo: number): void;
  /** Null: the sale is not to be deleted. */
  deletion(): Deletion | null;
  /** A deletion that is done takes every other row with it. */
  write(change: RoomChange): void;
}

/** What a room needs to know of a ticket. The gate has verified it. */
export type ClaimedTicket = cohorts.Place & {
  readonly id: string;
  readonly subject: string;
  /** Undefined from a gate of the release before. */
  readonly joinedAt_ms?: number | undefined;
};

/** One booth of a lane. A promise that rejects: no answer. */
export interface Booth {
  close(k: number, force: boolean): Promise<CloseOutcome>;
}

/** A public randomness beacon, and the signature of what is published before its round. */
export interface Beacon {
  /** Of new rooms; null: without one. */
  readonly chain: BeaconChain | null;
  /**
   * The signature of a round that is `taken`; null when no relay gave one in time. Never rejects.
   */
  read(
    chain: BeaconChain,
    round: number,
    taken: (signature: string) => boolean,
  ): Promise<string | null>;
  sign(cohort: CountedCohort): Promise<SignedStatement>;
}

/**
 * Tells an order that its shopper is gone, and asks what it still needs. Null: no answer.
 * @param hasLeft the shopper will not come back to confirm anything
 */
export type AskDeparted = (order: string, hasLeft: boolean) => Promise<DepartedAnswer | null>;

/** What a room can see of the order pipeline. */
export interface Pipeline {
  /** The last that was read; null before the first time. */
  readonly reading: PipelineReading | null;
  /** Reads it again when that is due. Never rejects; bounded by `PIPELINE_LOOK_TIMEOUT_MS`. */
  look(room: RoomState, now: number): Promise<void>;
}

/** The rules that decide; a simulation plants its bugs here. */
export const ROOM_RULES = {
  ...admissions,
  ...calls,
  ...claims,
  ...cohorts,
  ...ending,
  countCohort,
  drawnSeedOf,
  isBeforeRound,
  isSignedRound,
  needsRound,
  waitIsOver,
  ...seatUse,
};
export type RoomRules = typeof ROOM_RULES;

export interface RoomPorts {
  readonly rows: RoomRows;
  readonly alarm: Pick<SingleAlarm, "fired" | "arm">;
  readonly booth: (sale: string, lane: string, shard: number) => Booth;
  readonly askDeparted: AskDeparted;
  readonly pipeline: Pipeline;
  readonly beacon: Beacon;
  /** The queue of sale events. A promise that rejects: not taken. */
  readonly events: {
    sendBatch(messages: Iterable<{ readonly body: SaleEvent }>): Promise<unknown>;
  };
  readonly now: () => number;
  /** 32 random bytes, lower-case hex: the secret of a new room's draw. */
  readonly newSecret: () => string;
  readonly rules: RoomRules;
  readonly log: Pick<typeof log, "warn" | "error">;
}
