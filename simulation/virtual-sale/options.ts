/** The command line of `npm run simulate`, without `--faults`. */
import { defineCommand, type OptionsOf } from "../../scripts/define-command.ts";

const SHARE = { type: "number", value: "0 to 1", min: 0, max: 1 } as const;

export const saleCommand = defineCommand({
  name: "npm run simulate --",
  summary: `Plays a whole sale in virtual time with the rules that run in production, and prints
    waits, seats, load, how good the estimates were, and the bill. The same options print the same
    metrics. With --faults it simulates orders under faults instead: --faults --help lists the
    options of that.`,
  options: {
    shoppers: {
      type: "integer",
      min: 1,
      max: 5_000_000,
      default: 1_000_000,
      help: "how many come",
    },
    stock: { type: "integer", min: 1, max: 10_000_000, default: 1000, help: "units on sale" },
    seed: { type: "text", default: "1", help: "the same seed plays the same sale" },
    "no-shows": { ...SHARE, default: 0.3, help: "share that is not there when called" },
    "buy-rate": { ...SHARE, default: 0.7, help: "share of those let in who want to pay" },
    rate: {
      type: "integer",
      min: 1,
      max: 1_000_000,
      default: 600,
      help: "calls a minute, at most",
    },
    "max-active": { type: "integer", min: 1, max: 1_000_000, default: 100, help: "seats" },
    booths: {
      type: "integer",
      min: 1,
      max: 64,
      help: "how many; without it what --shoppers needs",
    },
    arrive: {
      type: "choice",
      value: "how",
      values: ["flash", "ramp"],
      default: "flash",
      help: `four in ten before the start and the others in the two minutes after it, or more and
        more over ten minutes after the start`,
    },
    "pre-queue": {
      type: "integer",
      value: "seconds",
      min: 0,
      max: 86_400,
      default: 600,
      help: "how long before the start it opens",
    },
    "ends-after": {
      type: "integer",
      value: "seconds",
      min: 60,
      max: 86_400,
      default: 10_800,
      help: "how long after the start it ends, if stock lasts",
    },
    locations: {
      type: "integer",
      min: 1,
      max: 1000,
      default: 150,
      help: "places of the network that read the room",
    },
    crashes: {
      type: "choice",
      value: "on|off",
      values: ["on", "off"],
      default: "on",
      help: "booths and the room die, booths answer late",
    },
    sales: {
      type: "integer",
      min: 1,
      max: 1000,
      default: 1,
      help: `more than one: plays sales whose crowds differ in no-shows and buyers, and which end
        between a tenth of --ends-after and all of it, and prints how good the estimates were over
        all of them`,
    },
  },
  exitCodes: "0 played to the end, 1 a promise was broken on the way",
  resolve: ({ rate, preQueue, endsAfter, crashes, ...values }) => {
    const times = { preQueue_s: preQueue, endsAfter_s: endsAfter };
    return { ...values, ...times, ratePerMinute: rate, crashes: crashes === "on" };
  },
});

/** `booths` null: as many as the rules give a sale of this size. */
export type SimulationOptions = OptionsOf<typeof saleCommand>;
