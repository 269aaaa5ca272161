/**
 * What rooms send into the queue of events, as a test sees and disturbs it.
 *
 * Guarantee: what is noted was taken by the real queue. A room that dies after sending dies of the
 * platform's own `abort`, when what it wrote before is durable.
 */
import { saleEventSchema, type SaleEvent } from "../../../src/domain/room/events.ts";

interface RoomMail {
  readonly sent: SaleEvent[];
  /** Rooms, by sale, whose queue takes nothing. */
  readonly refused: Set<string>;
  /** Rooms, by sale, that die when the queue has taken their events and they do not know it yet. */
  readonly dying: Set<string>;
}

export const roomMail: RoomMail = { sent: [], refused: new Set(), dying: new Set() };

/** What this sale's room has sent, in the order in which it was sent. */
export function sentBy(sale: string): SaleEvent[] {
  return roomMail.sent.filter((event) => event.sale === sale);
}

export function roomQueue(queue: Queue, ctx: DurableObjectState): Queue {
  return new Proxy(queue, {
    get(real, member): unknown {
      if (member !== "sendBatch") return Reflect.get(real, member);
      return async (messages: Iterable<MessageSendRequest>): Promise<void> => {
        const { name = "" } = ctx.id;
        if (roomMail.refused.has(name)) throw new Error("the queue takes nothing, as planned");
        const bodies = [...messages];
        await real.sendBatch(bodies);
        roomMail.sent.push(...bodies.map(({ body }) => saleEventSchema.parse(body)));
        if (!roomMail.dying.delete(name)) return;
        await ctx.storage.sync();
        ctx.abort("a crash that the test planned");
      };
    },
  });
}
