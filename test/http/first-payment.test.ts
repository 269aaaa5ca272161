/**
 * "The first real payment" of docs/deploy.md, as an operator reads it: its commands run in their
 * order in one shell, with the sandbox in place of Stripe, and print what the page shows.
 *
 * What a person does in a browser there, `BY_HAND` does here.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import type { StartCrons } from "../../simulation/host/crons.ts";
import { SANDBOX_API_KEY } from "../../simulation/host/local-secrets.ts";
import { makeScratchFolder } from "../../simulation/host/scratch-folder.ts";
import { type Sluice, startSluice } from "./support/sluice.ts";

interface Step {
  readonly heading: string;
  readonly commands: string;
  /** What the page prints after them; empty for commands that print nothing. */
  readonly output: string;
}

const MARK = "\u0001";
const BLOCK = /^### (.+)$|^```(sh|text)\n([^]*?)^```$/gm;

function stepsOfPage(): readonly Step[] {
  const page = readFileSync(join(PROJECT_ROOT, "docs", "deploy.md"), "utf8");
  const [, rest = ""] = page.split("\n## The first real payment\n");
  const [section = ""] = rest.split("\n## ");
  const steps: Step[] = [];
  let heading = "";
  for (const [, title, language, body = ""] of section.matchAll(BLOCK)) {
    if (title !== undefined) heading = title;
    else if (language === "sh") steps.push({ heading, commands: body, output: "" });
    else {
      const last = steps.pop();
      if (last === undefined) throw new Error(`no commands before the output of ${heading}`);
      steps.push({ ...last, output: body });
    }
  }
  return steps;
}

/** In the Dashboard: all that is left of the first payment is refunded. */
const REFUND_REST = `
  PAYMENT=$(merchant "/orders/$FIRST" | field payment.id)
  curl -s -o done.json -X POST "$SANDBOX/sandbox/payments/$PAYMENT/refund"`;

/** After the first commands under a heading; `SANDBOX` is the address of the sandbox. */
const BY_HAND: Readonly<Record<string, string>> = {
  "Minute 12: 3-D Secure": 'curl -s -o page.html -X POST "$ACTION" -d decision=accept',
  "Minute 15: a refund through the API": REFUND_REST,
};

function scriptOf(steps: readonly Step[]): string {
  const done = new Set<string>();
  return steps
    .flatMap(({ heading, commands }) => {
      const byHand = done.has(heading) ? "" : (BY_HAND[heading] ?? "");
      done.add(heading);
      return [commands, byHand, `printf '${MARK}'`];
    })
    .join("\n");
}

/** The sandbox is a stand-in for Stripe; the page shows what a deployment with Stripe prints. */
function asDeployed(output: string): string {
  return output
    .replace(
      "Stripe.js comes from a stand-in on this machine",
      "Stripe.js comes from Stripe's own address",
    )
    .replace("MAIL_BACKEND http", "MAIL_BACKEND cloudflare");
}

/** Checks are wrapped, and a stand-in's words are longer than Stripe's. */
function unwrapped(output: string): string {
  // The local host asks a beacon of its own.
  return output
    .trim()
    .replaceAll(/\n {10}/g, " ")
    .replace("sluice-stand-in", "quicknet");
}

let sluice: Sluice;
const folder = makeScratchFolder();

beforeAll(async () => {
  let report: (cron: string) => Promise<void> = async () => undefined;
  const startCrons: StartCrons = (_, fire) => {
    report = fire;
    return { stop: () => undefined };
  };
  sluice = await startSluice({ startCrons });
  await report("*/5 * * * *");
}, 60_000);

afterAll(async () => {
  await sluice.stop();
  folder.remove();
});

async function run(script: string): Promise<readonly string[]> {
  const { gateUrl, sandboxUrl, adminToken } = sluice.host;
  const child = spawn(
    "bash",
    [
      "-euo",
      "pipefail",
      "-c",
      `cd "$WORK"; npm() { command npm --prefix "$PROJECT" "$@"; }\n${script}`,
    ],
    {
      env: {
        ...process.env,
        PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
        WORK: folder.path,
        PROJECT: PROJECT_ROOT,
        GATE: gateUrl,
        SANDBOX: sandboxUrl,
        ADMIN_TOKEN: adminToken,
        STRIPE_API_KEY: SANDBOX_API_KEY,
        STRIPE_API_BASE: sandboxUrl,
      },
    },
  );
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if ((await exited) !== 0) throw new Error(`the commands failed after\n${out}\n${error}`);
  return out.split(MARK).slice(0, -1).map(asDeployed);
}

test("the page's commands print what the page shows", async () => {
  const steps = stepsOfPage();
  const printed = await run(scriptOf(steps));
  const shown = (outputs: readonly string[]) => {
    return steps.map(({ heading }, index) => `${heading}\n${unwrapped(outputs[index] ?? "")}`);
  };
  expect(shown(printed)).toEqual(shown(steps.map(({ output }) => output)));
}, 240_000);
