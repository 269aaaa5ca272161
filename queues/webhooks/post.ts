/**
 * One try of one webhook: checks that the address is public, signs, posts, reads the status.
 *
 * Guarantee: it returns an outcome within `timeout_ms` and never throws. Redirects are not followed
 * and the response's body is not read, so a shop's server can neither redirect this Worker nor fill
 * its memory. The id is the event's, the same for every try.
 * Not for deciding about a retry: `src/domain/webhooks.ts` does.
 */
import type { TryOutcome, WebhookPayload } from "../../src/domain/webhooks.ts";
import { checkAddress, type AddressRules } from "../../src/webhooks/public-address.ts";
import { signedHeaders } from "../../src/webhooks/signature.ts";

export interface Posting {
  readonly url: string;
  /** Each of them signs. */
  readonly secrets: readonly Uint8Array<ArrayBuffer>[];
  readonly id: string;
  readonly payload: WebhookPayload;
  readonly rules: AddressRules;
  readonly timeout_ms: number;
  readonly now: number;
}

const USER_AGENT = "Sluice-Webhooks/1 (+https://www.standardwebhooks.com)";

export async function postWebhook(posting: Posting): Promise<TryOutcome> {
  const { url, secrets, id, payload, rules, timeout_ms, now } = posting;
  const late = AbortSignal.timeout(timeout_ms);
  try {
    const address = await checkAddress(url, rules);
    if (address.kind !== "public") return unanswered(`not called: the address ${address.why}`);
    const body = JSON.stringify(payload);
    const signature = await signedHeaders(secrets, id, body, now);
    const headers = { ...signature, "content-type": "application/json", "user-agent": USER_AGENT };
    const response = await fetch(url, {
      method: "POST",
      headers,
      body,
      redirect: "manual",
      signal: late,
    });
    const { status } = response;
    const retryAfter = response.headers.get("retry-after");
    // The delivery succeeded or failed by its status, even if the body cannot be cancelled.
    await response.body?.cancel().catch(() => undefined);
    return { kind: "answered", status, retryAfter };
  } catch {
    if (!late.aborted) return unanswered("no connection");
    return { ...unanswered(`no answer within ${timeout_ms} ms`), isTimeout: true };
  }
}

function unanswered(why: string): Extract<TryOutcome, { kind: "unanswered" }> {
  return { kind: "unanswered", why };
}
