/**
 * A shop whose stock is in Redis: a whole Sluice with a real Redis, a merchant who moves units
 * between the two, and shoppers who buy the units in Sluice.
 *
 * Guarantee: every SKU is a new one, so that tests do not share units.
 */
import { z } from "zod";
import type { HostOptions } from "../../../simulation/host/host.ts";
import type { Mishap } from "../../../simulation/redis-rest/front.ts";
import { levelKey, ORDERS_STREAM_KEY } from "../../../src/domain/formats/redis-keys.ts";
import { entriesOf, REST_TOKEN, startTestRedis, sure, type TestRedis } from "./redis.ts";
import {
  admit,
  type Answer,
  finalOrder,
  makeSale,
  orderBody,
  placeOrder,
  type Sluice,
  startSluice,
  until,
} from "./sluice.ts";

const skuSchema = z.object({
  seq: z.int(),
  received: z.int(),
  available: z.int(),
  held: z.int(),
  ordered: z.int(),
  sold: z.int(),
  buffer: z.int(),
});

const transfersSchema = z.object({
  transfers: z.array(
    z.object({
      kind: z.string(),
      id: z.string(),
      state: z.string(),
      problem: z.string().nullable(),
      quantity: z.int().nullable(),
      inRedis: z.string().nullable(),
    }),
  ),
  counts: z.record(z.string(), z.int().nullable()),
  mirror: z
    .object({
      seq: z.int(),
      mirroredSeq: z.int(),
      failures: z.int(),
      problem: z.string().nullable(),
    })
    .nullable(),
});
type Transfers = z.infer<typeof transfersSchema>;

const SETTLED = new Set(["received", "returned", "refused"]);

let shops = 0;

export class RedisShop {
  readonly #redis: TestRedis | null;
  readonly #options: HostOptions;
  #sluice: Sluice;

  private constructor(redis: TestRedis | null, sluice: Sluice, options: HostOptions) {
    this.#redis = redis;
    this.#sluice = sluice;
    this.#options = options;
  }

  /** Logs are not printed, because Redis fails on purpose in most tests. */
  static async open(options: HostOptions = {}): Promise<RedisShop> {
    const redis = await startTestRedis();
    const settings: Record<string, string> =
      redis === null
        ? {}
        : { UPSTASH_REDIS_REST_URL: redis.front.url, UPSTASH_REDIS_REST_TOKEN: REST_TOKEN };
    const variables = { gate: settings, orders: settings };
    const whole = { variables, onLog: () => undefined, ...options };
    return new RedisShop(redis, await startSluice(whole), whole);
  }

  get redis(): TestRedis {
    return sure(this.#redis);
  }

  get sluice(): Sluice {
    return this.#sluice;
  }

  /** Stops all of Sluice, with work in progress, and starts it again on the same folder. */
  async restart(): Promise<void> {
    await this.#sluice.stop();
    this.#sluice = await startSluice(this.#options);
  }

  async close(): Promise<void> {
    await this.#sluice.stop();
    await this.#redis?.stop();
  }

  /** Empties Redis and switches mishaps off. */
  async clear(): Promise<void> {
    this.misbehave(null);
    await this.redis.direct.flushall();
  }

  /** From now on every call to Redis has this mishap. */
  misbehave(mishap: Mishap | null): void {
    this.redis.front.mishapFor = () => mishap;
  }

  /** A new SKU, with its units in Redis. */
  async stocked(units: number): Promise<{ sku: string; key: string }> {
    shops += 1;
    const sku = `shop-${shops}-shoe`;
    const key = `stock:${sku}`;
    await this.redis.direct.set(key, units);
    return { sku, key };
  }

  allot(sku: string, body: { id: string; key: string; quantity: number }): Promise<Answer> {
    return this.sluice.merchant("POST", `/skus/${sku}/allotments`, body);
  }

  takeBack(sku: string, body: { id: string; key: string; quantity?: number }): Promise<Answer> {
    return this.sluice.merchant("POST", `/skus/${sku}/returns`, body);
  }

  async levelsOf(sku: string): Promise<z.infer<typeof skuSchema>> {
    return skuSchema.parse((await this.sluice.merchant("GET", `/skus/${sku}`)).body);
  }

  /** The counter in Redis. */
  async countOf(key: string): Promise<number> {
    return Number(await this.redis.direct.get(key));
  }

  async transfersOf(sku: string, compare = false): Promise<Transfers> {
    const path = `/skus/${sku}/allotments${compare ? "?compare=redis" : ""}`;
    return transfersSchema.parse((await this.sluice.merchant("GET", path)).body);
  }

  /** Waits until every transfer is in a final state, and compares them with Redis. */
  settled(sku: string): Promise<Transfers> {
    return until(
      () => this.transfersOf(sku, true),
      ({ transfers }) => transfers.every(({ state }) => SETTLED.has(state)),
    );
  }

  /** A sale of a SKU whose units are all in Redis. */
  async saleOf(sku: string): Promise<string> {
    const sale = sku.slice(0, -"-shoe".length);
    const items = [{ sku, name: "A shoe", price: 12_900, stock: 0, limitPerBuyer: 2 }];
    await makeSale(this.sluice, sale, { items });
    return sale;
  }

  async place(sale: string, key: string): Promise<Answer> {
    const shopper = await admit(this.sluice, sale);
    const buyer = { email: `ann@${key}.example` };
    const placed = await placeOrder(this.sluice, shopper, key, orderBody(sale, { buyer }));
    if (placed.status !== 202) throw new Error(`${placed.status} ${JSON.stringify(placed.body)}`);
    return placed;
  }

  async buy(sale: string, key: string): Promise<unknown> {
    const end = await finalOrder(this.sluice, await this.place(sale, key));
    return end.body["state"];
  }

  async streamedEvents(sale: string): Promise<Record<string, string>[]> {
    const entries = await entriesOf(this.redis, ORDERS_STREAM_KEY);
    return entries.filter((entry) => entry["sale"] === sale);
  }

  /** Waits until the hash in Redis has the ledger's last row, and returns it. */
  async mirroredLevels(sku: string): Promise<Record<string, string>> {
    const { mirrored } = await until(
      async () => {
        const mirrored = await this.redis.direct.hgetall(levelKey(sku));
        return { mirrored, live: await this.levelsOf(sku) };
      },
      ({ mirrored, live }) => mirrored["seq"] === `${live.seq}`,
    );
    return mirrored;
  }
}
