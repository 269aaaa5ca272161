/**
 * A part that does not answer in time counts as one that is gone: callers degrade instead of
 * hanging with it (P10).
 */

const ANSWER_TIMEOUT_MS = 2000;

/** Null when the part fails, or does not answer in time. */
export async function withTimeout<Value>(
  asked: Promise<Value>,
  timeout_ms = ANSWER_TIMEOUT_MS,
): Promise<Value | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), timeout_ms);
  });
  try {
    return await Promise.race([asked.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}
