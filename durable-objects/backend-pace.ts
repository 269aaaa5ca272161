/**
 * BackendPace: the limits of one backend, and its calls, which all isolates of the orders Worker
 * share. Named after the backend: `payment`, `orders`.
 *
 * Guarantee: a changed document is durable before it is answered, and every later answer has it.
 * Calls are lent by the rules of `src/domain/pace.ts`, one caller after the other, so that all
 * isolates together keep to one pace.
 * Weak: the pace is kept in memory only. After an eviction or a crash calls are free until the
 * backend throttles again, which the first isolate that sees it tells.
 */
import { DurableObject } from "cloudflare:workers";
import {
  limitDifferences,
  LIMIT_DEFAULTS,
  readStoredLimits,
  type BackendLimits,
} from "../src/domain/backend-limits.ts";
import type { Backend } from "../src/domain/breaker.ts";
import {
  lend,
  NEW_PACE,
  PACE_DEFAULTS,
  paceWait_ms,
  tellPace,
  type CallReport,
  type Lent,
} from "../src/domain/pace.ts";
import { log } from "../src/platform/log.ts";
import { upsert } from "./upsert.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS limits (
    id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, changed_ms INTEGER NOT NULL,
    document TEXT
  );
`;

const PUT_LIMITS = upsert("limits", "id", "revision, changed_ms, document");

type LimitsRow = { revision: number; changed_ms: number; document: string | null };

export interface CurrentLimits {
  readonly limits: BackendLimits;
  /** 0: the document was never changed. */
  readonly revision: number;
  readonly changedAt_ms: number | null;
}

export class BackendPace extends DurableObject<GateEnv> {
  readonly #sql: SqlStorage;
  #pace = NEW_PACE;
  #current: CurrentLimits | null = null;

  constructor(ctx: DurableObjectState, env: GateEnv) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(SCHEMA);
  }

  async limits(backend: Backend): Promise<CurrentLimits> {
    return this.#limits(backend);
  }

  /** @param limits null: back to the defaults */
  async change(backend: Backend, limits: BackendLimits | null): Promise<CurrentLimits> {
    const before = this.#limits(backend);
    const revision = before.revision + 1;
    this.#sql.exec(
      PUT_LIMITS,
      1,
      revision,
      Date.now(),
      limits === null ? null : JSON.stringify(limits),
    );
    this.#current = null;
    const changes = limitDifferences(before.limits, limits ?? LIMIT_DEFAULTS[backend]);
    log.info("backend-pace", "limits_changed", { backend, revision, changes });
    return this.#limits(backend);
  }

  /**
   * What an isolate may do next. It tells of its finished calls with the same call.
   * @param waited whether a call asks that was put off before; null: none asks
   */
  async lend(
    backend: Backend,
    report: CallReport,
    waited: boolean | null,
  ): Promise<{ readonly limits: BackendLimits; readonly lent: Lent | null }> {
    const now = Date.now();
    const { limits } = this.#limits(backend);
    this.#pace = tellPace(this.#pace, report, PACE_DEFAULTS, now);
    if (waited === null) return { limits, lent: null };
    const { state, lent } = lend(this.#pace, waited, limits.callsPerMinute, PACE_DEFAULTS, now);
    this.#pace = state;
    return { limits, lent };
  }

  /** How long a new call would wait now. */
  async wait_ms(): Promise<number> {
    return paceWait_ms(this.#pace, Date.now());
  }

  #limits(backend: Backend): CurrentLimits {
    this.#current ??= this.#read(backend);
    return this.#current;
  }

  #read(backend: Backend): CurrentLimits {
    const row = this.#sql
      .exec<LimitsRow>("SELECT revision, changed_ms, document FROM limits")
      .toArray()[0];
    const { limits, unusable } = readStoredLimits(backend, row?.document ?? null);
    if (unusable.length > 0) {
      log.error("backend-pace", "unusable_limits", { backend, fields: unusable.join(", ") });
    }
    return { limits, revision: row?.revision ?? 0, changedAt_ms: row?.changed_ms ?? null };
  }
}
