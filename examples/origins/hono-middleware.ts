/**
 * A Hono middleware that requires an admission to the sale. After it, `c.get("admission")` is the
 * admission. Register it before the routes that it must protect.
 */
import { createMiddleware } from "hono/factory";
import {
  type Admission,
  carriedAdmission,
  refusalOf,
  type VerifyAdmission,
} from "./verify-admission.ts";

export function requireAdmission(verify: VerifyAdmission, sale: string) {
  return createMiddleware<{ Variables: { admission: Admission } }>(async (c, next) => {
    const token = carriedAdmission(sale, c.req.header("Sluice-Admission"), c.req.header("Cookie"));
    const verdict = await verify(sale, token);
    if (verdict.kind === "valid") {
      c.set("admission", verdict.admission);
      return next();
    }
    const { status, headers, body } = refusalOf(verdict);
    return c.body(JSON.stringify(body), status, { ...headers });
  });
}
