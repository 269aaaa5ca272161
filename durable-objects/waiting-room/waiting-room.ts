/**
 * WaitingRoom: one sale's room. It ticks once a second, calls the next in line, and admits those
 * who were called.
 *
 * Guarantee: that of `room-core.ts`, made durable in SQLite. This class passes the core the
 * object's storage, its alarm and the bindings, signs admissions, and decides nothing.
 * Not for answering polls: gates do that from `snapshot()`, which they fetch once a second.
 */
import type { CohortManifest, Place } from "../../src/domain/line/cohort.ts";
import type * as admissions from "../../src/domain/room/admission.ts";
import type { DepartedAnswer } from "../../src/domain/order/saga.ts";
import type { RoomAction } from "../../src/domain/room/merchant-changes.ts";
import type { RoomSnapshot } from "../../src/domain/room/snapshot.ts";
import type { Confirmed } from "../../src/domain/sale/consequences.ts";
import type { AdmissionChange, Sale } from "../../src/domain/sale/sale.ts";
import type { StockLevel } from "../../src/domain/stock/stock-ledger.ts";
import { beaconChainOf, readRound } from "../../src/beacon/relays.ts";
import { MIRROR_RECHECK_MS } from "../../src/domain/limits.ts";
import { log } from "../../src/platform/log.ts";
import {
  backendPaceOf,
  boothName,
  boothOf,
  orderOf,
  saleListOf,
} from "../../src/platform/objects.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import { KeptObject } from "../backup/kept-object.ts";
import { SingleAlarm } from "../single-alarm.ts";
import type { ActOutcome, ConfigureOutcome } from "./changes.ts";
import { PipelineWatch } from "./pipeline-watch.ts";
import { ROOM_RULES, type ClaimedTicket } from "./ports.ts";
import { RoomCore, type NoSale, type NotActive } from "./room-core.ts";
import type { RoomFairness, RoomMetrics } from "./room-store.ts";
import { RoomTables } from "./room-tables.ts";
import {
  signatureOf,
  signatureOfSecret,
  signedAdmission,
  signedCounts,
  type AdmitOutcome,
  type Admitted,
  type Device,
  type TurnOutcome,
} from "./signing.ts";

export class WaitingRoom extends KeptObject {
  #core: RoomCore;
  /** What the list of sales has been given by this instance, and when that was tried. */
  #publishedRevision: number | null = null;
  #publishedAt_ms = Number.NEGATIVE_INFINITY;
  /** The secret of the draw is among it. */
  protected override readonly sealed = [{ table: "room", first: "foundation", column: "value" }];

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#core = this.#load();
  }

  #load(): RoomCore {
    const { ctx, env } = this;
    return new RoomCore({
      rows: new RoomTables(ctx.storage),
      alarm: new SingleAlarm(ctx.storage),
      booth: (sale, lane, shard) => boothOf(env, boothName(sale, lane, shard)),
      askDeparted: (order, hasLeft) => {
        return withTimeout<DepartedAnswer>(orderOf(env, order).depart(hasLeft));
      },
      pipeline: new PipelineWatch(env.CONFIG, (backend) => backendPaceOf(env, backend).wait_ms()),
      beacon: {
        chain: beaconChainOf(env),
        read: (chain, round, taken) => readRound(env, chain, round, taken),
        sign: (cohort) => signedCounts(env, cohort),
      },
      events: env.EVENTS_QUEUE,
      now: () => Date.now(),
      newSecret,
      rules: ROOM_RULES,
      log,
    });
  }

  protected override reload(): void {
    this.#core = this.#load();
  }

  /** @param confirmed left out by gates of the release before, which know no such answer */
  async configure(sale: Sale, confirmed?: Confirmed): Promise<ConfigureOutcome> {
    if (confirmed !== undefined) return this.#core.configure(sale, confirmed);
    const outcome = await this.#core.configure(sale, { kinds: [], revision: null });
    if (outcome.kind !== "unconfirmed") return outcome;
    return { kind: "refused", refusals: outcome.consequences };
  }

  async beginDeletion(): Promise<ReturnType<RoomCore["beginDeletion"]>> {
    return this.#core.beginDeletion();
  }

  async finishDeletion(): Promise<void> {
    this.#core.finishDeletion();
  }

  async document(): Promise<{ readonly sale: Sale; readonly revision: number } | null> {
    return this.#core.document();
  }

  async snapshot(): Promise<RoomSnapshot | null> {
    await this.#core.wake();
    return this.#core.snapshot();
  }

  async metrics(): Promise<RoomMetrics | NoSale> {
    await this.#core.wake();
    return this.#core.metrics();
  }

  /** Signed when it is first asked for, because signing is asynchronous and writing is not. */
  async manifest(lane: string, k: number): Promise<CohortManifest | null> {
    const manifest = this.#core.manifest(lane, k);
    const signed = manifest === null ? null : await signatureOf(this.env, manifest);
    if (signed === null) return manifest;
    this.#core.keepSignature(signed);
    return this.#core.manifest(lane, k);
  }

  /** The secret among it is signed likewise. */
  async fairness(): Promise<RoomFairness | NoSale> {
    const fairness = this.#core.fairness();
    if (fairness.kind === "no_sale") return fairness;
    const signed = await signatureOfSecret(this.env, fairness);
    if (signed === null) return fairness;
    this.#core.keepSignature(signed);
    return this.#core.fairness();
  }

  act(action: RoomAction): Promise<ActOutcome | NoSale> {
    return this.#core.act(action);
  }

  change(change: AdmissionChange): Promise<{ readonly kind: "changed" } | NoSale> {
    return this.#core.change(change);
  }

  async reportLevel(level: StockLevel): Promise<void> {
    await this.#core.wake();
    this.#core.reportLevel(level);
  }

  /** @param seen tells devices apart for counting; null from a gate of the release before */
  async claim(
    ticket: ClaimedTicket,
    device: Device = null,
    seen: string | null = null,
  ): Promise<AdmitOutcome> {
    await this.#core.wake();
    const outcome = this.#core.claim(ticket, { device, seen });
    return outcome.kind === "admitted" ? this.#sign(outcome.admission, device) : outcome;
  }

  async admitNow(
    id: string,
    subject: string,
    lane: string,
    device: Device = null,
    seen: string | null = null,
  ): Promise<AdmitOutcome> {
    const outcome = await this.#core.admitNow(id, subject, lane, { device, seen });
    return outcome.kind === "admitted" ? this.#sign(outcome.admission, device) : outcome;
  }

  async turn(
    ticket: string,
    place: Place | null,
    device: Device = null,
    seen: string | null = null,
  ): Promise<TurnOutcome> {
    await this.#core.wake();
    const turn = this.#core.turn(ticket, place, { device, seen });
    if (turn.kind !== "admitted") return turn;
    return this.#sign(turn.admission, device);
  }

  /** The token is new, the seat the same. */
  async extend(id: string, seconds: number, device: Device): Promise<Admitted | NotActive> {
    const outcome = this.#core.extend(id, seconds, device);
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
    await this.#core.wake();
    return this.#core.standings(ids);
  }

  async leave(admissionId: string): Promise<"left" | "not_active"> {
    return this.#core.leave(admissionId);
  }

  async beginOrder(admissionId: string, order: string): Promise<admissions.BeginOrderOutcome> {
    await this.#core.wake();
    return this.#core.beginOrder(admissionId, order);
  }

  async finishOrder(
    admissionId: string,
    order: string,
    how: admissions.OrderEnd,
  ): Promise<"finished" | "not_in_progress"> {
    return this.#core.finishOrder(admissionId, order, how);
  }

  async forgetSubject(admissionId: string): Promise<void> {
    this.#core.forgetSubject(admissionId);
  }

  override async alarm(info?: AlarmInvocationInfo): Promise<void> {
    await this.#core.ring(info?.scheduledTime);
    await this.#publish();
  }

  /**
   * Each instance gives the list of sales its document once, and each revision of it: a list that
   * lost it, or never had it, gets it back while the sale goes on.
   */
  async #publish(): Promise<void> {
    const document = this.#core.document();
    if (document === null || document.revision === this.#publishedRevision) return;
    const now = Date.now();
    if (now - this.#publishedAt_ms < MIRROR_RECHECK_MS) return;
    this.#publishedAt_ms = now;
    const published = saleListOf(this.env).publish(document, false);
    const answer = await withTimeout(published.then(() => "published"));
    if (answer === null) log.warn("waiting-room", "sale_list_unreachable");
    else this.#publishedRevision = document.revision;
  }
}

function newSecret(): string {
  return [...crypto.getRandomValues(new Uint8Array(32))]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}
