/**
 * Whether lotteries of this deployment are drawn by a public beacon, as a check. Pure.
 */
import { bad, type Check, good } from "./check.ts";

export type BeaconReading =
  /** `BEACON_CHAIN` is empty, or names no chain. */
  | { readonly kind: "none"; readonly isEmpty: boolean }
  /** @property answers whether a relay gave a round that the chain signed */
  | { readonly kind: "chain"; readonly id: string; readonly answers: boolean };

export function beaconCheck(reading: BeaconReading, isDeployed: boolean): Check {
  const name = "beacon";
  if (reading.kind === "none") {
    const detail = reading.isEmpty
      ? "BEACON_CHAIN is empty: who knows a sale's secret could choose the draw of its lottery, " +
        'and anybody can see that. Set it to "quicknet".'
      : 'BEACON_CHAIN is no chain, so new lotteries have no beacon. Set it to "quicknet".';
    return bad(name, "warning", detail);
  }
  const { id, answers } = reading;
  if (!answers) {
    const detail =
      `No relay in BEACON_RELAYS gives rounds of the beacon ${id}. While that is so, a lottery ` +
      "waits 30 seconds at its start, and is then drawn without it, which everybody can see.";
    return bad(name, "warning", detail);
  }
  if (isDeployed && id !== "quicknet") {
    const detail =
      `The beacon ${id} is not drand's quicknet: who checks a draw has no reason to trust it. ` +
      'Set BEACON_CHAIN to "quicknet".';
    return bad(name, "warning", detail);
  }
  return good(name, `The beacon ${id} answers, and its latest round is signed.`);
}
