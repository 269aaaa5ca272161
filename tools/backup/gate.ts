/**
 * The gate as the backup's programs call it: with the merchant's token, and again when it does not
 * answer, because every request of theirs may be repeated.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { errorText } from "../../src/encoding/error-text.ts";

export interface GateAddress {
  readonly url: string;
  readonly token: string;
}

export interface GateAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const TRIES = 6;
const PAUSE_MS = 500;

/** @param path after `/_sluice/admin/v1` */
export async function askGate(
  { url, token }: GateAddress,
  path: string,
  body: { readonly type: string; readonly text: string } | null = null,
): Promise<GateAnswer> {
  const headers = {
    Authorization: `Bearer ${token}`,
    ...(body === null ? {} : { "Content-Type": body.type }),
  };
  const parts = body === null ? { headers } : { method: "POST", headers, body: body.text };
  for (let tried = 1; ; tried += 1) {
    const answer = await fetch(new URL(`/_sluice/admin/v1${path}`, url), parts)
      .then(async (response): Promise<GateAnswer> => {
        return { status: response.status, headers: response.headers, text: await response.text() };
      })
      .catch(errorText);
    const isAnswer = typeof answer !== "string";
    if (isAnswer && answer.status < 500) return answer;
    // What a runtime does not have it will not have in a second.
    if (isAnswer && answer.status === 501) return answer;
    if (tried === TRIES) {
      const why = isAnswer ? `${answer.status}: ${answer.text.slice(0, 300)}` : answer;
      throw new Error(`the gate answered ${path} with ${why}`);
    }
    await sleep(PAUSE_MS * tried);
  }
}

export function refusedText({ status, text }: GateAnswer): string {
  return `the gate answered ${status}: ${text.slice(0, 500)}`;
}
