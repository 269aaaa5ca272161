/** The queues by name, as `wrangler.toml` and `queues/wrangler.toml` bind them. */
export const QUEUES = {
  orders: "sluice-orders",
  events: "sluice-events",
  mirror: "sluice-mirror",
  webhooks: "sluice-webhooks",
  mails: "sluice-mails",
} as const;
