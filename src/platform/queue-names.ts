/** The queues by name, as `wrangler.toml` and `queues/wrangler.toml` bind them. */
export const QUEUES = {
  orders: "sluice-orders",
  events: "sluice-events",
  mirror: "sluice-mirror",
  webhooks: "sluice-webhooks",
  mails: "sluice-mails",
} as const;

const NAME = /^(sluice-(?:orders|events|mirror|webhooks|mails)(?:-dead)?)(?:-.+)?$/;

/**
 * The name without the suffix of a second deployment in the account (`npm run deploy -- --env`), so
 * that code and stored dead letters know each queue by one name. Another name stays as it is.
 */
export function plainQueueName(queue: string): string {
  return NAME.exec(queue)?.[1] ?? queue;
}
