/**
 * Forms that another site sends to a guarded address, such as a bank's return after 3-D Secure.
 * Browsers leave `SameSite=Lax` cookies out of them, so nobody can see whether their shopper is in.
 * The answer is a page of this host that sends the form once more; then the cookies come along.
 *
 * Guarantee: the shop gets the form as the other site sent it: the same bytes and media type, the
 * other site's `Origin` and `Referer`, and of the cookies only those that came with it. Else a form
 * of another site would reach the shop looking like its own, past whatever the shop does against
 * forged forms. Sending it once more takes no place, no turn and no seat. Not for forms that are
 * larger than `RESENT_FORM_BYTES_MAX`, which are kept whole in a page.
 */
import { z } from "zod";
import type { Sale } from "../domain/sale/sale.ts";
import { parseJson } from "../encoding/json.ts";
import { NO_COPY, PAGE_HEADERS, policyWith } from "../pages/answers.ts";
import { BODY_FIELD, FORM_FIELD, resendPage } from "../pages/views/resend.ts";
import { cookiePairs, type CookiePair } from "../web/cookies.ts";
import { initiatorOfRequest } from "../web/request-cause.ts";

/** Banks' returns after 3-D Secure are smaller. */
const RESENT_FORM_BYTES_MAX = 64 * 1024;

/** Visible characters and spaces, which any header may have. */
const headerText = z.string().regex(/^[\x20-\x7e]*$/);

/** Of a form, beside its body: what the browser adds to it by itself. */
const sentSchema = z.object({
  type: headerText.nullable(),
  origin: headerText.nullable(),
  referer: headerText.nullable(),
  /** Names of the cookies that came with it. */
  cookies: z.array(z.string()),
});
type Sent = z.infer<typeof sentSchema>;

/** Null for a form that is too large to be sent again. */
export async function resendAnswer(
  request: Request,
  sale: Sale,
  now: number,
): Promise<Response | null> {
  const body = await bytesUpTo(request, RESENT_FORM_BYTES_MAX);
  if (body === null) return null;
  const { headers } = request;
  const sent: Sent = {
    type: headers.get("Content-Type"),
    origin: headers.get("Origin"),
    referer: headers.get("Referer"),
    cookies: pairsIn(headers).map(({ name }) => name),
  };
  if (!sentSchema.safeParse(sent).success) return null;
  const form = new TextEncoder().encode(JSON.stringify(sent)).toBase64();
  const page = await resendPage({ sale, form, body: body.toBase64(), now });
  return new Response(String(page), {
    headers: {
      ...PAGE_HEADERS,
      // Chromium applies `form-action` also to where the shop redirects after the form.
      "Content-Security-Policy": policyWith({ "form-action": "'self' https: http:" }),
      "Content-Type": "text/html; charset=UTF-8",
      "X-Robots-Tag": NO_COPY,
    },
  });
}

/** In characters: both fields, their names and line ends. */
const TEXT_LENGTH_MAX = 2 * RESENT_FORM_BYTES_MAX + 64 * 1024;

/**
 * The form as the other site sent it, if this request is the page's; else null, and the body is
 * untouched. Own forms are hardly ever `text/plain`, so others are not read.
 */
export async function resentFormIn(request: Request): Promise<Request | null> {
  const { method, headers } = request;
  if (method !== "POST") return null;
  const type = headers.get("Content-Type");
  if (type === null || !/^text\/plain\b/i.test(type)) return null;
  if (initiatorOfRequest(request) !== "own") return null;
  const length = Number(headers.get("Content-Length") ?? Number.NaN);
  if (!(length <= TEXT_LENGTH_MAX)) return null;
  const text = await request.clone().text();
  const fields = LINES.exec(text);
  if (fields === null) return null;
  const [, form = "", body = ""] = fields;
  const [described, bytes] = [bytesIn(form), bytesIn(body)];
  if (described === null || bytes === null) return null;
  const sent = sentSchema.safeParse(parseJson(new TextDecoder().decode(described)));
  return sent.success ? asSent(request, sent.data, bytes) : null;
}

/** As browsers write the two fields of a form with `enctype="text/plain"`. */
const LINES = new RegExp(
  `^${FORM_FIELD}=([A-Za-z0-9+/]+={0,2})\r\n${BODY_FIELD}=([A-Za-z0-9+/]*={0,2})\r\n$`,
);

/** Null for a text that is not base64. */
function bytesIn(text: string): Uint8Array<ArrayBuffer> | null {
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    return null;
  }
}

function asSent(request: Request, sent: Sent, body: Uint8Array<ArrayBuffer>): Request {
  const headers = new Headers(request.headers);
  const put = (name: string, value: string | null): void => {
    if (value === null) headers.delete(name);
    else headers.set(name, value);
  };
  put("Content-Type", sent.type);
  put("Origin", sent.origin);
  put("Referer", sent.referer);
  if (headers.has("Sec-Fetch-Site")) headers.set("Sec-Fetch-Site", "cross-site");
  headers.delete("Sec-Fetch-User");
  headers.delete("Content-Length");
  const names = new Set(sent.cookies);
  const kept = pairsIn(headers).filter(({ name }) => names.has(name));
  const cookies = kept.map(({ name, value }) => `${name}=${value}`);
  put("Cookie", cookies.length === 0 ? null : cookies.join("; "));
  return new Request(request, { method: "POST", headers, body });
}

function pairsIn(headers: Headers): readonly CookiePair[] {
  const header = headers.get("Cookie");
  return header === null ? [] : cookiePairs(header);
}

/** Null for a body of more than `max_bytes`, of which no more than that is read. */
async function bytesUpTo(
  { body, headers }: Request,
  max_bytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (Number(headers.get("Content-Length") ?? 0) > max_bytes) return null;
  if (body === null) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.byteLength;
    if (length > max_bytes) return null;
    parts.push(part);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
