/**
 * How a shop's server orders for a shopper: with the shopper's admission, which the shop's page
 * sent to it, and with the server's own key, so that many orders from one address are not held
 * back.
 *
 * Guarantee: the key given for one order makes it one order, however often it is sent.
 */
import { setTimeout as delay } from "node:timers/promises";

export interface Shop {
  /** The gate's origin. */
  readonly gate: string;
  /** The member `k` of a key in SERVER_KEYS: a secret of this server. */
  readonly serverKey: string;
}

export interface Shopper {
  readonly admission: string;
  /** As the server sees it: believed, because the key comes with it. */
  readonly address: string;
  /** In sales that tell devices apart. */
  readonly userAgent: string;
  readonly device?: string;
}

export interface Placed {
  readonly status: number;
  /** The order and its status URL, or a problem with a code. */
  readonly body: Readonly<Record<string, unknown>>;
}

const TRIES_MAX = 5;

/**
 * @param order the body of `POST /v1/orders`
 * @param key the shop's own id of this order, the same with every repetition
 */
export async function orderForShopper(
  { gate, serverKey }: Shop,
  shopper: Shopper,
  order: Readonly<Record<string, unknown>>,
  key: string,
): Promise<Placed> {
  const headers = {
    "Content-Type": "application/json",
    "Idempotency-Key": key,
    "Sluice-Server-Key": serverKey,
    "Sluice-Shopper-Address": shopper.address,
    "Sluice-Admission": shopper.admission,
    "User-Agent": shopper.userAgent,
    ...(shopper.device === undefined ? {} : { "Sluice-Device": shopper.device }),
  };
  const body = JSON.stringify(order);
  for (let tries = 1; ; tries += 1) {
    const answer = await fetch(`${gate}/_sluice/v1/orders`, {
      method: "POST",
      headers,
      body,
    }).catch(() => null);
    const isFinal = answer !== null && answer.status < 500 && answer.status !== 429;
    if (isFinal || tries >= TRIES_MAX) {
      if (answer === null) throw new Error("the gate does not answer; send the same order again");
      return { status: answer.status, body: await bodyOf(answer) };
    }
    await delay(1000 * Number(answer?.headers.get("Retry-After") ?? 2));
  }
}

async function bodyOf(answer: Response): Promise<Readonly<Record<string, unknown>>> {
  const document: unknown = await answer.json();
  return typeof document === "object" && document !== null ? { ...document } : {};
}
