/** The command line of `npm run bench`. */
import { defineCommand, type OptionsOf } from "../scripts/define-command.ts";

/** Rows that take turns with each other. */
export const ROW_GROUPS = ["gate", "line", "shop", "orders"] as const;

export const benchCommand = defineCommand({
  name: "npm run bench --",
  summary: `Measures the hot paths of the gate beside the bare runtime, in the same run and the
    same process. What is measured takes turns, so that whatever else the machine does hits all
    alike. Ratios are what counts; there are no thresholds.`,
  options: {
    seconds: {
      type: "integer",
      min: 1,
      max: 600,
      default: 5,
      help: "measured for each row, in all",
    },
    only: {
      type: "choice",
      value: "group",
      values: [...ROW_GROUPS, "pipeline"],
      help: `requests to a shop behind the gate, polls and joins, a shop, its orders, or how long
        orders take from the 202 to their confirmation; without it all`,
    },
    orders: { type: "integer", min: 1, max: 1000, default: 50, help: "a second, in the pipeline" },
    concurrency: {
      type: "integer",
      min: 1,
      max: 256,
      default: 32,
      help: "requests on their way at a time",
    },
  },
  exitCodes: "0 measured, 1 the bench could not be finished",
});

export type BenchOptions = OptionsOf<typeof benchCommand>;
