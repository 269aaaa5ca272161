/**
 * Whether a client names itself as a crawler: it keeps no place, and takes the waiting page for the
 * shop's own.
 *
 * Weak: by its `User-Agent`, which anybody can send. So it gives nothing: a crawler is answered
 * that the address is unavailable for a while, and keeps what it knew of it. Those that Cloudflare
 * has verified can be let through (`bypass.verifiedCrawlers`).
 */

/** Most have one of these in a name of theirs; CUBOT makes telephones. */
const NAMED_SO = /(?<!\bcu)bot\b|crawler|spider|slurp/i;

/** The others that shops hear from most. */
const OTHERS = [
  "adsbot-google",
  "bingpreview",
  "chatgpt-user",
  "facebookexternalhit",
  "feedfetcher",
  "google-inspectiontool",
  "googleother",
  "ia_archiver",
  "mediapartners-google",
  "meta-externalagent",
  "storebot-google",
  "yandeximages",
];

export function isCrawler(userAgent: string | null): boolean {
  if (userAgent === null) return false;
  const agent = userAgent.toLowerCase();
  return NAMED_SO.test(agent) || OTHERS.some((name) => agent.includes(name));
}
