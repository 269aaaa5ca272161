/**
 * The groups of the API's operations, in the order in which the document shows them.
 */
export const TAGS = [
  ["Waiting room", "A shopper's way in: the sale, a place in line, the turn."],
  ["Checkout", "What a shopper does inside: hold items, order, follow the order."],
  ["Fairness", "What anybody needs to recompute the draw."],
  ["Sales", "The merchant's sales: create, steer, audit."],
  ["Stock", "The merchant's units: levels, ledger, movements, and a shop's Redis."],
  ["Discounts", "The merchant's discount codes: import, export, uses."],
  ["Orders", "The merchant's view of orders."],
  ["Pipeline", "Whether the deployment can sell; dead letters, breakers and limits of backends."],
  ["Webhooks", "Events: their log, the merchant's endpoints, every delivery."],
  ["Payment provider", "What a payment provider calls."],
  ["Service", "About this deployment: health, keys, problems, this document."],
] as const;

export type Tag = (typeof TAGS)[number][0];
