/**
 * Restoring a sale from a backup, and turning one object of a sale back.
 *
 * Guarantee: an object that holds something is never written to, unless it continues this backup.
 * Every request may be repeated, and a restore continues where it was interrupted. The room comes
 * last, and KV after it: before that nobody finds the sale. Nothing is charged by restoring: an
 * order goes on with the keys that follow from its id.
 */
import {
  mayBeOf,
  readLine,
  type BackupHeader,
  type BackupPart,
  type NamedObject,
} from "../domain/backup/backup-lines.ts";
import { erasedOf } from "../order-book/order-book.ts";
import { orderOf, roomOf } from "../platform/objects.ts";
import { publishSale } from "../sales/sale-directory.ts";
import { keptObject } from "./sale-objects.ts";
import type { MerchantContext } from "./sales.ts";

export interface RestoredObject extends NamedObject {
  readonly outcome: "restored" | "already_restored";
}

export type RestoreOutcome =
  | { readonly kind: "restored"; readonly objects: readonly RestoredObject[] }
  | { readonly kind: "occupied"; readonly object: NamedObject }
  | { readonly kind: "out_of_order"; readonly object: NamedObject; readonly part: number }
  | { readonly kind: "unreadable"; readonly line: number; readonly why: string };

/**
 * Restores some lines of a backup, the header before them.
 * @param text lines of a backup: the header, then parts in their order
 */
export async function restoreLines(
  { env }: MerchantContext,
  sale: string,
  text: string,
  dryRun: boolean,
): Promise<RestoreOutcome> {
  const read = readLines(sale, text);
  if (read.kind === "unreadable") return read;
  const backup = read.header.id;
  const objects: RestoredObject[] = [];
  for (const [nth, { object, part, last, tables }] of read.parts.entries()) {
    const { name } = object;
    const asked = { backup, name, part, last, tables, dryRun };
    const outcome = await keptObject(env, object).restore(asked);
    switch (outcome.kind) {
      case "occupied":
        return { kind: "occupied", object };
      case "out_of_order":
        return { kind: "out_of_order", object, part: outcome.next };
      case "unreadable": {
        const why = `${object.kind} ${name}: ${outcome.why}`;
        return { kind: "unreadable", line: nth + 2, why };
      }
      case "restored":
      case "already_restored":
        if (last) objects.push({ ...object, outcome: outcome.kind });
    }
  }
  return { kind: "restored", objects };
}

type LinesRead =
  | { readonly kind: "lines"; readonly header: BackupHeader; readonly parts: BackupPart[] }
  | Extract<RestoreOutcome, { readonly kind: "unreadable" }>;

function readLines(sale: string, text: string): LinesRead {
  const [first = "", ...rest] = text.split("\n").filter((line) => line !== "");
  const bad = (line: number, why: string) => ({ kind: "unreadable", line, why }) as const;
  const top = readLine(first, "");
  if (top.kind === "unreadable") return bad(1, top.why);
  if (top.kind !== "header") return bad(1, "is not the header of a backup");
  const { header } = top;
  if (header.sale !== sale) return bad(1, `is a backup of sale ${header.sale}`);
  const parts: BackupPart[] = [];
  let before: string | null = null;
  for (const [nth, line] of rest.entries()) {
    const read = readLine(line, before);
    if (read.kind === "unreadable") return bad(nth + 2, read.why);
    if (read.kind !== "part") return bad(nth + 2, "has no rows of an object");
    if (!mayBeOf(sale, read.part.object)) return bad(nth + 2, "is of another sale");
    parts.push(read.part);
    before = read.chain;
  }
  return { kind: "lines", header, parts };
}

export type WakeOutcome =
  | { readonly kind: "woken"; readonly erased: number }
  | { readonly kind: "not_restored"; readonly object: NamedObject };

/**
 * Lets restored objects act again, and publishes the sale with its room. Orders whose buyers the
 * order book knows as erased are erased again, because a backup may be older than the erasure.
 */
export async function wakeObjects(
  { env, now }: MerchantContext,
  sale: string,
  backup: string,
  objects: readonly NamedObject[],
): Promise<WakeOutcome> {
  const outcomes = await Promise.all(objects.map((object) => keptObject(env, object).wake(backup)));
  const missing = objects.find((_, nth) => outcomes[nth] === "not_restored");
  if (missing !== undefined) return { kind: "not_restored", object: missing };
  const orders = objects.filter(({ kind }) => kind === "order").map(({ name }) => name);
  const erased = orders.length === 0 ? [] : await erasedOf(env.ORDER_BOOK, orders);
  await Promise.all(erased.map((order) => orderOf(env, order).erase()));
  if (objects.some(({ kind }) => kind === "room")) {
    const document = await roomOf(env, sale).document();
    if (document !== null) await publishSale(env, document, now);
  }
  return { kind: "woken", erased: erased.length };
}

export type TurnBackOutcome =
  | {
      readonly kind: "ready";
      readonly bookmark: string;
      readonly current: string;
      readonly undo: string | null;
    }
  | { readonly kind: "not_supported" };

/** @param to an instant, or a bookmark such as the undo of an earlier turning back */
export async function turnObjectBack(
  { env }: MerchantContext,
  object: NamedObject,
  to: number | string,
  dryRun: boolean,
): Promise<TurnBackOutcome> {
  const stub = keptObject(env, object);
  const turned = await stub.turnBack(to, dryRun);
  if (turned.kind === "not_supported" || dryRun) return turned;
  // Its instance ends with this call, and the next one starts with the earlier state.
  await stub.restart().catch(() => undefined);
  await keptObject(env, object).continueFromThere();
  return turned;
}
