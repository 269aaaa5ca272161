/**
 * The pages are for somebody who sees them: what a browser loads in advance is refused, and what
 * another site embeds is given no cookie.
 *
 * Guarantee: a browser that loads a page in advance is answered with a status for which it drops
 * the page and loads it again when it is shown, so a shown page always comes with its cookies.
 */
import type { MiddlewareHandler } from "hono";
import { rightsOf } from "../../domain/guards/request-cause.ts";
import type { GateApp } from "../../web/gate-app.ts";
import { causeOf } from "../../web/request-cause.ts";
import { sendNotice } from "../answers.ts";

export const onlyWhenSeen: MiddlewareHandler<GateApp> = async (c, next) => {
  const cause = causeOf(c.req.raw);
  if (cause === "unseen" && c.req.method !== "HEAD")
    return sendNotice(c, { kind: "not_shown_yet" });
  await next();
  if (!rightsOf(cause).claims) c.res.headers.delete("Set-Cookie");
};
