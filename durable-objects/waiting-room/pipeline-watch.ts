/**
 * What a room knows of the order pipeline from KV: the breakers (`breaker:<backend>`), and the
 * operator's override of them (`force:<backend>`); and, from the objects of the backends, how long
 * a call waits that is paced.
 *
 * Guarantee: nothing waits for KV longer than `PIPELINE_LOOK_TIMEOUT_MS`, and nothing fails with
 * it. An object that does not answer does not slow the room. What cannot be read leaves the last
 * reading as it is; an unreadable value counts as closed and is logged, once for each such value.
 * Weak: KV may show a change a minute late, so the room may slow down and recover that much later
 * than the orders Worker. The age of the orders, which the room knows itself, does not wait for KV.
 */
import type { z } from "zod";
import {
  BACKENDS,
  forceSchema,
  writtenBreakerSchema,
  type Backend,
} from "../../src/domain/breaker.ts";
import { PIPELINE_LOOK_INTERVAL_MS, PIPELINE_LOOK_TIMEOUT_MS } from "../../src/domain/limits.ts";
import type { BackendReading, PipelineReading } from "../../src/domain/room/throttle.ts";
import type { RoomState } from "../../src/domain/room/room-state.ts";
import { phaseAt } from "../../src/domain/sale/schedule.ts";
import { errorText } from "../../src/encoding/error-text.ts";
import { breakerKey, forceKey } from "../../src/platform/kv-keys.ts";
import { log } from "../../src/platform/log.ts";
import { withTimeout } from "../../src/platform/with-timeout.ts";
import type { Pipeline } from "./ports.ts";

export class PipelineWatch implements Pipeline {
  readonly #kv: KVNamespace;
  #lookedAt_ms = Number.NEGATIVE_INFINITY;
  #reading: PipelineReading | null = null;
  /** By key: the unreadable value that was logged last. */
  readonly #unreadable = new Map<string, string | null>();

  readonly #waitOf: (backend: Backend) => Promise<number>;
  /** By backend; 0 of one whose object did not answer. */
  #waits_ms: readonly number[] = [];

  /** @param waitOf how long a new call to that backend would wait */
  constructor(kv: KVNamespace, waitOf: (backend: Backend) => Promise<number>) {
    this.#kv = kv;
    this.#waitOf = waitOf;
  }

  /** The last that was read; null before the first time. */
  get reading(): PipelineReading | null {
    if (this.#reading === null) return null;
    const backends = this.#reading.backends.map((backend, index) => {
      return { ...backend, wait_ms: this.#waits_ms[index] ?? 0 };
    });
    return { ...this.#reading, backends };
  }

  /** Reads KV when that is due, in a live room. A late answer counts when it arrives. */
  async look({ schedule }: RoomState, now: number): Promise<void> {
    if (phaseAt(schedule, now) !== "live" || now - this.#lookedAt_ms < PIPELINE_LOOK_INTERVAL_MS)
      return;
    this.#lookedAt_ms = now;
    const looked = this.#read(now).then(() => "looked");
    const [answer] = await Promise.all([
      withTimeout(looked, PIPELINE_LOOK_TIMEOUT_MS),
      this.#askPaces(),
    ]);
    if (answer === null) this.#complain("kv_silent", `after ${PIPELINE_LOOK_TIMEOUT_MS} ms`);
  }

  async #askPaces(): Promise<void> {
    const asked = BACKENDS.map((backend) => {
      return withTimeout(this.#waitOf(backend), PIPELINE_LOOK_TIMEOUT_MS);
    });
    this.#waits_ms = (await Promise.all(asked)).map((wait_ms) => wait_ms ?? 0);
  }

  async #read(now: number): Promise<void> {
    try {
      const backends = await Promise.all(BACKENDS.map((backend) => this.#readOne(backend)));
      // The late answer of an older read changes nothing.
      if (now >= (this.#reading?.at_ms ?? now)) this.#reading = { at_ms: now, backends };
    } catch (error) {
      this.#complain("kv_read_failed", errorText(error));
    }
  }

  async #readOne(backend: string): Promise<BackendReading> {
    const [breaker, force] = await Promise.all([
      this.#parse(breakerKey(backend), writtenBreakerSchema),
      this.#parse(forceKey(backend), forceSchema),
    ]);
    return { breaker, force };
  }

  async #parse<Value>(key: string, schema: z.ZodType<Value | null>): Promise<Value | null> {
    const written = await this.#kv.get(key);
    const parsed = schema.safeParse(written);
    if (parsed.success) {
      this.#unreadable.delete(key);
      return parsed.data;
    }
    if (this.#unreadable.get(key) !== written) {
      this.#unreadable.set(key, written);
      const why = parsed.error.issues.map(({ message }) => message).join("; ");
      this.#complain("unreadable_value", `${key} ${why}`);
    }
    return null;
  }

  #complain(event: string, why: string): void {
    log.warn("pipeline-watch", event, { why });
  }
}
