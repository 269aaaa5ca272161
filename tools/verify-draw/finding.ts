/** One finding of a check, and how it is made. */
export interface Finding {
  readonly what: string;
  /**
   * `open`: cannot be checked yet. `doubt`: rests on the operator's word. `skipped`: nothing was
   * given to compare with, which is no reason against the draw.
   */
  readonly verdict: "agrees" | "broken" | "open" | "doubt" | "skipped";
  readonly detail: string;
}

export function agrees(what: string, detail: string): Finding {
  return { what, verdict: "agrees", detail };
}

export function broken(what: string, detail: string): Finding {
  return { what, verdict: "broken", detail };
}

export function doubt(what: string, detail: string): Finding {
  return { what, verdict: "doubt", detail };
}

export function open(what: string, detail: string): Finding {
  return { what, verdict: "open", detail };
}

export function skipped(what: string, detail: string): Finding {
  return { what, verdict: "skipped", detail };
}
