/**
 * A request on its way to the origin and its answer on the way back.
 *
 * Guarantee: method, path, query, body and headers go through as they came, streamed and never
 * held; so do status, headers and body of the answer, redirects and WebSockets among them. All that
 * is touched: `Sluice-*` headers, which only the gate may set, are taken from both; an admitted
 * request gets `Sluice-Admission`, and `Sluice-Replay: 1` where the sale wants to know that it
 * comes from another device than it was given to; for a server of another name `Host` becomes its
 * own, and `X-Forwarded-Host` and `-Proto` say the public one; cookies of the gate are added to the
 * answer.
 */
import { hostOf, targetOf } from "../domain/guards/url.ts";
import type { ValidAdmission, Visit } from "../shopper/visit.ts";
import { TOKEN_HEADERS } from "../web/token-cookies.ts";
import type { Origin } from "./origin.ts";

const OURS = "sluice-";

/** Who is let through: the admission that the origin is sent, and may speak of in its answer. */
export interface Holder extends Pick<Visit, "gate" | "sale"> {
  readonly admission: ValidAdmission;
  /** It was given to another device, which the origin is told. */
  readonly isReplay: boolean;
}

export interface Passed {
  /** Null for a request that needs no admission. */
  readonly holder: Holder | null;
  /** `Set-Cookie` values to add to the answer. */
  readonly cookies: readonly string[];
}

export const UNTOUCHED: Passed = { holder: null, cookies: [] };

type Reachable = Extract<Origin, { readonly kind: "zone" | "server" }>;

function oursIn(headers: Headers): string[] {
  const found: string[] = [];
  for (const [name] of headers) if (name.startsWith(OURS)) found.push(name);
  return found;
}

/** What the origin is sent. */
export function requestFor(origin: Reachable, request: Request, { holder }: Passed): Request {
  const ours = oursIn(request.headers);
  const sent =
    origin.kind === "server"
      ? new Request(origin.base + targetOf(request.url), request)
      : new Request(request);
  for (const name of ours) sent.headers.delete(name);
  if (holder !== null) sent.headers.set(TOKEN_HEADERS.admission, holder.admission.token);
  if (holder?.isReplay === true) sent.headers.set("Sluice-Replay", "1");
  if (origin.kind === "server") {
    sent.headers.set("X-Forwarded-Host", publicHostOf(request));
    sent.headers.set("X-Forwarded-Proto", request.url.startsWith("https:") ? "https" : "http");
  }
  return sent;
}

/** With its port, as the shopper's browser names it. */
function publicHostOf(request: Request): string {
  return request.headers.get("Host") ?? hostOf(request.url);
}

/** What the origin asks of the gate alone, by header. */
export type OriginDirectives = Readonly<Record<string, string>>;

export interface OriginAnswer {
  readonly response: Response;
  /** `Sluice-*` headers of the answer, by their lower-case names; null when there were none. */
  readonly directives: OriginDirectives | null;
}

/** Throws when the origin cannot be reached. */
export async function askOrigin(
  origin: Reachable,
  request: Request,
  passed: Passed,
): Promise<OriginAnswer> {
  const response = await fetch(requestFor(origin, request, passed), { redirect: "manual" });
  const ours = oursIn(response.headers);
  if (ours.length === 0 && passed.cookies.length === 0) return { response, directives: null };
  const directives = Object.fromEntries(
    ours.map((name) => [name, response.headers.get(name) ?? ""]),
  );
  return {
    response: changed(response, ours, passed.cookies),
    directives: ours.length === 0 ? null : directives,
  };
}

/** The same answer without some headers and with more cookies. */
export function changed(
  response: Response,
  without: readonly string[],
  cookies: readonly string[],
): Response {
  const answer =
    response.webSocket === null
      ? new Response(response.body, response)
      : new Response(null, {
          status: response.status,
          headers: response.headers,
          webSocket: response.webSocket,
        });
  for (const name of without) answer.headers.delete(name);
  for (const cookie of cookies) answer.headers.append("Set-Cookie", cookie);
  // A cache that others share must not hand one shopper's admission to the next.
  if (cookies.length > 0) answer.headers.append("Cache-Control", "private");
  return answer;
}
