/**
 * The sender and other text of a mail's header.
 *
 * Guarantee: nothing that is returned has a control character, so no text can begin another header.
 */
import { deliverableEmail } from "../buyer/email.ts";

export interface Mailbox {
  readonly address: string;
  /** The name that mail programs show; null without one. */
  readonly name: string | null;
}

/** Control characters, line ends, and marks that change the direction of the text around them. */
const UNPRINTABLE = /[\p{Cc}\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]+/gu;

/** Text on one line, for a subject or a name. */
export function printable(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, " ").replace(/ {2,}/g, " ").trim();
}

/**
 * Reads `orders@shop.example` or `The shop <orders@shop.example>`.
 * @returns null for anything else
 */
export function readMailbox(text: string): Mailbox | null {
  const named = /^(?<name>[^<>]*)<(?<address>[^<>]+)>$/.exec(text.trim())?.groups;
  const address = deliverableEmail((named?.["address"] ?? text).trim());
  if (address === null) return null;
  const name = printable((named?.["name"] ?? "").replace(/^\s*"(.*)"\s*$/, "$1"));
  return { address, name: name === "" ? null : name };
}

/** As the field `from` of an HTTP mail API takes it: the name quoted, which every name may be. */
export function mailboxText({ address, name }: Mailbox): string {
  if (name === null) return address;
  return `"${name.replace(/[\\"]/g, "\\$&")}" <${address}>`;
}
