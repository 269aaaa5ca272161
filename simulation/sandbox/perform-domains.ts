/**
 * Carries out the calls of the Stripe API on payment method domains.
 *
 * Guarantee: as of `perform.ts`.
 */
import { notFound } from "./api-error.ts";
import { type Domain, domainObject, domainRefusal } from "./domains.ts";
import {
  answerError,
  answerPage,
  answerWith,
  type CallContext,
  type Performed,
  type Records,
} from "./records.ts";
import type { Call } from "./stripe-requests.ts";

type CallOf<Kind extends Call["kind"]> = Extract<Call, { readonly kind: Kind }>;

type DomainCall = CallOf<
  "create_domain" | "retrieve_domain" | "update_domain" | "validate_domain" | "list_domains"
>;

export function performOnDomain(
  call: DomainCall,
  records: Records,
  context: CallContext,
): Performed {
  if (call.kind === "create_domain") return create(call, records, context);
  if (call.kind === "list_domains") return list(call, records);
  const domain = records.domains().find(({ id }) => id === call.id);
  if (domain === undefined) {
    return answerError(notFound("payment_method_domain", call.id, "payment_method_domain"));
  }
  if (call.kind !== "update_domain") return answerWith(domainObject(domain));
  const updated = { ...domain, isEnabled: call.parameters.enabled ?? domain.isEnabled };
  return answerWith(domainObject(updated), { domain: updated });
}

function create(
  { parameters }: CallOf<"create_domain">,
  records: Records,
  { now, newId }: CallContext,
): Performed {
  const { domain_name: name, enabled: isEnabled } = parameters;
  const error = domainRefusal(name);
  if (error !== null) return answerError(error);
  const known = records.domains().find((domain) => domain.name === name);
  if (known !== undefined) return answerWith(domainObject(known));
  const domain: Domain = { version: 1, id: newId("pmd"), name, isEnabled, createdAt_ms: now };
  return answerWith(domainObject(domain), { domain });
}

function list({ parameters }: CallOf<"list_domains">, records: Records): Performed {
  const { domain_name, enabled } = parameters;
  const chosen = records.domains().filter(({ name, isEnabled }) => {
    if (domain_name !== undefined && name !== domain_name) return false;
    return enabled === undefined || isEnabled === enabled;
  });
  const newestFirst = chosen.toSorted((a, b) => b.createdAt_ms - a.createdAt_ms);
  return answerPage("/v1/payment_method_domains", newestFirst.map(domainObject), parameters);
}
