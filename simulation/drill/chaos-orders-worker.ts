/**
 * The orders Worker of a drill with `--chaos`: the real Worker behind a queue that shuffles batches
 * and delivers some messages twice, as a deployed queue may.
 */
import orders from "../../queues/orders-worker.ts";

const DUPLICATE_SHARE = 0.2;
const DUPLICATE_DELAY_MAX_S = 4;

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((left, right) => left.at - right.at)
    .map(({ item }) => item);
}

function producerOf(env: OrdersEnv, queue: string): Queue | null {
  if (queue === "sluice-orders") return env.ORDERS_QUEUE;
  return queue === "sluice-events" ? env.EVENTS_QUEUE : null;
}

export default {
  async queue(batch, env): Promise<void> {
    const producer = producerOf(env, batch.queue);
    const twice = batch.messages.filter(() => Math.random() < DUPLICATE_SHARE);
    if (producer !== null && twice.length > 0) {
      const copies = twice.map(({ body }) => {
        return { body, delaySeconds: Math.floor(Math.random() * DUPLICATE_DELAY_MAX_S) };
      });
      await producer.sendBatch(copies);
      for (const _ of copies)
        console.log(JSON.stringify({ at: "chaos", event: "message sent twice" }));
    }
    const { queue, metadata } = batch;
    await orders.queue(
      {
        queue,
        metadata,
        messages: shuffled(batch.messages),
        ackAll: () => batch.ackAll(),
        retryAll: (options) => batch.retryAll(options),
      },
      env,
    );
  },
} satisfies ExportedHandler<OrdersEnv>;
