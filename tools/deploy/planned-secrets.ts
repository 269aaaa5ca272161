/**
 * The secrets of a Worker in a deployment plan: which are set, given or missing, by their names,
 * and which are where they do not belong, among the variables.
 *
 * Guarantee: a variable with the name of a secret of either Worker, or with a secret of Stripe in
 * it, is found; its value is neither shown nor deployed.
 */
import { holdsStripeSecret } from "../../src/domain/readiness/stripe-keys.ts";
import type { WorkerConfig } from "./deploy-config.ts";

/** The names of the account's resources. */
export interface Account {
  readonly namespaces: ReadonlySet<string>;
  readonly databases: ReadonlySet<string>;
  readonly queues: ReadonlySet<string>;
  /** Migration files that were applied to a database; none for a database that does not exist. */
  readonly migrations: ReadonlySet<string>;
  /** The names of the secrets of each Worker that exists. */
  readonly secrets: ReadonlyMap<string, ReadonlySet<string>>;
}

export type SecretState = "set" | "in the file" | "missing" | "not set" | "unknown";

export interface PlannedSecret {
  readonly name: string;
  readonly required: boolean;
  readonly state: SecretState;
}

export function secretsOf(
  worker: WorkerConfig,
  account: Account | null,
  inFile: readonly string[],
): readonly PlannedSecret[] {
  const state = (name: string, required: boolean): SecretState => {
    if (inFile.includes(name)) return "in the file";
    if (account === null) return "unknown";
    if (account.secrets.get(worker.name)?.has(name) ?? false) return "set";
    return required ? "missing" : "not set";
  };
  const required = worker.secrets?.required ?? [];
  return [
    ...required.map((name) => ({ name, required: true, state: state(name, true) })),
    ...worker.optionalSecrets.map((name) => ({ name, required: false, state: state(name, false) })),
  ];
}

type Declaring = Pick<WorkerConfig, "vars" | "secrets" | "optionalSecrets">;

/** Both Workers': wrangler deploys a variable to a Worker that has no such secret, too. */
export function secretNames(workers: readonly Declaring[]): ReadonlySet<string> {
  return new Set(
    workers.flatMap(({ secrets, optionalSecrets }) => {
      return [...(secrets?.required ?? []), ...optionalSecrets];
    }),
  );
}

/**
 * Why a variable's value is not shown and not deployed; null for one that is public. Also with an
 * empty value, because a variable takes the place of the secret of its name.
 */
export function leakOf(
  name: string,
  value: unknown,
  secrets: ReadonlySet<string>,
): "it is a secret" | "it holds a secret of Stripe" | null {
  if (secrets.has(name)) return "it is a secret";
  return holdsStripeSecret(String(value)) ? "it holds a secret of Stripe" : null;
}

/** The names of the variables of any Worker that are a secret, or hold one of Stripe. */
export function leakedVariables(workers: readonly Declaring[]): readonly string[] {
  const secrets = secretNames(workers);
  return workers.flatMap(({ vars }) => {
    return Object.entries(vars).flatMap(([name, value]) => {
      return leakOf(name, value, secrets) === null ? [] : [name];
    });
  });
}
