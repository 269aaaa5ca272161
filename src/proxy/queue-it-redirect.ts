/**
 * Sends an admitted shopper once to the page they asked for with a Queue-it token, so that the
 * connector on the shop's server lets them in.
 *
 * Guarantee: only a page that a browser asks for with GET, by cookies it keeps, is redirected; a
 * redirect carries every cookie that was to be given. Without QUEUE_IT_SECRET nobody is sent to a
 * connector that would send them away: the answer is 503 and the operator's log names the secret.
 */
import { decodeJwt } from "jose";
import type { AskedAs } from "../domain/guards/decision.ts";
import { queueIdOf } from "../domain/sale/queue-it.ts";
import { needsQueueItToken, withQueueItToken } from "../domain/queue-it-turn.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { queueItSecretOf, signQueueItToken, type QueueItEnv } from "../tokens/queue-it.ts";
import { cookie, cookieIn } from "../web/cookies.ts";
import { TOKEN_HEADERS } from "../web/token-cookies.ts";
import { failureAnswer, type Moment } from "./failure.ts";
import { changed, type Passed } from "./forward.ts";

export interface GoingOn {
  readonly sale: Sale;
  readonly request: Request;
  readonly asked: AskedAs;
  readonly passed: Passed;
  readonly tools: Moment & { readonly env: QueueItEnv };
}

function markName(sale: string): string {
  return `sluice-queue-it-${sale}`;
}

/** Null when the request goes on to the shop. */
export async function queueItRedirect(going: GoingOn): Promise<Response | null> {
  const { sale, request, asked, passed, tools } = going;
  const rules = sale.queueIt;
  const token = passed.admission;
  if (rules === undefined || token === null) return null;
  if (asked !== "document" || request.method !== "GET") return null;
  // Who sends the admission by header keeps no cookies, and would go round in circles.
  if (request.headers.get(TOKEN_HEADERS.admission) === token) return null;
  const { jti = "", exp = 0 } = decodeJwt(token);
  const queueId = queueIdOf({ sale: sale.id, admission: jti });
  const cookies = request.headers.get("Cookie");
  const marked = cookieIn(request.headers, markName(sale.id));
  const { now } = tools;
  if (!needsQueueItToken({ queueId, marked, cookies, url: request.url, now })) return null;
  const secret = queueItSecretOf(tools.env);
  if (secret === null) {
    const missing = "QUEUE_IT_SECRET is missing";
    console.error(JSON.stringify({ at: "guard", event: "not_configured", sale: sale.id, missing }));
    return changed(await failureAnswer(request, "not_configured", tools), [], passed.cookies);
  }
  const session_s = sale.admission.sessionSeconds;
  const admitted = { sale: sale.id, admission: jti, session_s };
  const signed = await signQueueItToken(secret, rules, admitted, now);
  const headers = new Headers({
    Location: withQueueItToken(request.url, signed),
    "Cache-Control": "no-store",
  });
  const mark = cookie(markName(sale.id), queueId, { expiresAt_ms: exp * 1000 });
  for (const given of [...passed.cookies, mark]) headers.append("Set-Cookie", given);
  return new Response(null, { status: 302, headers });
}
