/**
 * One signed call to a shop's own server, with JSON as request and response.
 *
 * Guarantee: a call returns an outcome within `timeout_ms`, reading the body included, and never
 * throws. Redirects are not followed, because the signature is for one address. Reading stops past
 * `BACKEND_ANSWER_BYTES_MAX`. No call is retried here.
 */
import { BACKEND_ANSWER_BYTES_MAX, BACKEND_URL_LENGTH_MAX } from "../../src/domain/limits.ts";
import { type CallOutcome, type RawAnswer, readStatus, unknown } from "./http-answers.ts";
import { signedHeaders } from "../../src/webhooks/signature.ts";

export interface SignedHttpSettings {
  readonly url: string;
  /** From `readSecrets`; each of them signs. */
  readonly secrets: readonly Uint8Array<ArrayBuffer>[];
  /** How long one call may take, from the first byte sent to the last one read; read for each. */
  readonly timeout_ms: number;
  /** True only for local use: the backend and its pages may use plain http. */
  readonly allowHttp: boolean;
  readonly now: () => number;
  readonly newId: () => string;
  /** Called for every `unknown` and `retry`, for the operator's log. */
  readonly onTrouble: (trouble: Trouble) => void;
}

export interface Trouble {
  /** The type of the request, for example `payment.capture`. */
  readonly type: string;
  readonly why: string;
}

export type UrlOutcome =
  | { readonly kind: "good"; readonly url: string }
  | { readonly kind: "bad"; readonly why: string };

/** Validates the URL of a backend: https, without a password and without a fragment. */
export function readBackendUrl(text: string, allowHttp: boolean): UrlOutcome {
  if (text === "") return { kind: "bad", why: "is missing" };
  if (!URL.canParse(text) || text.length > BACKEND_URL_LENGTH_MAX) {
    return { kind: "bad", why: "is not a URL" };
  }
  const { protocol, username, password, hash } = new URL(text);
  if (protocol !== "https:" && !(allowHttp && protocol === "http:")) {
    return { kind: "bad", why: "must be an https URL" };
  }
  if (username !== "" || password !== "") {
    return { kind: "bad", why: "must not contain a password" };
  }
  if (hash !== "") return { kind: "bad", why: "must not contain a fragment" };
  return { kind: "good", url: text };
}

/** @param id the idempotency key: the same for every repetition of the same call */
export type SignedCall = (
  type: string,
  id: string,
  fields: Readonly<Record<string, unknown>>,
) => Promise<CallOutcome>;

export function signedHttp(settings: SignedHttpSettings): SignedCall {
  return async (type, id, fields) => {
    const outcome = await call(settings, id, JSON.stringify({ v: 1, type, ...fields }));
    if (outcome.kind === "unknown" || outcome.kind === "retry") {
      settings.onTrouble({ type, why: outcome.reason });
    }
    return outcome;
  };
}

async function call(settings: SignedHttpSettings, id: string, body: string): Promise<CallOutcome> {
  const { now } = settings;
  const timeout_ms = settings.timeout_ms;
  const late = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const inTime = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), timeout_ms);
  });
  try {
    const answer = await Promise.race([ask(settings, id, body, late.signal), inTime]);
    if (answer === null) return unknown(`no answer within ${timeout_ms} ms`);
    return readStatus(answer, now());
  } catch (error) {
    return unknown(`no answer: ${whyOf(error)}`);
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}

/** The message of the error's cause if it has one, because that of `fetch` itself is generic. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return "connection lost";
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function ask(
  { url, secrets, now }: SignedHttpSettings,
  id: string,
  body: string,
  signal: AbortSignal,
): Promise<RawAnswer> {
  const signature = await signedHeaders(secrets, id, body, now());
  const headers = {
    ...signature,
    "content-type": "application/json",
    accept: "application/json, application/problem+json",
  };
  const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal });
  const { status } = response;
  return { status, retryAfter: response.headers.get("retry-after"), text: await textOf(response) };
}

/** Null for a body longer than `BACKEND_ANSWER_BYTES_MAX`, or not in UTF-8. */
export async function textOf({ body }: Response): Promise<string | null> {
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.byteLength;
    if (bytes > BACKEND_ANSWER_BYTES_MAX) {
      await reader.cancel();
      return null;
    }
    try {
      text += decoder.decode(value, { stream: true });
    } catch {
      await reader.cancel();
      return null;
    }
  }
  try {
    return text + decoder.decode();
  } catch {
    return null;
  }
}
