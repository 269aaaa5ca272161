/**
 * Cloudflare Turnstile: verifies that a token of the widget was issued for this sale.
 *
 * A token is verified by siteverify
 * (https://developers.cloudflare.com/turnstile/get-started/server-side-validation/): it is valid
 * once and for 300 seconds. The idempotency key of the request derives from the token, so a
 * repeated join whose answer was lost gets the same result, on any isolate.
 *
 * Guarantee: `proven` means that Cloudflare confirmed the token for this sale (`cdata`), this use
 * (`action`) and a host that the merchant listed. A wrong secret is the operator's mistake and
 * admits no shopper. Whether to admit shoppers while siteverify does not answer is the merchant's
 * setting, applied by the caller. Nothing from the shopper is logged.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";
import {
  PROOF_LENGTH_MAX,
  TURNSTILE_ANSWER_BYTES_MAX,
  TURNSTILE_TIMEOUT_MS,
  TURNSTILE_TRIES_MAX,
} from "../domain/limits.ts";
import {
  TURNSTILE_ACTION,
  type ProofRefusal,
  type TurnstileProtection,
} from "../domain/sale/protection.ts";
import { parseJson } from "../encoding/json.ts";
import { readUpTo } from "../encoding/read-up-to.ts";

export type TurnstileOutcome =
  | { readonly kind: "proven"; readonly fingerprint: string }
  | { readonly kind: "refused"; readonly reason: ProofRefusal }
  /** Siteverify did not answer, or reported an internal error: the token may be valid or not. */
  | { readonly kind: "unavailable"; readonly fingerprint: string; readonly why: string }
  /** `what` is the setting that the operator must correct; never a value. */
  | { readonly kind: "not_configured"; readonly what: string };

const settingsSchema = z.object({
  TURNSTILE_SECRET: z.string().trim().default(""),
  TURNSTILE_VERIFY_URL: z.url({ protocol: /^https?$/ }),
});

const answerSchema = z.object({
  success: z.boolean(),
  "error-codes": z.array(z.string()).default([]),
  hostname: z.string().optional(),
  action: z.string().optional(),
  cdata: z.string().optional(),
});

type Answer = z.output<typeof answerSchema>;

/** @param env the Worker's variables and secrets; its type does not declare the optional secret */
export function readTurnstileSettings(env: object) {
  const parsed = settingsSchema.safeParse(env);
  if (!parsed.success) return { kind: "not_configured", what: "TURNSTILE_VERIFY_URL" } as const;
  const { TURNSTILE_SECRET: secret, TURNSTILE_VERIFY_URL: url } = parsed.data;
  if (secret === "") return { kind: "not_configured", what: "TURNSTILE_SECRET" } as const;
  return { kind: "ready", secret, url } as const;
}

export interface TurnstileRequest {
  readonly sale: string;
  readonly protection: TurnstileProtection;
  readonly token: string;
  /** The IP address of the shopper, if known. */
  readonly address: string | null;
  /** The request's own host, without a port. */
  readonly host: string;
}

export async function verifyTurnstileToken(
  env: object,
  request: TurnstileRequest,
): Promise<TurnstileOutcome> {
  const settings = readTurnstileSettings(env);
  if (settings.kind !== "ready") return settings;
  const { sale, protection, token, address, host } = request;
  if (token.length > PROOF_LENGTH_MAX) return { kind: "refused", reason: "malformed" };
  const fingerprint = bytesToHex(sha256(utf8ToBytes(token))).slice(0, 40);
  const fields = {
    secret: settings.secret,
    response: token,
    idempotency_key: uuidOf(fingerprint),
    ...(address === null ? {} : { remoteip: address }),
  };
  let why = "";
  for (let tries = 0; tries < TURNSTILE_TRIES_MAX; tries += 1) {
    const result = await siteverify(settings.url, fields);
    if (result.kind === "answer") {
      const mistake = mistakeOf(result.answer);
      if (mistake !== null) return { kind: "not_configured", what: mistake };
      const reason = refusalOf(result.answer, { sale, protection, host });
      return reason === null ? { kind: "proven", fingerprint } : { kind: "refused", reason };
    }
    why = result.why;
  }
  return { kind: "unavailable", fingerprint, why };
}

/** A version 8 UUID (RFC 9562), whose bits the application defines. */
function uuidOf(fingerprint: string): string {
  const bits = `${fingerprint.slice(0, 12)}8${fingerprint.slice(13, 16)}8${fingerprint.slice(17)}`;
  const parts = [bits.slice(0, 8), bits.slice(8, 12), bits.slice(12, 16), bits.slice(16, 20)];
  return [...parts, bits.slice(20, 32)].join("-");
}

/** The setting that caused an error of the operator; null for other errors. */
function mistakeOf({ "error-codes": codes }: Answer): string | null {
  const isSecret = codes.some((code) => {
    return code === "missing-input-secret" || code === "invalid-input-secret";
  });
  if (isSecret) return "TURNSTILE_SECRET";
  return codes.includes("bad-request") ? "TURNSTILE_VERIFY_URL" : null;
}

/** Precedence: a refusal of siteverify, the host, the use, the sale. */
function refusalOf(
  answer: Answer,
  { sale, protection, host }: Pick<TurnstileRequest, "sale" | "protection" | "host">,
): ProofRefusal | null {
  if (!answer.success) {
    return answer["error-codes"].includes("timeout-or-duplicate")
      ? "expired_or_used"
      : "not_verified";
  }
  const hosts = protection.hostnames.length > 0 ? protection.hostnames : [host];
  if (answer.hostname === undefined || !hosts.includes(answer.hostname)) return "other_host";
  if (answer.action !== TURNSTILE_ACTION) return "other_action";
  return answer.cdata === sale ? null : "other_sale";
}

type SiteverifyResult =
  | { readonly kind: "answer"; readonly answer: Answer }
  | { readonly kind: "no_answer"; readonly why: string };

async function siteverify(
  url: string,
  fields: Readonly<Record<string, string>>,
): Promise<SiteverifyResult> {
  const noAnswer = (why: string): SiteverifyResult => ({ kind: "no_answer", why });
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
      redirect: "manual",
      signal: AbortSignal.timeout(TURNSTILE_TIMEOUT_MS),
    });
    const text = await readUpTo(response, TURNSTILE_ANSWER_BYTES_MAX);
    if (text === null) return noAnswer("the answer is too long");
    if (response.status >= 500) return noAnswer(`status ${response.status}`);
    const parsed = answerSchema.safeParse(parseJson(text));
    if (!parsed.success) return noAnswer(`not an answer of siteverify, status ${response.status}`);
    if (parsed.data["error-codes"].includes("internal-error")) return noAnswer("internal-error");
    return { kind: "answer", answer: parsed.data };
  } catch (error) {
    return noAnswer(error instanceof Error ? error.name : "unknown");
  }
}
