/**
 * Sends an admitted shopper once to the page they asked for with a Queue-it token, so that the
 * connector on the shop's server lets them in.
 *
 * Guarantee: only a page that a browser asks for with GET, by cookies it keeps, is redirected; a
 * redirect carries every cookie that was to be given. Without QUEUE_IT_SECRET nobody is sent to a
 * connector that would send them away: the answer is 503 and the operator's log names the secret.
 */
import type { AskedAs } from "../domain/guards/request-cause.ts";
import { targetOf } from "../domain/guards/url.ts";
import { needsQueueItToken, queueIdOf, withQueueItToken } from "../domain/sale/queue-it.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { log } from "../platform/log.ts";
import type { ValidAdmission } from "../shopper/visit.ts";
import { queueItSecretOf, signQueueItToken, type QueueItEnv } from "../tokens/queue-it.ts";
import { cookie, cookieIn } from "../web/cookies.ts";
import { publicOrigin } from "../web/public-origin.ts";
import { TOKEN_HEADERS } from "../web/token-cookies.ts";
import { failureAnswer, type Moment } from "./failure.ts";
import { changed } from "./forward.ts";

export interface GoingOn {
  readonly sale: Sale;
  readonly request: Request;
  readonly asked: AskedAs;
  readonly admission: ValidAdmission;
  /** `Set-Cookie` values that were to be given. */
  readonly cookies: readonly string[];
  readonly tools: Moment & { readonly env: QueueItEnv & { readonly PUBLIC_ORIGINS?: string } };
}

function markName(sale: string): string {
  return `sluice-queue-it-${sale}`;
}

/** Null when the request goes on to the shop. */
export async function queueItRedirect(going: GoingOn): Promise<Response | null> {
  const { sale, request, asked, admission: held, tools } = going;
  const rules = sale.queueIt;
  if (rules === undefined) return null;
  if (asked !== "document" || request.method !== "GET") return null;
  // A client that sends the admission by header keeps no cookies, and would go round in circles.
  if (request.headers.get(TOKEN_HEADERS.admission) === held.token) return null;
  const { id: admission, expiresAt_ms } = held.admission;
  const queueId = queueIdOf({ sale: sale.id, admission });
  const cookies = request.headers.get("Cookie");
  const marked = cookieIn(request.headers, markName(sale.id));
  const { now } = tools;
  if (!needsQueueItToken({ queueId, marked, cookies, url: request.url, now })) return null;
  const secret = queueItSecretOf(tools.env);
  if (secret === null) {
    const missing = "QUEUE_IT_SECRET is missing";
    log.error("guard", "not_configured", { sale: sale.id, missing });
    return changed(await failureAnswer(request, "not_configured", tools), [], going.cookies);
  }
  const session_s = sale.admission.sessionSeconds;
  const admitted = { sale: sale.id, admission, session_s };
  const signed = await signQueueItToken(secret, rules, admitted, now);
  const headers = new Headers({
    Location:
      publicOrigin(request.url, tools.env) + targetOf(withQueueItToken(request.url, signed)),
    "Cache-Control": "no-store",
  });
  const mark = cookie(markName(sale.id), queueId, { expiresAt_ms });
  for (const given of [...going.cookies, mark]) headers.append("Set-Cookie", given);
  return new Response(null, { status: 302, headers });
}
