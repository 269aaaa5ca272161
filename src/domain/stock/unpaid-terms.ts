/**
 * Under which groups a shopper's unpaid units count, and with which limits: the sale's rules for
 * one shopper, as the gate sends them with a hold and an order.
 *
 * Guarantee: networks are named by digests. A machine's own address, which only a local run has, is
 * no network. Pure.
 */
import { digestOf } from "../../encoding/json.ts";
import { UNPAID_BLOCK_FACTOR, UNPAID_SHARE_OF_BLOCK, UNPAID_SHARE_OF_NETWORK } from "../limits.ts";
import { isLoopback, networkBlockOf, networkOf } from "../network.ts";
import type { Sale } from "../sale/sale.ts";
import { DEFAULT_UNPAID } from "../sale/unpaid-rules.ts";
import type { UnpaidRule, UnpaidTerms } from "./unpaid.ts";

/** @param address the shopper's; null where it is not known */
export function unpaidTermsOf(
  { unpaid = DEFAULT_UNPAID, admission }: Sale,
  subject: string,
  address: string | null,
): UnpaidTerms {
  const { perShopper, perNetwork, coolingOff } = unpaid;
  const shopper: UnpaidRule = {
    group: subject,
    units: perShopper,
    share: null,
    lapses: coolingOff.perShopper,
  };
  const isNetwork = address !== null && !isLoopback(address);
  const shared = perNetwork === undefined;
  const network = (name: string, factor: number, share: number): UnpaidRule => ({
    group: digestOf(["network", name]),
    units: perNetwork == null ? null : perNetwork * factor,
    share: shared ? share : null,
    lapses: coolingOff.perNetwork === null ? null : coolingOff.perNetwork * factor,
  });
  const networks = isNetwork
    ? [
        network(networkOf(address), 1, UNPAID_SHARE_OF_NETWORK),
        network(networkBlockOf(address), UNPAID_BLOCK_FACTOR, UNPAID_SHARE_OF_BLOCK),
      ]
    : [];
  return {
    rules: [shopper, ...networks],
    coolingOff_ms: coolingOff.seconds * 1000,
    hold_ms: admission.holdSeconds * 1000,
  };
}
