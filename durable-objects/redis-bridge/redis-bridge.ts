/**
 * RedisBridge: one per SKU, between the SkuStock and a merchant's Redis. It moves allotments to the
 * edge and unsold units back, and mirrors the levels.
 *
 * Guarantee: a transfer is durable before its first step and after each, and the alarm resumes it
 * when a runner died; `src/domain/stock/allotment.ts` explains why no unit is lost or doubled.
 * A separate object, so that waiting for Redis delays no hold, no report and no sale.
 * Weak: the mirror lags by a second, and by the length of an outage of Redis.
 */
import { DurableObject } from "cloudflare:workers";
import {
  begin,
  compare,
  type Comparison,
  isSettled,
  nextStep,
  redisRetry_ms,
  report,
  type Seal,
  type StepOutcome,
  type Transfer,
  type TransferCommand,
  transferName,
  type TransferStep,
} from "../../src/domain/stock/allotment.ts";
import { LEVEL_REPORT_INTERVAL_MS, TRANSFERS_PER_SKU_MAX } from "../../src/domain/limits.ts";
import type { StockLevel } from "../../src/domain/stock/stock-ledger.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { log } from "../../src/platform/log.ts";
import { stockOf } from "../../src/platform/objects.ts";
import { readRedisConfig, REDIS_OFF, RedisConnection } from "../../src/redis/connection.ts";
import { check, give, recall, take } from "../../src/redis/counters.ts";
import { mirrorLevel } from "../../src/redis/mirror.ts";
import type { Mirror } from "./bridge-readers.ts";
import { BridgeTables } from "./bridge-tables.ts";
import { SingleAlarm } from "../single-alarm.ts";

export type MoveOutcome =
  /** `repeated`: it was already settled before this call. */
  | { readonly kind: "transfer"; readonly transfer: Transfer; readonly repeated: boolean }
  | { readonly kind: "conflict"; readonly earlier: Transfer }
  | { readonly kind: "too_many"; readonly limit: number }
  /** No transfer was begun. */
  | { readonly kind: "redis_off"; readonly what: string | null };

export interface BridgeReading {
  readonly redis: "on" | "off" | "unusable";
  readonly transfers: readonly {
    readonly transfer: Transfer;
    /** Null when the transfers were not compared with Redis. */
    readonly inRedis: Comparison | null;
  }[];
  /** By the merchant's key; null without a count. Absent: not compared, or Redis did not answer. */
  readonly counts: Readonly<Record<string, number | null>>;
  readonly mirror: Mirror | null;
}

interface Recalled {
  readonly counts: Readonly<Record<string, number | null>>;
  readonly seals: ReadonlyMap<string, Seal | null>;
}
const NOT_COMPARED: Recalled = { counts: {}, seals: new Map() };

export class RedisBridge extends DurableObject<GateEnv> {
  readonly #tables: BridgeTables;
  readonly #alarm: SingleAlarm;
  readonly #redis: RedisConnection | null;
  /** One runner per transfer; concurrent calls for it wait for the same runner. */
  readonly #running = new Map<string, Promise<void>>();
  #mirroring: Promise<void> | null = null;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#tables = new BridgeTables(ctx.storage);
    this.#alarm = new SingleAlarm(ctx.storage);
    const config = readRedisConfig(env);
    this.#redis = config.kind === "on" ? new RedisConnection(config) : null;
  }

  /** Begins or resumes the transfer, and takes steps as long as Redis and the SkuStock answer. */
  async move(command: TransferCommand): Promise<MoveOutcome> {
    const name = transferName(command);
    const begun = begin(this.#tables.transfer(name), command, Date.now());
    if (begun.kind === "conflict") return begun;
    if (begun.kind === "begun") {
      const config = readRedisConfig(this.env);
      if (config.kind !== "on") {
        return { kind: "redis_off", what: config.kind === "unusable" ? config.what : null };
      }
      if (this.#tables.transferCount() >= TRANSFERS_PER_SKU_MAX) {
        return { kind: "too_many", limit: TRANSFERS_PER_SKU_MAX };
      }
      this.#tables.put(begun.transfer);
      await this.#arm();
    }
    const repeated = isSettled(begun.transfer);
    if (!repeated) await this.#run(name);
    return { kind: "transfer", transfer: this.#tables.transfer(name) ?? begun.transfer, repeated };
  }

  /**
   * All transfers; with `comparing` each is compared with its seal in Redis. They are read before
   * Redis is, so one that advances meanwhile is `pending` and never `missing`. Read only.
   */
  async read(comparing: boolean): Promise<BridgeReading> {
    const transfers = this.#tables.transfers();
    const { counts, seals } = comparing ? await this.#recall(transfers) : NOT_COMPARED;
    return {
      redis: readRedisConfig(this.env).kind,
      transfers: transfers.map((transfer) => {
        const seal = seals.get(transferName(transfer));
        return { transfer, inRedis: comparing ? compare(transfer, seal) : null };
      }),
      counts,
      mirror: this.#tables.mirror(),
    };
  }

  async #recall(transfers: readonly Transfer[]): Promise<Recalled> {
    const counts: Record<string, number | null> = {};
    const seals = new Map<string, Seal | null>();
    for (const key of new Set(transfers.map((transfer) => transfer.key))) {
      const names = transfers.filter((transfer) => transfer.key === key).map(transferName);
      const recalled = this.#redis === null ? REDIS_OFF : await recall(this.#redis, key, names);
      if (recalled.kind === "unknown") continue;
      counts[key] = recalled.count;
      for (const [name, seal] of recalled.seals) seals.set(name, seal);
    }
    return { counts, seals };
  }

  /** Called by the SkuStock, at most once a second. Returns when the level is durable here. */
  async noteLevel(level: StockLevel): Promise<void> {
    this.#tables.noteLevel(level, Date.now());
    await this.#arm();
  }

  override async alarm(): Promise<void> {
    this.#alarm.fired();
    try {
      const due = this.#tables.dueNames(Date.now());
      await Promise.all([...due.map((name) => this.#run(name)), this.#mirror()]);
    } finally {
      await this.#arm();
    }
  }

  #run(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const run = this.#runSteps(name).finally(() => this.#running.delete(name));
    this.#running.set(name, run);
    return run;
  }

  async #runSteps(name: string): Promise<void> {
    for (;;) {
      const transfer = this.#tables.transfer(name);
      const step = transfer === null ? null : nextStep(transfer);
      if (transfer === null || step === null) break;
      const outcome = await this.#take(transfer, step).catch((error: unknown): StepOutcome => {
        log.error("redis-bridge", "step_broke", { name, why: errorText(error) });
        return { kind: "unknown", why: "broke" };
      });
      this.#tables.put(report(transfer, outcome, Date.now()));
      if (outcome.kind === "unknown") {
        log.warn("redis-bridge", "step_unknown", { name, why: outcome.why });
        break;
      }
    }
    await this.#arm();
  }

  async #take(transfer: Transfer, step: TransferStep): Promise<StepOutcome> {
    const name = transferName(transfer);
    const { key, sku } = transfer;
    switch (step.kind) {
      case "take":
        return this.#redis === null ? REDIS_OFF : take(this.#redis, { key, name }, step.quantity);
      case "give":
        return this.#redis === null ? REDIS_OFF : give(this.#redis, { key, name }, step.quantity);
      case "check":
        return this.#redis === null ? REDIS_OFF : check(this.#redis, { key, name });
      case "receive": {
        const reason = `allotment from ${key}`;
        const movement = { id: name, kind: "receive", quantity: step.quantity, reason } as const;
        const { kind } = await this.#stock(sku).move(movement);
        await this.#noteStock(sku);
        const received = kind === "moved" || kind === "already_moved";
        return received ? { kind: "received" } : { kind: "unknown", why: kind };
      }
      case "withdraw": {
        const withdrawal = { id: name, quantity: step.quantity, reason: `return to ${key}` };
        const outcome = await this.#stock(sku).withdraw(withdrawal);
        await this.#noteStock(sku);
        if (outcome.kind === "withdrawn") return outcome;
        if (outcome.kind === "conflict") return { kind: "unknown", why: outcome.kind };
        const { kind: reason, available } = outcome;
        return { kind: "refused", reason, available };
      }
    }
  }

  #stock(sku: string) {
    return stockOf(this.env, sku);
  }

  /** Fetches the levels after a transfer, because a SKU without a sale does not report them. */
  async #noteStock(sku: string): Promise<void> {
    this.#tables.noteLevel(await this.#stock(sku).levels(sku), Date.now());
  }

  /** Writes the newest levels, unless Redis has them or was written less than a second ago. */
  #mirror(): Promise<void> {
    this.#mirroring ??= this.#mirrorNow().finally(() => {
      this.#mirroring = null;
    });
    return this.#mirroring;
  }

  async #mirrorNow(): Promise<void> {
    const found = this.#tables.mirror();
    if (found === null || this.#redis === null || !isBehind(found)) return;
    if (found.due_ms > Date.now()) return;
    const outcome = await mirrorLevel(this.#redis, found.level, found.at_ms);
    const now = Date.now();
    // Newer levels may have been noted during the call.
    const mirror = this.#tables.mirror() ?? found;
    if (outcome.kind === "mirrored") {
      const due_ms = now + LEVEL_REPORT_INTERVAL_MS;
      const mirroredSeq = Math.max(found.level.seq, mirror.mirroredSeq);
      this.#tables.putMirror({ ...mirror, mirroredSeq, due_ms, failures: 0, problem: null });
      return;
    }
    const failures = mirror.failures + 1;
    const due_ms = now + redisRetry_ms(mirror.failures);
    this.#tables.putMirror({ ...mirror, failures, due_ms, problem: outcome.why });
    const { sku } = mirror.level;
    log.warn("redis-bridge", "mirror_failed", { sku, failures, why: outcome.why });
  }

  /** For the next transfer to resume, or the next levels to write. */
  #arm(): Promise<void> {
    const mirror = this.#tables.mirror();
    const waits = mirror !== null && this.#redis !== null && isBehind(mirror);
    return this.#alarm.arm([this.#tables.nextDue_ms(), waits ? mirror.due_ms : null], Date.now());
  }
}

function isBehind({ level, mirroredSeq }: Mirror): boolean {
  return level.seq > mirroredSeq;
}
