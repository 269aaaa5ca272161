/** The command line of `npm run drill`. */
import { HTTP_ADDRESS, SALE_ID } from "../../scripts/command-option.ts";
import { defineCommand, type OptionsOf, UsageError } from "../../scripts/define-command.ts";

export const drillCommand = defineCommand({
  name: "npm run drill --",
  summary: `Sends a crowd at a Sluice and gives a verdict on its promises. Without --url it starts
    a fresh Sluice of its own, in memory, and stops it again.`,
  options: {
    url: { ...HTTP_ADDRESS, help: "the gate to send the crowd to" },
    "sandbox-url": {
      ...HTTP_ADDRESS,
      help: "its sandbox payment provider, to check the payments (P3)",
    },
    "admin-token": {
      type: "text",
      value: "token",
      environment: "ADMIN_TOKEN",
      help: "the merchant's token of the gate at --url",
    },
    sale: { ...SALE_ID, help: "the sale, made if it does not exist; without it a new one" },
    shoppers: { type: "integer", min: 1, max: 100_000, default: 2000, help: "how many come" },
    stock: {
      type: "integer",
      min: 1,
      max: 10_000_000,
      default: 100,
      help: "units on sale, when the sale is made",
    },
    arrive: {
      type: "choice",
      value: "how",
      values: ["step", "ramp", "pre-queue"],
      default: "step",
      help: `everybody when the sale starts, more and more over 20 s, or everybody before it
        starts`,
    },
    "buy-rate": {
      type: "number",
      value: "0 to 1",
      min: 0,
      max: 1,
      default: 0.7,
      help: "share of the shoppers who want to pay",
    },
    chaos: {
      type: "flag",
      help: `objects die at random moments, messages repeat, one payment call in five fails, and
        all of them for 30 s; only without --url`,
    },
    disaster: {
      type: "flag",
      help: `in mid-sale, one after the other: the runtimes are killed, the provider throttles; the
        time to recover of each is printed; only without --url`,
    },
    seed: { type: "text", default: "1", help: "the same seed sends the same crowd" },
  },
  exitCodes: "0 all promises kept, 1 a promise broken or the drill not finished",
  resolve: ({ url, sandboxUrl, adminToken, ...crowd }) => {
    if (url === null) {
      if (sandboxUrl !== null) throw new UsageError("--sandbox-url goes with --url");
      return { ...crowd, target: null };
    }
    if (crowd.chaos) throw new UsageError("--chaos goes without --url: it starts its own Sluice");
    if (crowd.disaster) {
      throw new UsageError("--disaster goes without --url: it starts its own Sluice");
    }
    if (adminToken === null) {
      throw new UsageError("--url needs --admin-token, or ADMIN_TOKEN in the environment");
    }
    return { ...crowd, target: { url, sandboxUrl, adminToken } };
  },
});

/** `target` null: the drill starts its own Sluice. */
export type DrillOptions = OptionsOf<typeof drillCommand>;
