/**
 * Every stored shape by name, as its reader reads it, and the record of all of them that a release
 * keeps (docs/stored-shapes.md).
 */
import { z } from "zod";
import { DISCOUNT_READERS } from "../../durable-objects/discount-codes/discount-readers.ts";
import { ORDER_READERS } from "../../durable-objects/order/order-readers.ts";
import { BRIDGE_READERS } from "../../durable-objects/redis-bridge/bridge-readers.ts";
import { DRAW_READERS, ROOM_READERS } from "../../durable-objects/waiting-room/room-readers.ts";
import { sharedBreakerReader } from "../../src/domain/breaker.ts";
import { mailMessageSchema } from "../../src/domain/mail/mail.ts";
import { orderEventSchema, orderMessageSchema } from "../../src/domain/order/messages.ts";
import { ordersSetupSchema } from "../../src/domain/readiness/orders-setup.ts";
import { saleEventSchema } from "../../src/domain/room/events.ts";
import { roomStateReader } from "../../src/domain/room/room-state.ts";
import { attemptSchema, deliveryMessageSchema } from "../../src/domain/webhooks.ts";
import { guardListReader, publishedReader } from "../../src/sales/published-sale.ts";
import { writtenToday } from "./examples.ts";
import { type SqlTables, tablesToday } from "./tables.ts";

/** By where it is stored; a name stays when code moves. */
export const STORED_SHAPES: Readonly<Record<string, z.ZodType>> = {
  "kv/sale": publishedReader,
  "kv/guards": guardListReader,
  "kv/breaker": sharedBreakerReader,
  "kv/setup": ordersSetupSchema,
  "room/foundation": ROOM_READERS.foundation,
  "room/state": roomStateReader,
  "room/told": ROOM_READERS.told,
  "room/devices": ROOM_READERS.devices,
  "room/place": ROOM_READERS.place,
  "room/orders-ended": ROOM_READERS.ordersEnded,
  "room/beacon": DRAW_READERS.beacon,
  "room/counts": DRAW_READERS.counts,
  "room/counted": DRAW_READERS.counted,
  "room/draw": DRAW_READERS.draw,
  "room/statement-key": DRAW_READERS.statementKey,
  "order/document": ORDER_READERS.document,
  "order/first": ORDER_READERS.first,
  "discounts/rule": DISCOUNT_READERS.rule,
  "discounts/standing": DISCOUNT_READERS.standing,
  "redis-bridge/transfer": BRIDGE_READERS.transfer,
  "redis-bridge/mirror": BRIDGE_READERS.mirror,
  "queue/order": orderMessageSchema,
  "queue/order-event": orderEventSchema,
  "queue/sale-event": saleEventSchema,
  "queue/delivery": deliveryMessageSchema,
  "queue/mail": mailMessageSchema,
  "d1/attempt": attemptSchema,
};

/** A JSON Schema, as far as shapes are compared by it. */
export type JsonShape = Readonly<Record<string, unknown>>;

export interface ShapeRecord {
  readonly release: string;
  readonly shapes: Readonly<Record<string, JsonShape>>;
  /** By shape: documents as the release wrote them. */
  readonly written: Readonly<Record<string, readonly unknown[]>>;
  readonly tables: SqlTables;
}

export function shapesToday(): Record<string, JsonShape> {
  const shapes = Object.entries(STORED_SHAPES).map(([name, reader]) => {
    const shape = z.toJSONSchema(reader, {
      io: "input",
      unrepresentable: "any",
      // Every whole number has them, and readers check no other bounds.
      override: ({ jsonSchema }) => {
        delete jsonSchema.minimum;
        delete jsonSchema.maximum;
      },
    });
    return [name, shape] as const;
  });
  return Object.fromEntries(shapes);
}

export function recordOf(release: string): ShapeRecord {
  const written = writtenToday();
  return { release, shapes: shapesToday(), written, tables: tablesToday() };
}
