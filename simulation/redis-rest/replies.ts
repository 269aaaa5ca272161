/**
 * Redis's replies as Upstash's REST protocol writes them.
 *
 * Guarantee: texts are base64 when the client asked for it, so that any bytes survive JSON; a plain
 * `OK`, numbers and null stay as they are, which is what the client expects.
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
  // The local client makes an object of a hash; Redis itself lists fields and values in turn.
  if (typeof reply === "object") return encodeNested(Object.entries(reply).flat(), base64);
  return null;
}
