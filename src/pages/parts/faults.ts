/**
 * The faults of a form, shown twice: in a list at the top, which screen readers announce, and
 * beside each field.
 */
import { html } from "hono/html";
import type { Html, Maybe } from "./layout.ts";

export interface Fault {
  /** The field's name, the SKU of a line, or null when it is about the whole form. */
  readonly field: string | null;
  readonly message: string;
}

export type Faults = readonly Fault[];

export function faultOf(faults: Faults, field: string): Fault | null {
  return faults.find((fault) => fault.field === field) ?? null;
}

function fieldId(field: string): string {
  return `field-${field}`;
}

export function faultSummary(faults: Faults): Maybe {
  if (faults.length === 0) return null;
  return html`<div class="faults" role="alert">
    <h2>Please check the following</h2>
    <ul>
      ${faults.map(({ field, message }) => {
        if (field === null) return html`<li>${message}</li>`;
        return html`<li><a href="#${fieldId(field)}">${message}</a></li>`;
      })}
    </ul>
  </div>`;
}

/** The id of an input and, with a fault, the attributes that connect it with the message. */
export function fieldMarks(field: string, fault: Fault | null): Html {
  const id = fieldId(field);
  if (fault === null) return html`id="${id}"`;
  return html`id="${id}" aria-invalid="true" aria-describedby="${id}-fault"`;
}

export function fieldFault(field: string, fault: Fault | null): Maybe {
  if (fault === null) return null;
  return html`<p class="fault" id="${fieldId(field)}-fault">${fault.message}</p>`;
}

/** The `for` of a field's label. */
export function labelFor(field: string): Html {
  return html`for="${fieldId(field)}"`;
}
