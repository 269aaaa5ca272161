/**
 * Reads rounds of the public randomness beacon from its relays, over HTTP.
 *
 * Guarantee: every relay is asked at once, and each within a time limit and a limit of bytes; the
 * first answer that the caller takes counts, so a relay that lies or hangs delays nothing while
 * another answers. It never rejects. Which relay answered does not matter, because a round is
 * checked by its signature.
 */
import { z } from "zod";
import {
  beaconChainSchema,
  chainHashOf,
  QUICKNET,
  type BeaconChain,
} from "../domain/line/beacon.ts";
import {
  BEACON_ANSWER_BYTES_MAX,
  BEACON_RELAY_TIMEOUT_MS,
  BEACON_RELAYS_MAX,
} from "../domain/limits.ts";
import { parseJson } from "../encoding/json.ts";
import { readUpTo } from "../encoding/read-up-to.ts";

export interface BeaconSettings {
  readonly BEACON_CHAIN: string;
  readonly BEACON_RELAYS: string;
}

const roundSchema = z.object({ round: z.int(), signature: z.string() });

/** Of `BEACON_CHAIN`: `quicknet`, or a chain as JSON. Null when it is empty, or is no chain. */
export function beaconChainOf({ BEACON_CHAIN: text }: BeaconSettings): BeaconChain | null {
  if (text === "quicknet") return QUICKNET;
  return beaconChainSchema.safeParse(parseJson(text)).data ?? null;
}

/** Addresses without a slash at the end. */
export function beaconRelaysOf({ BEACON_RELAYS: text }: BeaconSettings): string[] {
  const addresses = text.split(",").map((address) => address.trim().replace(/\/$/, ""));
  return addresses.filter((address) => address !== "").slice(0, BEACON_RELAYS_MAX);
}

/**
 * @param taken whether the signature is the round's
 * @returns null when no relay has it yet
 */
export async function readRound(
  settings: BeaconSettings,
  chain: BeaconChain,
  round: number,
  taken: (signature: string) => boolean,
): Promise<string | null> {
  const path = `/${chainHashOf(chain)}/public/${round}`;
  const relays = beaconRelaysOf(settings);
  const asked = relays.map(async (relay) => {
    const answer = await ask(`${relay}${path}`);
    if (answer?.round === round && taken(answer.signature)) return answer.signature;
    throw new Error("no such round");
  });
  return Promise.any(asked).catch(() => null);
}

/** Null for anything but the document of a round. */
async function ask(url: string): Promise<z.output<typeof roundSchema> | null> {
  const response = await fetch(url, {
    redirect: "manual",
    signal: AbortSignal.timeout(BEACON_RELAY_TIMEOUT_MS),
  });
  const text = await readUpTo(response, BEACON_ANSWER_BYTES_MAX);
  if (response.status !== 200 || text === null) return null;
  return roundSchema.safeParse(parseJson(text)).data ?? null;
}
