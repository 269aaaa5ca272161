/**
 * The Durable Objects by name: what each is named after, and the stub that reaches it.
 *
 * Guarantee: an object has one name, made here, so every Worker and every other object reaches the
 * same one. Names are stored nowhere, but they are for good: under another name it is another,
 * empty object.
 */
type Namespace =
  | "WAITING_ROOM"
  | "TICKET_BOOTH"
  | "PASS_DESK"
  | "SKU_STOCK"
  | "REDIS_BRIDGE"
  | "DISCOUNT_CODES"
  | "TURN_REMINDERS"
  | "SALE_LIST"
  | "BACKEND_PACE"
  | "ORDER";
type Bindings<Name extends Namespace> = Pick<GateEnv, Name>;
type Stub<Name extends Namespace> = ReturnType<GateEnv[Name]["get"]>;

export function roomOf(env: Bindings<"WAITING_ROOM">, sale: string): Stub<"WAITING_ROOM"> {
  return env.WAITING_ROOM.get(env.WAITING_ROOM.idFromName(sale));
}

/** The one list of all sales. */
export function saleListOf(env: Bindings<"SALE_LIST">): Stub<"SALE_LIST"> {
  return env.SALE_LIST.get(env.SALE_LIST.idFromName("sales"));
}

/** What the room answers; `withTimeout` cannot infer it, as its answers are a union. */
export type RoomAnswer<
  Call extends "claim" | "admitNow" | "turn" | "metrics" | "fairness" | "extend",
> = Awaited<ReturnType<Stub<"WAITING_ROOM">[Call]>>;

/** @param name as `boothName` makes it */
export function boothOf(env: Bindings<"TICKET_BOOTH">, name: string): Stub<"TICKET_BOOTH"> {
  return env.TICKET_BOOTH.get(env.TICKET_BOOTH.idFromName(name));
}

/** @param shard 0 … the number of booths of the lane, less one */
export function boothName(sale: string, lane: string, shard: number): string {
  return `${sale}/${lane}/${shard}`;
}

/** @param shard 0 … `PASS_DESKS_PER_SALE` - 1 */
export function passDeskOf(
  env: Bindings<"PASS_DESK">,
  sale: string,
  shard: number,
): Stub<"PASS_DESK"> {
  return env.PASS_DESK.get(env.PASS_DESK.idFromName(`${sale}/${shard}`));
}

export function stockOf(env: Bindings<"SKU_STOCK">, sku: string): Stub<"SKU_STOCK"> {
  return env.SKU_STOCK.get(env.SKU_STOCK.idFromName(sku));
}

export function redisBridgeOf(env: Bindings<"REDIS_BRIDGE">, sku: string): Stub<"REDIS_BRIDGE"> {
  return env.REDIS_BRIDGE.get(env.REDIS_BRIDGE.idFromName(sku));
}

export function discountCodesOf(
  env: Bindings<"DISCOUNT_CODES">,
  sale: string,
): Stub<"DISCOUNT_CODES"> {
  return env.DISCOUNT_CODES.get(env.DISCOUNT_CODES.idFromName(sale));
}

/** @param shard as `reminderShard` makes it */
export function remindersOf(
  env: Bindings<"TURN_REMINDERS">,
  sale: string,
  shard: number,
): Stub<"TURN_REMINDERS"> {
  return env.TURN_REMINDERS.get(env.TURN_REMINDERS.idFromName(`${sale}/${shard}`));
}

/** Likewise. */
export type ReminderAnswer<Call extends "put" | "facts"> = Awaited<
  ReturnType<Stub<"TURN_REMINDERS">[Call]>
>;

export function orderOf(env: Bindings<"ORDER">, id: string): Stub<"ORDER"> {
  return env.ORDER.get(env.ORDER.idFromName(id));
}

/** @param backend `payment` or `orders` */
export function backendPaceOf(
  env: Bindings<"BACKEND_PACE">,
  backend: string,
): Stub<"BACKEND_PACE"> {
  return env.BACKEND_PACE.get(env.BACKEND_PACE.idFromName(backend));
}
