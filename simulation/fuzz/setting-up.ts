/**
 * What the Sluice that is fuzzed is set up by: asking it, waiting for it, and taking its seats.
 */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

/** Of each sale; all of them are taken. */
export const SEATS = 3;
const READY_WITHIN_MS = 60_000;
const POLL_MS = 100;

export type Ask = (method: string, path: string, asked?: Asked) => Promise<unknown>;

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What cannot be set up stops the run, so anything but a 2xx throws. */
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

/** The seat of who is gone goes to the first in line; the ticket of one who still waits. */
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

export async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  while (!(await isSo())) {
    if (Date.now() > giveUpAt) throw new Error(`in vain: ${what}`);
    await delay(POLL_MS);
  }
}
