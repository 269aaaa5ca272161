/**
 * Parks what a queue gave up on, with its body and the reason, to be read and replayed.
 *
 * Guarantee: parking the same message twice keeps one row. A replay is a new message; the Order
 * decides what is left to do, so a letter about a step already taken changes nothing.
 */

export interface ParkedMessage {
  readonly id: string;
  readonly body: unknown;
  readonly attempts: number;
}

export async function park(
  book: D1Database,
  queue: string,
  reason: string,
  { id, body, attempts }: ParkedMessage,
  now: number,
): Promise<void> {
  await book
    .prepare("INSERT OR IGNORE INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, NULL)")
    .bind(id, queue, JSON.stringify(body), reason, attempts, now)
    .run();
}
