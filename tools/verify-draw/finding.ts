/** One finding of a check, and how it is made. */
export interface Finding {
  readonly what: string;
  /** `open`: cannot be checked yet. */
  readonly verdict: "agrees" | "broken" | "open";
  readonly detail: string;
}

export function agrees(what: string, detail: string): Finding {
  return { what, verdict: "agrees", detail };
}

export function broken(what: string, detail: string): Finding {
  return { what, verdict: "broken", detail };
}

export function open(what: string, detail: string): Finding {
  return { what, verdict: "open", detail };
}
