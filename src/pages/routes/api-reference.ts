/** The reference of the API, for developers of shops. It needs no secrets and shows none. */
import type { MiddlewareHandler } from "hono";
import { PAGE_HEADERS, policyWith } from "../answers.ts";
import { apiReferencePage } from "../views/api-reference.ts";

/** The viewer's stylesheet has its icons in `data:` addresses; all else is as on every page. */
const POLICY = policyWith({ "img-src": "'self' data:" });

export const showApiReference: MiddlewareHandler = async (c) => {
  return c.html(apiReferencePage(), 200, { ...PAGE_HEADERS, "Content-Security-Policy": POLICY });
};
