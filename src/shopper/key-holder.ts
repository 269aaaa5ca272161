/**
 * Whom an idempotency key of a join belongs to, because the key alone must not make somebody else's
 * place one's own (P13).
 *
 * A shop's server is known by its key of SERVER_KEYS, an app or a browser by its device. A client
 * that is neither is known by its network and `User-Agent`: an answer that was lost is given again
 * on the same network. On another network it takes another place, and the first one lapses.
 */
import type { KeyHolder } from "../domain/line/join-key.ts";
import { networkOf } from "../domain/network.ts";
import type { Caller } from "./gate-context.ts";

/** @param server the `kid` of a shop's server; null for anybody else */
export function keyHolderOf(
  { device, address, userAgent }: Caller,
  server: string | null,
): KeyHolder {
  if (server !== null || device !== null) {
    return { server, device, network: null, userAgent: null };
  }
  const network = address === null ? null : networkOf(address);
  return { server, device, network, userAgent };
}
