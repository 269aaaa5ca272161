/**
 * A plan as text for the operator. Programs should use `--json` instead.
 */
import { printChecks, printUnknown } from "./check-report.ts";
import { missingSecrets, type Plan, type Presence, type Step } from "./deploy-plan.ts";

const SIGNS: Readonly<Record<Presence, string>> = {
  exists: "=",
  create: "+",
  update: "~",
  unknown: "?",
};

const MEANINGS: Readonly<Record<Presence, string>> = {
  exists: "exists, stays unchanged",
  create: "would be created",
  update: "exists, would be deployed again",
  unknown: "would be created if it does not exist",
};

export function printPlan(plan: Plan): string {
  const presences = [...new Set(plan.steps.map(({ presence }) => presence))];
  const legend = presences.map((presence) => `${SIGNS[presence]} ${MEANINGS[presence]}`);
  const missing = missingSecrets(plan);
  return [
    "What a deployment does, in this order",
    `  ${legend.join("   ")}`,
    "",
    ...plan.steps.flatMap(printStep),
    "",
    ...(plan.account === "unknown"
      ? ["Not logged in to Cloudflare: the account's resources and secrets are unknown."]
      : []),
    ...missing.map(
      ({ worker, secret }) => `${worker} does not have the required secret ${secret}.`,
    ),
    ...plan.notes,
    "",
    "Could it take money?",
    ...printChecks(plan.checks),
    ...printUnknown(plan.unknown),
    "",
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
      const need = secret.required ? "required" : "optional";
      return `      ${"secret".padEnd(17)}${secret.name}: ${need}, ${secret.state}`;
    }),
  ];
}
