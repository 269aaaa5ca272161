/**
 * Reads a request's body whole before a handler sees it.
 *
 * Guarantee: a body that is too large, or that breaks off because its sender went away, is answered
 * as the sender's doing: nothing is done, and the operator's log stays quiet. Not for bodies that
 * stream through.
 */
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { GateApp, GateRequest } from "./gate-app.ts";

type Refuse = (c: GateRequest) => Response | Promise<Response>;

export function wholeBody(
  bytesMax: number,
  refuse: { readonly tooLarge: Refuse; readonly brokenOff: Refuse },
): MiddlewareHandler<GateApp> {
  const limit = bodyLimit({ maxSize: bytesMax, onError: (c) => refuse.tooLarge(c) });
  return async (c, next) => {
    let isWhole = false;
    try {
      // The limit reads a body of no announced length itself. What is read here is kept, and later
      // readers get it from there.
      const refused = await limit(c, async () => {
        if (c.req.raw.body !== null) await c.req.arrayBuffer();
        isWhole = true;
      });
      if (!isWhole) return refused ?? refuse.brokenOff(c);
    } catch {
      return refuse.brokenOff(c);
    }
    return next();
  };
}
