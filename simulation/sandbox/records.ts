/**
 * What a call of the Stripe API reads and changes: the sandbox's stored payments, confirmation
 * tokens and domains, and the facts of the call itself.
 */
import type { Account } from "./account.ts";
import { type ApiError, invalidRequest } from "./api-error.ts";
import type { ConfirmationToken } from "./confirmation-token.ts";
import type { Domain } from "./domains.ts";
import type { Payment } from "./payment-schema.ts";
import { errorObject, listObject } from "./stripe-objects.ts";

export interface Records {
  readonly payment: (id: string) => Payment | null;
  /** The payment that has this charge, refund or dispute. */
  readonly paymentWith: (objectId: string) => Payment | null;
  /** Every payment, in any order. */
  readonly payments: () => readonly Payment[];
  readonly token: (id: string) => ConfirmationToken | null;
  readonly domains: () => readonly Domain[];
}

/** The prefixes of Stripe's ids that the sandbox makes. */
export type IdPrefix = "pi" | "ch" | "re" | "du" | "pm" | "ctoken" | "pmd" | "secret";

export interface CallContext {
  readonly now: number;
  readonly origin: string;
  readonly account: Account;
  /** Who calls: the shop's server with a secret key, or a browser with a publishable one. */
  readonly by: "secret" | "publishable";
  /** True for a key of the live mode, in which the sandbox has no payments. */
  readonly isLive: boolean;
  /** A new id, such as `pi_…`. */
  readonly newId: (prefix: IdPrefix) => string;
}

/** What must be stored, and the response. */
export interface Performed {
  readonly status: number;
  readonly body: string;
  readonly changed: Changes;
}

export interface Changes {
  readonly payment?: Payment;
  readonly token?: ConfirmationToken;
  readonly domain?: Domain;
}

export const NO_CHANGES: Changes = {};

export function answerWith(body: object, changed: Changes = NO_CHANGES): Performed {
  return { status: 200, body: JSON.stringify(body), changed };
}

/** @param intent the payment intent that the error is about, for errors that name it */
export function answerError(
  error: ApiError,
  changed: Changes = NO_CHANGES,
  intent: object | null = null,
): Performed {
  return { status: error.status, body: JSON.stringify(errorObject(error, intent)), changed };
}

interface Page {
  readonly limit: number;
  readonly starting_after?: string | undefined;
  readonly ending_before?: string | undefined;
}

/** One page of objects that are given newest first. */
export function answerPage(
  url: string,
  objects: readonly { readonly id: string }[],
  { limit, starting_after, ending_before }: Page,
): Performed {
  const at = objects.findIndex(({ id }) => id === (starting_after ?? ending_before));
  if (at === -1 && (starting_after ?? ending_before) !== undefined) {
    const param = starting_after === undefined ? "ending_before" : "starting_after";
    const message = `No such object: '${starting_after ?? ending_before}'`;
    return answerError(invalidRequest(message, "resource_missing", param));
  }
  if (starting_after === undefined && ending_before !== undefined) {
    const first = Math.max(at - limit, 0);
    return answerWith(listObject(url, objects.slice(first, at), first > 0));
  }
  const last = at + 1 + limit;
  return answerWith(listObject(url, objects.slice(at + 1, last), last < objects.length));
}
