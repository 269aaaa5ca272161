/**
 * Every request that is not Sluice's own: judged, then passed to the origin or answered here.
 *
 * Guarantee: with a malformed ORIGIN nothing is passed anywhere; the operator's log names it.
 */
import { errorText } from "../encoding/error-text.ts";
import { log } from "../platform/log.ts";
import { failureAnswer } from "./failure.ts";
import { guardRequest, type GuardTools, type Verdict } from "./guard.ts";
import type { Origin } from "./origin.ts";
import { obey } from "./origin-directives.ts";
import { askOrigin, changed, UNTOUCHED, type Passed } from "./forward.ts";

type Configured = Exclude<Origin, { readonly kind: "none" }>;

export async function serveShop(
  request: Request,
  origin: Configured,
  tools: GuardTools,
): Promise<Response> {
  if (origin.kind === "malformed") {
    log.error("edge", "not_configured", { missing: origin.why });
    return failureAnswer(request, "not_configured", tools);
  }
  const verdict = await guardRequest(request, tools);
  const passed = passedBy(verdict, tools.env);
  if (passed === null) {
    if (verdict.kind === "answer") return verdict.response;
    return failureAnswer(request, "room_unavailable", tools);
  }
  try {
    const { response, directives } = await askOrigin(origin, request, passed);
    if (directives === null || passed.holder === null) return response;
    const cookies = await obey(directives, passed.holder);
    return cookies.length === 0 ? response : changed(response, [], cookies);
  } catch (error) {
    log.error("edge", "origin_unreachable", { why: errorText(error) });
    // A shopper who was let in with this very request is in, whatever became of it.
    return changed(await failureAnswer(request, "origin_unreachable", tools), [], passed.cookies);
  }
}

/** Null when the request goes no further. */
function passedBy(verdict: Verdict, { GUARDS_UNKNOWN }: GateEnv): Passed | null {
  switch (verdict.kind) {
    case "pass":
      return verdict.passed;
    case "answer":
      return null;
    case "guards_unknown":
      return GUARDS_UNKNOWN === "open" ? UNTOUCHED : null;
  }
}
