/**
 * Every request that is not Sluice's own: judged, then passed to the origin or answered here.
 *
 * Guarantee: with a malformed ORIGIN or ORIGIN_OVERRIDES nothing is passed anywhere; the operator's
 * log names it.
 */
import { foreignOverrides, noteHeaders } from "../domain/guards/override-headers.ts";
import { errorText } from "../encoding/error-text.ts";
import { log } from "../platform/log.ts";
import { verifyingOf, withSingleCookies } from "../web/duplicate-cookies.ts";
import { endOldCookies, endOldCookiesWith } from "../web/end-old-cookies.ts";
import { addOwnHeaders } from "../web/transport.ts";
import { failureAnswer } from "./failure.ts";
import { guardRequest, type GuardTools, type Verdict } from "./guard.ts";
import type { Origin } from "./origin.ts";
import { obey } from "./origin-directives.ts";
import { obeyedOverrides } from "./request-facts.ts";
import { askOrigin, changed, UNTOUCHED, type Holder, type Passed } from "./forward.ts";
import { guardedSocket } from "./guarded-socket.ts";
import { resentFormIn } from "./resent-form.ts";

type Configured = Exclude<Origin, { readonly kind: "none" }>;

/** An answer of the gate itself, not of the shop. */
function own(request: Request, answer: Response): Response {
  addOwnHeaders(answer.headers, request.url);
  return answer;
}

export async function serveShop(
  received: Request,
  origin: Configured,
  tools: GuardTools,
): Promise<Response> {
  if (origin.kind === "malformed") {
    log.error("edge", "not_configured", { missing: origin.why });
    return own(received, await failureAnswer(received, "not_configured", tools));
  }
  const request = await withSingleCookies(received, async () => {
    const gate = await tools.context();
    return gate === null ? null : verifyingOf(gate);
  });
  const overrides = obeyedOverrides(tools.env.ORIGIN_OVERRIDES);
  if (overrides.kind === "unknown") {
    const missing = `ORIGIN_OVERRIDES names no such header: ${overrides.names.join(", ")}`;
    log.error("edge", "not_configured", { missing });
    return own(request, await failureAnswer(request, "not_configured", tools));
  }
  const { obeyed } = overrides;
  const noted = noteHeaders(request.headers.keys());
  const resent = await resentFormIn(request);
  const verdict = await guardRequest(request, { noted, obeyed }, tools, resent);
  const passed = await passedBy(verdict, request, tools);
  if (passed === null) {
    if (verdict.kind === "answer") {
      await endOldCookiesWith(request, verdict.response, tools);
      return own(request, verdict.response);
    }
    return own(request, await failureAnswer(request, "room_unavailable", tools));
  }
  try {
    const taken = { ...noted, overriding: foreignOverrides(noted, obeyed) };
    const { response, directives } = await askOrigin(origin, resent ?? request, passed, taken);
    const { holder } = passed;
    if (holder === null) return response;
    const cookies = directives === null ? [] : await obey(directives, holder);
    const answer = cookies.length === 0 ? response : changed(response, [], cookies);
    return answer.webSocket === null ? answer : socketAnswer(answer, answer.webSocket, holder);
  } catch (error) {
    log.error("edge", "origin_unreachable", { why: errorText(error) });
    // A shopper who was let in with this very request is in, whatever became of it.
    const failure = await failureAnswer(request, "origin_unreachable", tools);
    return own(request, changed(failure, [], passed.cookies));
  }
}

/** The connection of an admitted shopper ends with the admission. */
function socketAnswer({ status, headers }: Response, shop: WebSocket, holder: Holder): Response {
  const sent = new Headers(headers);
  // Between gate and shopper nothing is negotiated but what the platform does by itself.
  sent.delete("Sec-WebSocket-Extensions");
  return new Response(null, { status, headers: sent, webSocket: guardedSocket(shop, holder) });
}

/** Null when the request goes no further. */
async function passedBy(
  verdict: Verdict,
  request: Request,
  tools: GuardTools,
): Promise<Passed | null> {
  switch (verdict.kind) {
    case "pass": {
      const { passed } = verdict;
      if (passed.cookies.length === 0) return passed;
      const ended = await endOldCookies(request, passed.cookies, tools);
      return { ...passed, cookies: [...passed.cookies, ...ended] };
    }
    case "answer":
      return null;
    case "guards_unknown":
      return tools.env.GUARDS_UNKNOWN === "open" ? UNTOUCHED : null;
  }
}
