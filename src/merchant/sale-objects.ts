/**
 * The objects of a sale by kind and name, for its deletion, backups, restores and turning back.
 */
import type { BackupKind, NamedObject } from "../domain/backup/backup-lines.ts";
import { PASS_DESKS_PER_SALE, TURN_REMINDER_SHARDS } from "../domain/limits.ts";
import { lanesOf, type Sale } from "../domain/sale/sale.ts";
import {
  boothName,
  boothOf,
  discountCodesOf,
  orderOf,
  passDeskOf,
  remindersOf,
  roomOf,
  stockOf,
} from "../platform/objects.ts";

type Room = ReturnType<typeof roomOf>;
/** What every object of a sale answers. */
export type KeptStub = Pick<
  Room,
  "backUp" | "restore" | "wake" | "turnBack" | "restart" | "continueFromThere"
>;

/** The number at the end of a name such as `air-two/12`. */
function shardIn(name: string): number {
  return Number(name.slice(name.lastIndexOf("/") + 1));
}

export function keptObject(env: GateEnv, { kind, name }: NamedObject): KeptStub {
  const sale = name.slice(0, name.lastIndexOf("/"));
  switch (kind) {
    case "room":
      return roomOf(env, name);
    case "order":
      return orderOf(env, name);
    case "stock":
      return stockOf(env, name);
    case "discounts":
      return discountCodesOf(env, name);
    case "desk":
      return passDeskOf(env, sale, shardIn(name));
    case "booth":
      return boothOf(env, name);
    case "reminders":
      return remindersOf(env, sale, shardIn(name));
  }
}

/** The names of a kind, but for orders, which nobody can list by counting. */
export function namesOf(kind: Exclude<BackupKind, "order">, sale: Sale, booths: number): string[] {
  const { id } = sale;
  switch (kind) {
    case "room":
    case "discounts":
      return [id];
    case "stock":
      return [...new Set(sale.items.map(({ sku }) => sku))];
    case "desk":
      return upTo(PASS_DESKS_PER_SALE).map((shard) => `${id}/${shard}`);
    case "reminders":
      return upTo(TURN_REMINDER_SHARDS).map((shard) => `${id}/${shard}`);
    case "booth":
      return lanesOf(sale).flatMap((lane) => {
        return upTo(booths).map((shard) => boothName(id, lane.id, shard));
      });
  }
}

export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, n) => n);
}
