/** The command line of `npm run versions`. */
import { defineCommand, type OptionsOf } from "../../scripts/define-command.ts";

export const versionsCommand = defineCommand({
  name: "npm run versions --",
  summary: `Goes back to another version of the code and forth again, twice, on one stored state in
    the middle of a sale, and reads every sale, order, cart and ticket after each change.`,
  options: {
    ref: {
      type: "text",
      value: "ref",
      accepts: (text) => /^[\w./~^-]+$/.test(text) && !text.startsWith("-"),
      must: "must name a commit or a tag of this repository",
      help: "the other version; without it the last tag, or else the commit before this one",
    },
    port: {
      type: "integer",
      value: "port",
      min: 1024,
      max: 65_000,
      default: 8797,
      help: "the gate listens here, and the sandbox payment provider on the next one",
    },
    shoppers: {
      type: "integer",
      value: "count",
      min: 4,
      max: 40,
      default: 8,
      help: "shoppers who come while each version runs",
    },
  },
  exitCodes: "0 everything was read and all promises hold, 1 something was not",
});

export type VersionsOptions = OptionsOf<typeof versionsCommand>;
