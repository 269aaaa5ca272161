/**
 * The secrets of a Worker in a deployment plan: which are set, given or missing, by their names.
 */
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
