/**
 * The log of both Workers: one JSON object a line, which Workers Logs index by field.
 *
 * Guarantee: logging never throws, so it may stand anywhere, also where an error is handled.
 * Not for tokens, keys, addresses or names of shoppers: callers pass ids and reasons only.
 */
type Fields = Readonly<Record<string, unknown>>;

/** An entry of an object that logs through its ports, without saying who it is. */
export interface LogEntry extends Fields {
  readonly event: string;
}

function lineOf(at: string, event: string, fields: Fields): string {
  try {
    return JSON.stringify({ at, event, ...fields });
  } catch {
    return JSON.stringify({ at, event, why: "the fields are no JSON" });
  }
}

/**
 * `at`: the part of Sluice that logs. `event`: what happened, as a stable code.
 * `info`: nothing is wrong. `warn`: it is tried again or heals by itself. `error`: somebody has to
 * look.
 */
export const log = {
  info(at: string, event: string, fields: Fields = {}): void {
    console.log(lineOf(at, event, fields));
  },
  warn(at: string, event: string, fields: Fields = {}): void {
    console.warn(lineOf(at, event, fields));
  },
  error(at: string, event: string, fields: Fields = {}): void {
    console.error(lineOf(at, event, fields));
  },
};
