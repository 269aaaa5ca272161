/**
 * The queues as a test drives them: what was sent is noted, and handed over when the test says so.
 * Nothing is handed over that was not sent.
 */
import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import orders from "../../../queues/orders-worker.ts";

export type QueueName =
  | "sluice-orders"
  | "sluice-events"
  | "sluice-webhooks"
  | "sluice-mails"
  | "sluice-orders-dead"
  | "sluice-webhooks-dead"
  | "sluice-mails-dead"
  | "sluice-mirror";

const sent: { readonly queue: QueueName; readonly body: unknown }[] = [];

/** The real queue; a message that it has taken is noted. `onTheirWay`: what it is just taking. */
export function noting(queue: Queue, name: QueueName, onTheirWay: Set<Promise<unknown>>): Queue {
  return new Proxy(queue, {
    get(real, member): unknown {
      if (member === "sendBatch") {
        return async (messages: Iterable<MessageSendRequest>): Promise<void> => {
          const bodies = [...messages];
          await real.sendBatch(bodies);
          sent.push(...bodies.map(({ body }) => ({ queue: name, body })));
        };
      }
      if (member !== "send") return Reflect.get(real, member);
      return async (body: unknown): Promise<void> => {
        const sending = real.send(body);
        onTheirWay.add(sending);
        await sending.finally(() => onTheirWay.delete(sending));
        sent.push({ queue: name, body });
      };
    },
  });
}

/** Takes everything out that waits in a queue. */
export function takeSent(queue: QueueName): unknown[] {
  const taken = sent.filter((message) => message.queue === queue);
  for (const message of taken) sent.splice(sent.indexOf(message), 1);
  return taken.map(({ body }) => body);
}

const LOOKS_MAX = 3000;

/** The same, when as many as that have come: what is owed goes out after the answer was given. */
export async function takeSentWhen(queue: QueueName, count: number): Promise<unknown[]> {
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    if (sent.filter((message) => message.queue === queue).length >= count) return takeSent(queue);
    await scheduler.wait(1);
  }
  throw new Error(`fewer than ${count} messages came into ${queue}`);
}

export interface Handled {
  readonly acknowledged: number;
  /** Delays of the messages that must come again, in seconds. */
  readonly again_s: readonly number[];
  readonly again: readonly unknown[];
}

/** Hands one batch to the orders Worker. */
export async function handOver(
  queue: QueueName,
  bodies: readonly unknown[],
  { withEnv = env, ids = bodies.map(() => crypto.randomUUID()), attempts = 1 } = {},
): Promise<Handled> {
  const messages = bodies.map((body, index) => {
    return { id: ids[index] ?? "", timestamp: new Date(), attempts, body };
  });
  const batch = createMessageBatch(queue, messages);
  // The platform's own result of a batch leaves out the delays that were asked for.
  const acks = batch.messages.map((message) => vi.spyOn(message, "ack"));
  const retries = batch.messages.map((message) => vi.spyOn(message, "retry"));
  await orders.queue(batch, withEnv);
  const again_s = retries.flatMap(({ mock }) => mock.calls.map(([how]) => how?.delaySeconds ?? 0));
  const again = bodies.filter((_, index) => retries[index]?.mock.calls.length === 1);
  return {
    acknowledged: acks.filter(({ mock }) => mock.calls.length === 1).length,
    again,
    again_s,
  };
}

/** Everything that waits is handed over once; what must come again waits again. */
export async function handOverAll(): Promise<void> {
  for (const queue of ["sluice-orders", "sluice-events"] as const) {
    const bodies = takeSent(queue);
    if (bodies.length === 0) continue;
    const { again } = await handOver(queue, bodies);
    sent.push(...again.map((body) => ({ queue, body })));
  }
}
