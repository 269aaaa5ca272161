/**
 * Who needs no turn at a guarded address: health checks, listed addresses, holders of a bypass
 * token, and crawlers that Cloudflare has verified, each as the sale says.
 *
 * Guarantee: addresses are those Cloudflare saw (`CF-Connecting-IP`), never a forwarded header; of
 * a token only the SHA-256 is known here, and it is compared in constant time. A health check is
 * known by its path and User-Agent, which anybody can send: let it guard nothing that is scarce.
 */
import { bytesToHex } from "@noble/hashes/utils.js";
import ipaddr from "ipaddr.js";
import { z } from "zod";
import { compilePattern, matchesPath, type PathPattern } from "../domain/guards/path-readings.ts";
import type { BypassReason } from "../domain/guards/decision.ts";
import type { Bypass } from "../domain/sale/guard-schema.ts";
import { BYPASS_TOKEN_LENGTH_MAX } from "../domain/limits.ts";
import type { Sale } from "../domain/sale/sale.ts";
import { sameText } from "../platform/same-text.ts";

const BYPASS_HEADER = "Sluice-Bypass";

const crawlerSchema = z.object({
  verifiedBotCategory: z.string().default(""),
  botManagement: z.object({ verifiedBot: z.boolean().default(false) }).prefault({}),
});

type Block = ReturnType<typeof ipaddr.parseCIDR>;

interface Ready {
  readonly blocks: readonly Block[];
  readonly tokens: readonly string[];
  readonly verifiedCrawlers: boolean;
  readonly healthChecks: readonly {
    readonly path: PathPattern;
    readonly userAgent: string | null;
  }[];
}

/** Null for a sale that nobody may bypass. */
const ready = new WeakMap<Sale, Ready | null>();

function readyFor(sale: Sale): Ready | null {
  const known = ready.get(sale);
  if (known !== undefined) return known;
  const made = prepare(sale.bypass);
  ready.set(sale, made);
  return made;
}

function prepare({ addresses, tokens, verifiedCrawlers, healthChecks }: Bypass): Ready | null {
  const some = addresses.length + tokens.length + healthChecks.length;
  if (some === 0 && !verifiedCrawlers) return null;
  return {
    blocks: addresses.map(blockOf),
    tokens: tokens.map(({ sha256 }) => sha256),
    verifiedCrawlers,
    healthChecks: healthChecks.map(({ path, userAgent }) => {
      return { path: compilePattern(path), userAgent: userAgent ?? null };
    }),
  };
}

function blockOf(text: string): Block {
  if (text.includes("/")) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

/** @param readings of the request's path; none of one that was too long to be read */
export async function bypassOf(
  sale: Sale,
  request: Request,
  readings: readonly string[],
): Promise<BypassReason | null> {
  const rules = readyFor(sale);
  if (rules === null) return null;
  if (isHealthCheck(rules, request, readings)) return "health_check";
  if (isListed(rules, request.headers.get("CF-Connecting-IP"))) return "address";
  if (await holdsToken(rules, request.headers.get(BYPASS_HEADER))) return "token";
  return rules.verifiedCrawlers && isVerifiedCrawler(request.cf) ? "verified_crawler" : null;
}

/** In doubt about the path it is none: every reading must be the check's. */
function isHealthCheck(
  { healthChecks }: Ready,
  request: Request,
  readings: readonly string[],
): boolean {
  if (healthChecks.length === 0 || readings.length === 0) return false;
  const agent = request.headers.get("User-Agent") ?? "";
  return healthChecks.some(({ path, userAgent }) => {
    const named = userAgent === null || agent.includes(userAgent);
    return named && readings.every((reading) => matchesPath(path, reading));
  });
}

function isListed({ blocks }: Ready, text: string | null): boolean {
  if (blocks.length === 0 || text === null || !ipaddr.isValid(text)) return false;
  // An IPv4 client of an IPv6 socket is still that IPv4 client.
  const address = ipaddr.process(text);
  return blocks.some(([base, bits]) => address.kind() === base.kind() && address.match(base, bits));
}

async function holdsToken({ tokens }: Ready, token: string | null): Promise<boolean> {
  if (tokens.length === 0 || token === null || token === "") return false;
  if (token.length > BYPASS_TOKEN_LENGTH_MAX) return false;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token));
  const hex = bytesToHex(new Uint8Array(digest));
  // Every one is compared, so that the time tells nothing.
  return tokens.map((sha256) => sameText(hex, sha256)).includes(true);
}

/**
 * `verifiedBotCategory` is filled for bots of Cloudflare's directory; `botManagement` only on
 * Enterprise plans with Bot Management. Where neither is sent, nobody is a verified crawler.
 */
function isVerifiedCrawler(cf: unknown): boolean {
  const told = crawlerSchema.safeParse(cf);
  if (!told.success) return false;
  return told.data.verifiedBotCategory !== "" || told.data.botManagement.verifiedBot;
}
