/**
 * A substitute for Turnstile's siteverify, as Cloudflare documents it: a token is valid once and
 * for 300 seconds, a request repeated with its idempotency key gets the same answer, and the error
 * codes are Cloudflare's. Pure; the caller stores which tokens were redeemed.
 *
 * A token is plain JSON with the result that the widget would have produced, so that a test can
 * make any result. It checks nothing: every well-formed token passes as human.
 */
import { z } from "zod";

/** Has the form of Cloudflare's test secrets, and is accepted only by this substitute. */
export const SANDBOX_TURNSTILE_SECRET = "1x0000000000000000000000000000000AA";

const LIFETIME_MS = 300_000;

const tokenSchema = z.strictObject({
  id: z.string().min(1),
  hostname: z.string(),
  action: z.string(),
  cdata: z.string(),
  solvedAt_ms: z.int(),
  /** `silent`: every call fails. `once`: the first call takes effect and its answer is lost. */
  fault: z.enum(["silent", "once"]).optional(),
});

export type SandboxToken = z.output<typeof tokenSchema>;

export function sandboxToken(result: SandboxToken): string {
  return Buffer.from(JSON.stringify(result)).toString("base64url");
}

export interface Redeemed {
  readonly key: string | null;
}

export interface Siteverified {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** What the caller must store about the token; null when nothing changes. */
  readonly redeemed: { readonly id: string; readonly by: Redeemed } | null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** @param known what was stored about the token with this id; null if it was not redeemed */
export function siteverify(
  form: Readonly<Record<string, string>>,
  known: (id: string) => Redeemed | null,
  now: number,
): Siteverified {
  const failed = (code: string): Siteverified => {
    return { status: 200, body: { success: false, "error-codes": [code] }, redeemed: null };
  };
  const { secret = "", response = "", idempotency_key: key = null } = form;
  if (secret === "") return failed("missing-input-secret");
  if (secret !== SANDBOX_TURNSTILE_SECRET) return failed("invalid-input-secret");
  if (response === "") return failed("missing-input-response");
  if (key !== null && !UUID.test(key)) return failed("bad-request");
  const read = tokenSchema.safeParse(readToken(response));
  if (!read.success) return failed("invalid-input-response");
  const { id, hostname, action, cdata, solvedAt_ms, fault } = read.data;
  if (fault === "silent") return { status: 500, body: {}, redeemed: null };
  const before = known(id);
  if (before !== null && (key === null || before.key !== key)) {
    return failed("timeout-or-duplicate");
  }
  if (before === null && now - solvedAt_ms > LIFETIME_MS) return failed("timeout-or-duplicate");
  const redeemed = before === null ? { id, by: { key } } : null;
  if (fault === "once" && before === null) return { status: 502, body: {}, redeemed };
  const challenge_ts = new Date(solvedAt_ms).toISOString();
  const body = { success: true, "error-codes": [], challenge_ts, hostname, action, cdata };
  return { status: 200, body, redeemed };
}

function readToken(response: string): unknown {
  try {
    return JSON.parse(Buffer.from(response, "base64url").toString());
  } catch {
    return null;
  }
}
