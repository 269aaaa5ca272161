/**
 * A request on its way to the origin and its answer on the way back.
 *
 * Guarantee: method, path, query, body and headers go through as they came, streamed and never
 * held; so do status, headers and body of the answer, redirects and WebSockets among them. All that
 * is touched: `Sluice-*` headers, which only the gate may set, are taken from both, also when
 * written with `_`, which CGI and WSGI read as `-`; headers that override the path, the method or
 * the host are taken out (`domain/guards/override-headers.ts`), and the gate's cookies; an admitted
 * request gets `Sluice-Admission`, and `Sluice-Replay: 1` where the sale wants to know that it
 * comes from another device than it was given to; for a server of another name `Host` becomes its
 * own, and `X-Forwarded-Host` and `-Proto` say the public one; cookies of the gate are added to the
 * answer.
 */
import { isGates } from "../domain/guards/override-headers.ts";
import { hostOf, targetOf } from "../domain/guards/url.ts";
import type { ValidAdmission, Visit } from "../shopper/visit.ts";
import { mayHaveOwn, withoutOwnCookies } from "../web/cookies.ts";
import { TOKEN_HEADERS } from "../web/token-cookies.ts";
import type { Origin } from "./origin.ts";

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

function namesIn(headers: Headers, isOne: (name: string) => boolean): string[] {
  const found: string[] = [];
  for (const name of headers.keys()) if (isOne(name)) found.push(name);
  return found;
}

/** Names of headers that the origin must not be sent as the client sent them. */
export interface Taken {
  readonly ours: readonly string[];
  readonly overriding: readonly string[];
  /** `X-Forwarded-Proto`, which is the gate's own where it stands before a server. */
  readonly protocols: readonly string[];
}

/** What the origin is sent. */
export function requestFor(
  origin: Reachable,
  request: Request,
  { holder }: Passed,
  taken: Taken,
): Request {
  const isServer = origin.kind === "server";
  const sent = isServer
    ? new Request(origin.base + targetOf(request.url), request)
    : new Request(request);
  const { headers } = sent;
  for (const name of taken.ours) headers.delete(name);
  for (const name of taken.overriding) headers.delete(name);
  leaveOutCookies(headers);
  if (holder !== null) headers.set(TOKEN_HEADERS.admission, holder.admission.token);
  if (holder?.isReplay === true) headers.set("Sluice-Replay", "1");
  if (isServer) {
    for (const name of taken.protocols) headers.delete(name);
    headers.set("X-Forwarded-Host", publicHostOf(request));
    headers.set("X-Forwarded-Proto", request.url.startsWith("https:") ? "https" : "http");
  }
  return sent;
}

/** The shop needs none of them: an admitted request has the verified admission as a header. */
function leaveOutCookies(headers: Headers): void {
  const header = headers.get("Cookie");
  if (header === null || !mayHaveOwn(header)) return;
  const left = withoutOwnCookies(header);
  if (left === null) headers.delete("Cookie");
  else headers.set("Cookie", left);
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
  taken: Taken,
): Promise<OriginAnswer> {
  const response = await fetch(requestFor(origin, request, passed, taken), { redirect: "manual" });
  const ours = namesIn(response.headers, isGates);
  if (ours.length === 0 && passed.cookies.length === 0) return { response, directives: null };
  const directives = Object.fromEntries(
    ours.map((name) => [name, response.headers.get(name) ?? ""]),
  );
  return {
    response: changed(response, ours, passed.cookies),
    directives: ours.length === 0 ? null : directives,
  };
}

/** Let caches keep an answer in spite of `Cache-Control`: RFC 9213's fields and older ones. */
const FOR_CACHES =
  /^(.+-cache-control|surrogate-control|edge-control|x-accel-expires|expires|pragma)$/;

/** The same answer without some headers and with more cookies. */
export function changed(
  response: Response,
  without: readonly string[],
  cookies: readonly string[],
): Response {
  const answer =
    response.webSocket === null
      ? withHeadersOf(response)
      : new Response(null, {
          status: response.status,
          headers: response.headers,
          webSocket: response.webSocket,
        });
  for (const name of without) answer.headers.delete(name);
  if (cookies.length === 0) return answer;
  for (const cookie of cookies) answer.headers.append("Set-Cookie", cookie);
  // A cache that others share must not hand one shopper's admission to the next.
  for (const name of namesIn(answer.headers, (name) => FOR_CACHES.test(name)))
    answer.headers.delete(name);
  answer.headers.set("Cache-Control", "private, no-store");
  return answer;
}

/**
 * A copy whose headers can be changed. The platform makes no response with a status above 599, and
 * passes one on only as it is: a changed one is a 502 with the shop's body.
 */
function withHeadersOf(response: Response): Response {
  const { status, headers, body } = response;
  if (status >= 200 && status <= 599) return new Response(body, response);
  return new Response(body, { status: 502, headers });
}
