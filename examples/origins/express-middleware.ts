/**
 * An Express middleware that requires an admission to the sale. After it, the admission is in
 * `res.locals.admission`. Register it before the routes that it must protect.
 *
 * It declares the few members of Express's request and response that it uses, so it needs no types
 * of Express. `verify` never rejects, so it also works with Express 4, which does not await
 * promises.
 */
import { carriedAdmission, refusalOf, type VerifyAdmission } from "./verify-admission.ts";

interface Request {
  get(header: string): string | undefined;
}

interface Response {
  readonly locals: Record<string, unknown>;
  status(code: number): Response;
  set(headers: Readonly<Record<string, string>>): Response;
  send(body: string): unknown;
}

export function requireAdmission(verify: VerifyAdmission, sale: string) {
  return async (req: Request, res: Response, next: () => void): Promise<void> => {
    const token = carriedAdmission(sale, req.get("Sluice-Admission"), req.get("Cookie"));
    const verdict = await verify(sale, token);
    if (verdict.kind === "valid") {
      res.locals["admission"] = verdict.admission;
      next();
      return;
    }
    const { status, headers, body } = refusalOf(verdict);
    res.status(status).set(headers).send(JSON.stringify(body));
  };
}
