/**
 * Helpers for setting up the Sluice under test: requests, waiting for a condition, taking seats.
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

/** The seats of each sale; all of them are taken. */
export const SEATS = 3;
const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;

export type Ask = (method: string, path: string, content?: Content) => Promise<unknown>;

interface Content {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Throws for every status other than 2xx, because without the set-up there is no run. */
export function asker(url: string): Ask {
  return async (method, path, { headers = {}, body } = {}) => {
    const response = await fetch(`${url}/_sluice${path}`, {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };
}

export const joinedSchema = z.object({
  ticket: z.string().optional(),
  admission: z.string().optional(),
});

/** Lets the next in line take the freed seat; returns the ticket of a shopper who still waits. */
export async function takeFreedSeat(
  ask: Ask,
  sale: string,
  tickets: readonly string[],
): Promise<string> {
  const queued = new Set(tickets);
  await until(async () => {
    for (const ticket of tickets) {
      const path = `/v1/sales/${sale}/admissions`;
      const headers = { "sluice-ticket": ticket };
      const admitted = await ask("POST", path, { headers }).catch(() => null);
      if (admitted !== null) queued.delete(ticket);
    }
    return queued.size < tickets.length;
  }, "the freed seat is taken");
  return [...queued][0] ?? "";
}

/** @param what names the condition, for the error when it is not met in time */
export async function until(isMet: () => Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  while (!(await isMet())) {
    if (Date.now() > giveUpAt) throw new Error(`waited too long until ${what}`);
    await delay(POLL_MS);
  }
}
