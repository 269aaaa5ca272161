/**
 * Checks, before anything is started, that the ports of the local Workers are free.
 *
 * A port that is free now can be taken before workerd listens on it. Then workerd does not start,
 * which is acceptable because the developer sees the error.
 */
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** The message names the port and the option that changes it. */
export class PortBusyError extends Error {
  override readonly name = "PortBusyError";
  readonly port: number;

  constructor(port: number, option: string) {
    const remedy = `Stop the program that listens on it, or choose another port with ${option}.`;
    super(`Port ${port} is already in use. ${remedy}`);
    this.port = port;
  }
}

/** Returns the wanted port, or any free one for 0. Rejects with PortBusyError when it is taken. */
export function reservePort(wanted: number, option: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? new PortBusyError(wanted, option) : error);
    });
    probe.listen(wanted, LOOPBACK, () => {
      const address = probe.address();
      const port = typeof address === "object" && address !== null ? address.port : wanted;
      probe.close(() => resolve(port));
    });
  });
}
