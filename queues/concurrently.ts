/**
 * Messages of a batch, a limited number at a time.
 *
 * Guarantee: every message is taken, and one that fails keeps no other from it.
 */
/** @param failed what becomes of a message whose `take` throws; must not throw itself */
export async function takeConcurrently(
  messages: readonly Message[],
  atOnce: number,
  take: (message: Message) => Promise<void>,
  failed: (message: Message, error: unknown) => void,
): Promise<void> {
  const waiting = [...messages];
  const lane = async (): Promise<void> => {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      try {
        await take(message);
      } catch (error) {
        failed(message, error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}
