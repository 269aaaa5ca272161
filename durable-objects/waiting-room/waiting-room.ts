/**
 * WaitingRoom: one sale's room. It ticks once a second, calls the next in line, and admits those
 * who were called.
 *
 * Guarantee: that of `room-core.ts`, made durable in SQLite. This class passes the core the
 * object's storage, its alarm and the bindings, signs admissions, and decides nothing.
 * Not for answering polls: gates do that from `snapshot()`, which they fetch once a second.
 */
import { DurableObject } from "cloudflare:workers";
import type { CohortManifest, Place } from "../../src/domain/line/cohort.ts";
import type * as admissions from "../../src/domain/room/admission.ts";
import type * as rooms from "../../src/domain/room/room-state.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import type { AdmissionChange, Sale } from "../../src/domain/sale/sale.ts";
import type { StockLevel } from "../../src/domain/stock/stock-ledger.ts";
import { log } from "../../src/platform/log.ts";
import { boothName, boothOf } from "../../src/platform/objects.ts";
import { SingleAlarm } from "../single-alarm.ts";
import { PipelineWatch } from "./pipeline-watch.ts";
import { ROOM_RULES } from "./ports.ts";
import {
  RoomCore,
  type ClaimedTicket,
  type ConfigureOutcome,
  type NoSale,
  type NotActive,
} from "./room-core.ts";
import type { RoomMetrics } from "./room-store.ts";
import { RoomTables } from "./room-tables.ts";
import {
  signedAdmission,
  type AdmitOutcome,
  type Admitted,
  type Device,
  type TurnOutcome,
} from "./signing.ts";

export class WaitingRoom extends DurableObject<GateEnv> {
  readonly #core: RoomCore;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#core = new RoomCore({
      rows: new RoomTables(ctx.storage),
      alarm: new SingleAlarm(ctx.storage),
      booth: (sale, lane, shard) => boothOf(env, boothName(sale, lane, shard)),
      pipeline: new PipelineWatch(env.CONFIG),
      events: env.EVENTS_QUEUE,
      now: () => Date.now(),
      newSecret,
      rules: ROOM_RULES,
      log,
    });
  }

  configure(sale: Sale): Promise<ConfigureOutcome> {
    return this.#core.configure(sale);
  }

  async document(): Promise<{ readonly sale: Sale; readonly revision: number } | null> {
    return this.#core.document();
  }

  async snapshot(): Promise<RoomSnapshot | null> {
    return this.#core.snapshot();
  }

  async metrics(): Promise<RoomMetrics | NoSale> {
    return this.#core.metrics();
  }

  async manifest(lane: string, k: number): Promise<CohortManifest | null> {
    return this.#core.manifest(lane, k);
  }

  act(action: rooms.RoomAction): Promise<rooms.ActionOutcome | NoSale> {
    return this.#core.act(action);
  }

  change(change: AdmissionChange): Promise<{ readonly kind: "changed" } | NoSale> {
    return this.#core.change(change);
  }

  async reportLevel(level: StockLevel): Promise<void> {
    this.#core.reportLevel(level);
  }

  async claim(ticket: ClaimedTicket, device: Device = null): Promise<AdmitOutcome> {
    const outcome = this.#core.claim(ticket);
    return outcome.kind === "admitted" ? this.#sign(outcome.admission, device) : outcome;
  }

  async admitNow(
    id: string,
    subject: string,
    lane: string,
    device: Device = null,
  ): Promise<AdmitOutcome> {
    const outcome = await this.#core.admitNow(id, subject, lane);
    return outcome.kind === "admitted" ? this.#sign(outcome.admission, device) : outcome;
  }

  async turn(ticket: string, place: Place | null, device: Device = null): Promise<TurnOutcome> {
    const turn = this.#core.turn(ticket, place);
    if (turn.kind !== "admitted") return turn;
    return this.#sign(turn.admission, device);
  }

  /** The token is new, the seat the same. */
  async extend(id: string, seconds: number, device: Device): Promise<Admitted | NotActive> {
    const outcome = this.#core.extend(id, seconds);
    return outcome.kind === "extended" ? this.#sign(outcome.admission, device) : outcome;
  }

  #sign(admission: admissions.AdmissionRecord, device: Device) {
    const document = this.#core.document();
    if (document === null) throw new Error("waiting-room: an admission without a sale");
    return signedAdmission(this.env, document.sale.id, admission, device);
  }

  async seat(admissionId: string): Promise<admissions.Seat | null> {
    return this.#core.seat(admissionId);
  }

  async standings(ids: readonly string[]): Promise<admissions.SeatStanding[]> {
    return this.#core.standings(ids);
  }

  async leave(admissionId: string): Promise<"left" | "not_active"> {
    return this.#core.leave(admissionId);
  }

  async beginOrder(admissionId: string, order: string): Promise<admissions.BeginOrderOutcome> {
    return this.#core.beginOrder(admissionId, order);
  }

  async finishOrder(
    admissionId: string,
    order: string,
    how: "spend" | "hand_back",
  ): Promise<"finished" | "not_in_progress"> {
    return this.#core.finishOrder(admissionId, order, how);
  }

  override alarm(info?: AlarmInvocationInfo): Promise<void> {
    return this.#core.ring(info?.scheduledTime);
  }
}

function newSecret(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
