/**
 * Whether an admitted shopper's page needs a Queue-it token, and where the redirect leads.
 *
 * Guarantee: a token is given once per admission, and there is no way to go round in circles: the
 * gate's mark, the connector's own cookie and a fresh token in the address each end it. A token in
 * the address that the connector would refuse (old, or of somebody who passed the address on) is
 * replaced by one that it takes.
 */

export interface QueueItFacts {
  /** The shopper's number in the queue, of this admission. */
  readonly queueId: string;
  /** The gate's own cookie: the number a token was last given for; null when there is none. */
  readonly marked: string | null;
  readonly cookies: string | null;
  /** Absolute. */
  readonly url: string;
  readonly now: number;
}

const PARAMETER = "queueittoken";

/** The `name=value` pieces of an address's query, as they were sent. */
function queryOf(url: string): { readonly before: string; readonly pieces: readonly string[] } {
  const [address = ""] = url.split("#");
  const at = address.indexOf("?");
  if (at < 0) return { before: address, pieces: [] };
  return { before: address.slice(0, at), pieces: address.slice(at + 1).split("&") };
}

function isToken(piece: string): boolean {
  return piece.toLowerCase() === PARAMETER || piece.toLowerCase().startsWith(`${PARAMETER}=`);
}

/** The connector has let in this very admission: its cookie names the number it came with. */
function isLetIn({ cookies, queueId }: QueueItFacts): boolean {
  return cookies !== null && new RegExp(`QueueId(=|%3D)${queueId}`, "i").test(cookies);
}

function isFresh(piece: string, { queueId, now }: QueueItFacts): boolean {
  const until_s = Number(/[=~]ts_(\d{1,12})/.exec(piece)?.[1] ?? 0);
  return piece.includes(`~q_${queueId}~`) && until_s * 1000 > now;
}

export function needsQueueItToken(facts: QueueItFacts): boolean {
  if (isLetIn(facts)) return false;
  const carried = queryOf(facts.url).pieces.filter(isToken);
  if (carried.length === 0) return facts.marked !== facts.queueId;
  return !carried.every((piece) => isFresh(piece, facts));
}

/** The same address with this token and no other; everything else stays to the letter. */
export function withQueueItToken(url: string, token: string): string {
  const { before, pieces } = queryOf(url);
  const others = pieces.filter((piece) => !isToken(piece));
  return `${before}?${[...others, `${PARAMETER}=${token}`].join("&")}`;
}
