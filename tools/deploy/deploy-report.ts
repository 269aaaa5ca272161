/**
 * A plan as text for an operator. Not for programs: they read `--json`.
 */
import { missingSecrets, type Plan, type Presence, type Step } from "./deploy-plan.ts";

const SIGNS: Readonly<Record<Presence, string>> = {
  exists: "=",
  create: "+",
  update: "~",
  unknown: "?",
};

const WORDS: Readonly<Record<Presence, string>> = {
  exists: "is there, stays as it is",
  create: "would be created",
  update: "is there, would be deployed anew",
  unknown: "is created unless it is there",
};

export function printPlan(plan: Plan): string {
  const presences = [...new Set(plan.steps.map(({ presence }) => presence))];
  const legend = presences.map((presence) => `${SIGNS[presence]} ${WORDS[presence]}`);
  const missing = missingSecrets(plan);
  return [
    "What a deployment does, in this order",
    `  ${legend.join("   ")}`,
    "",
    ...plan.steps.flatMap(printStep),
    "",
    ...(plan.account === "unknown"
      ? ["Not logged in to Cloudflare: what the account has, and its secrets, are unknown."]
      : []),
    ...missing.map(({ worker, secret }) => `${worker} lacks the secret ${secret}.`),
    ...plan.notes,
    "Nothing was changed.",
    "",
  ].join("\n");
}

function printStep({ kind, name, presence, details, secrets }: Step): string[] {
  const shown = details.map(({ what, value }) => `      ${what.padEnd(17)}${value}`);
  return [
    `${SIGNS[presence]} ${kind.padEnd(13)}${name}`,
    ...shown,
    ...secrets.map((secret) => {
      const need = secret.required ? "needed" : "optional";
      return `      ${"secret".padEnd(17)}${secret.name}: ${need}, ${secret.state}`;
    }),
  ];
}
