/**
 * Finds out, before anything is started, which ports the local Workers may listen on.
 *
 * A port that is free here can in principle be taken before workerd listens on it; workerd then
 * refuses to start, which is loud enough for a program on one's own machine.
 */
import { createServer } from "node:net";

export const LOOPBACK = "127.0.0.1";

/** Says which port is taken and which option changes it. */
export class PortBusyError extends Error {
  override readonly name = "PortBusyError";
  readonly port: number;

  constructor(port: number, option: string) {
    const next = `Stop what listens there, or choose another with ${option}.`;
    super(`Port ${port} is already in use. ${next}`);
    this.port = port;
  }
}

/** The wanted port itself, or any free one for 0. Throws PortBusyError when it is taken. */
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
