/**
 * What the gate answers when no sale decides: the origin is out of reach, the guards are not known,
 * or the gate is not configured. A page for a browser's window, a problem document for the rest.
 */
import { problemAnswer } from "../api/problems.ts";
import { askedAs, type AskedAs } from "../domain/guards/request-cause.ts";
import { PAGE_HEADERS } from "../pages/answers.ts";
import { noticePage } from "../pages/views/notices.ts";
import { causeOf } from "../web/request-cause.ts";

type Failure = "not_configured" | "room_unavailable" | "origin_unreachable";

export function askedOf(request: Request): AskedAs {
  return askedAs(causeOf(request));
}

export interface Moment {
  readonly now: number;
  /** 0 … 1, spreads the crowd. */
  readonly chance: number;
}

export async function failureAnswer(
  request: Request,
  code: Failure,
  { now, chance }: Moment,
): Promise<Response> {
  const retryAfter_s = 5 + Math.round(5 * chance);
  if (code === "not_configured" || askedOf(request) !== "document") {
    const { status, headers, body } = problemAnswer(code, { retryAfter_s });
    return new Response(JSON.stringify(body), { status, headers });
  }
  const { page, status } = noticePage({ kind: code, retry_s: retryAfter_s }, now);
  const headers = {
    ...PAGE_HEADERS,
    "Content-Type": "text/html; charset=UTF-8",
    "Retry-After": String(retryAfter_s),
  };
  return new Response(String(await page), { status, headers });
}
