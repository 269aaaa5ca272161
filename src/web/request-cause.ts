/**
 * The headers by which a request's cause is known, for `domain/guards/request-cause.ts`.
 */
import {
  initiatorOf,
  requestCause,
  type CauseFacts,
  type Initiator,
  type RequestCause,
} from "../domain/guards/request-cause.ts";

function factsOf({ method, url, headers }: Request): CauseFacts {
  return {
    method,
    url,
    accept: headers.get("Accept"),
    upgrade: headers.has("Upgrade"),
    origin: headers.get("Origin"),
    referer: headers.get("Referer"),
    site: headers.get("Sec-Fetch-Site"),
    mode: headers.get("Sec-Fetch-Mode"),
    dest: headers.get("Sec-Fetch-Dest"),
    purposes: PURPOSES.map((name) => headers.get(name)),
  };
}

const PURPOSES = ["Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"];

export function causeOf(request: Request): RequestCause {
  return requestCause(factsOf(request));
}

export function initiatorOfRequest(request: Request): Initiator {
  return initiatorOf(factsOf(request));
}
