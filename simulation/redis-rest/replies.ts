/**
 * Redis's replies in the form of Upstash's REST protocol.
 *
 * Guarantee: strings are base64 if the client requested it, so that any bytes survive JSON. A plain
 * `OK`, numbers and null are not encoded, as the client expects.
 */

export type EncodedReply = string | number | null | readonly EncodedReply[];
export type RestReply = { readonly result: EncodedReply } | { readonly error: string };

export function encodeReply(reply: unknown, base64: boolean): EncodedReply {
  if (Array.isArray(reply)) return reply.map((item: unknown) => encodeNested(item, base64));
  if (Buffer.isBuffer(reply) && reply.equals(Buffer.from("OK"))) return "OK";
  return encodeNested(reply, base64);
}

function encodeNested(reply: unknown, base64: boolean): EncodedReply {
  if (Array.isArray(reply)) return reply.map((item: unknown) => encodeNested(item, base64));
  if (Buffer.isBuffer(reply)) return reply.toString(base64 ? "base64" : "utf8");
  if (typeof reply === "string") return base64 ? Buffer.from(reply).toString("base64") : reply;
  if (typeof reply === "number" || reply === null) return reply;
  if (reply instanceof Error) return encodeNested(reply.message, base64);
  // ioredis turns a hash into an object; Redis itself lists fields and values alternately.
  if (typeof reply === "object") return encodeNested(Object.entries(reply).flat(), base64);
  return null;
}
