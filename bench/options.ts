/** The bench's command line: what may be said, and a sentence for everything else. */
import { z } from "zod";
import { readSaid, whole } from "../scripts/command-line.ts";

export const USAGE = `npm run bench -- [options]

Measures the hot paths of the gate beside the bare runtime, in the same run and the same process.
What is measured takes turns, so that whatever else the machine does hits all alike. Ratios are
what counts; there are no thresholds.

  --seconds <n>       measured for each row, in all      (default: 5)
  --only <group>      gate (requests to a shop behind the gate), line (polls and joins), shop,
                      orders, or pipeline (how long orders take
                      from the 202 to their confirmation); else all
  --orders <n>        a second, in the pipeline          (default: 50)
  --concurrency <n>   requests on their way at a time    (default: 32)
  --help              this text

Exit code: 0 measured, 1 the bench could not be finished, 2 bad options.
`;

/** Rows that take turns with each other. */
export const ROW_GROUPS = ["gate", "line", "shop", "orders"] as const;
const GROUPS = [...ROW_GROUPS, "pipeline"] as const;

const optionsSchema = z.object({
  seconds: whole("--seconds", 600).default(5),
  concurrency: whole("--concurrency", 256).default(32),
  orders: whole("--orders", 1000).default(50),
  only: z
    .enum(GROUPS, { error: `--only must be one of: ${GROUPS.join(", ")}` })
    .nullable()
    .default(null),
});

export type BenchOptions = z.output<typeof optionsSchema>;

export type CommandLine =
  | { readonly kind: "run"; readonly options: BenchOptions }
  | { readonly kind: "help" }
  | { readonly kind: "bad"; readonly message: string };

const FLAGS = {
  seconds: { type: "string" },
  concurrency: { type: "string" },
  orders: { type: "string" },
  only: { type: "string" },
  help: { type: "boolean" },
} as const;

export function readCommandLine(args: readonly string[]): CommandLine {
  const said = readSaid(args, FLAGS, optionsSchema);
  if (said.kind === "help") return said;
  if (said.kind === "refused") return { kind: "bad", message: said.messages.join("\n") };
  return { kind: "run", options: said.value };
}
