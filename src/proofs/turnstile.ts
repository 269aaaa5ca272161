/**
 * Cloudflare Turnstile: whether a token that the widget gave was given for this sale.
 *
 * A token proves nothing without a call to siteverify
 * (https://developers.cloudflare.com/turnstile/get-started/server-side-validation/): it is valid
 * once and for 300 seconds. The idempotency key of the call follows from the token, so a join that
 * is repeated after a lost answer gets the first result again, on any isolate.
 *
 * Guarantee: valid means that Cloudflare confirmed it, for this sale (`cdata`), this use (`action`)
 * and a host that the merchant named. A wrong secret is the operator's mistake and admits nobody;
 * what happens without an answer is the merchant's choice, and not made here. Nothing that came
 * from the shopper is logged.
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

export type TurnstileOutcome =
  | { readonly kind: "proven"; readonly fingerprint: string }
  | { readonly kind: "refused"; readonly reason: ProofRefusal }
  /** Siteverify did not answer, or failed itself; nothing is known about the token. */
  | { readonly kind: "unavailable"; readonly fingerprint: string; readonly why: string }
  /** What the operator must correct; never a value. */
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

/** @param env a Worker's; the secret is optional there, so it is looked for and not declared */
export function readTurnstileSettings(env: object) {
  const parsed = settingsSchema.safeParse(env);
  if (!parsed.success) return { kind: "not_configured", what: "TURNSTILE_VERIFY_URL" } as const;
  const { TURNSTILE_SECRET: secret, TURNSTILE_VERIFY_URL: url } = parsed.data;
  if (secret === "") return { kind: "not_configured", what: "TURNSTILE_SECRET" } as const;
  return { kind: "ready", secret, url } as const;
}

export interface TurnstileQuestion {
  readonly sale: string;
  readonly protection: TurnstileProtection;
  readonly token: string;
  /** Of the shopper, when it is known. */
  readonly address: string | null;
  /** The request's own host, without a port. */
  readonly host: string;
}

export async function verifyTurnstileToken(
  env: object,
  question: TurnstileQuestion,
): Promise<TurnstileOutcome> {
  const settings = readTurnstileSettings(env);
  if (settings.kind !== "ready") return settings;
  const { sale, protection, token, address, host } = question;
  if (token.length > PROOF_LENGTH_MAX) return { kind: "refused", reason: "malformed" };
  const fingerprint = bytesToHex(sha256(utf8ToBytes(token))).slice(0, 40);
  const asked = {
    secret: settings.secret,
    response: token,
    idempotency_key: uuidOf(fingerprint),
    ...(address === null ? {} : { remoteip: address }),
  };
  let why = "";
  for (let tries = 0; tries < TURNSTILE_TRIES_MAX; tries += 1) {
    const answer = await ask(settings.url, asked);
    if (answer.kind === "answer") {
      const mistake = mistakeOf(answer.said);
      if (mistake !== null) return { kind: "not_configured", what: mistake };
      const reason = refusalOf(answer.said, { sale, protection, host });
      return reason === null ? { kind: "proven", fingerprint } : { kind: "refused", reason };
    }
    why = answer.why;
  }
  return { kind: "unavailable", fingerprint, why };
}

/** A version 8 UUID (RFC 9562), whose bits are the application's own. */
function uuidOf(fingerprint: string): string {
  const bits = `${fingerprint.slice(0, 12)}8${fingerprint.slice(13, 16)}8${fingerprint.slice(17)}`;
  const parts = [bits.slice(0, 8), bits.slice(8, 12), bits.slice(12, 16), bits.slice(16, 20)];
  return [...parts, bits.slice(20, 32)].join("-");
}

/** An error of ours and not of the shopper's. */
function mistakeOf({ "error-codes": codes }: Answer): string | null {
  const isSecret = codes.some((code) => {
    return code === "missing-input-secret" || code === "invalid-input-secret";
  });
  if (isSecret) return "TURNSTILE_SECRET";
  return codes.includes("bad-request") ? "TURNSTILE_VERIFY_URL" : null;
}

/** Precedence: what siteverify refused, the host, the use, the sale. */
function refusalOf(
  answer: Answer,
  { sale, protection, host }: Pick<TurnstileQuestion, "sale" | "protection" | "host">,
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

type Asked =
  | { readonly kind: "answer"; readonly said: Answer }
  | { readonly kind: "silent"; readonly why: string };

async function ask(url: string, asked: Readonly<Record<string, string>>): Promise<Asked> {
  const silent = (why: string): Asked => ({ kind: "silent", why });
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
      redirect: "manual",
      signal: AbortSignal.timeout(TURNSTILE_TIMEOUT_MS),
    });
    const text = await readUpTo(response, TURNSTILE_ANSWER_BYTES_MAX);
    if (text === null) return silent("the answer is too long");
    if (response.status >= 500) return silent(`status ${response.status}`);
    const parsed = answerSchema.safeParse(parseJson(text));
    if (!parsed.success) return silent(`no answer of siteverify, status ${response.status}`);
    if (parsed.data["error-codes"].includes("internal-error")) return silent("internal-error");
    return { kind: "answer", said: parsed.data };
  } catch (error) {
    return silent(error instanceof Error ? error.name : "unknown");
  }
}

/** Null, and nothing more is read, once there is more. */
async function readUpTo({ body }: Response, bytesMax: number): Promise<string | null> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
