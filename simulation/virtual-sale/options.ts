/**
 * The simulation's command line: what may be said, what is meant when nothing is said, and a
 * sentence for everything else.
 */
import { z } from "zod";
import { readSaid, whole } from "../../scripts/command-line.ts";

export const USAGE = `npm run simulate -- [options]

Plays a whole sale in virtual time with the rules that run in production, and prints waits, seats,
load, how good the estimates were, and the bill. The same options print the same figures.

  --shoppers <n>         how many come                            (default: 1000000)
  --stock <n>            units on sale                            (default: 1000)
  --seed <text>          the same seed plays the same sale        (default: 1)
  --no-shows <0 to 1>    share that is not there when called      (default: 0.3)
  --buy-rate <0 to 1>    share of those let in who want to pay    (default: 0.7)
  --rate <n>             calls a minute, at most                  (default: 600)
  --max-active <n>       seats                                    (default: 100)
  --booths <n>           1 to 64                                  (default: from --shoppers)
  --arrive <how>         flash: four in ten before the start, the others in the two minutes
                         after it                                 (default: flash)
                         ramp: more and more over ten minutes after the start
  --pre-queue <seconds>  how long before the start it opens       (default: 600)
  --locations <n>        places of the network that read the room (default: 150)
  --crashes <on|off>     booths and the room die, booths answer late  (default: on)
  --sales <n>            more than one: plays sales whose crowds differ in no-shows and
                         buyers, and prints how good the estimates were over all of them
                                                                  (default: 1)
  --faults               simulates orders under faults instead; --faults --help tells more
  --help                 this text

Exit code: 0 played to the end, 1 a promise was broken on the way, 2 bad options.
`;

const share = (name: string) => {
  const error = `${name} must be a number from 0 to 1`;
  return z
    .string()
    .regex(/^(0|1|[01]?\.\d+)$/, { error })
    .transform(Number)
    .pipe(z.number().max(1, { error }));
};

const optionsSchema = z.object({
  shoppers: whole("--shoppers", 5_000_000).default(1_000_000),
  stock: whole("--stock", 10_000_000).default(1000),
  seed: z.string().min(1, "--seed must not be empty").default("1"),
  "no-shows": share("--no-shows").default(0.3),
  "buy-rate": share("--buy-rate").default(0.7),
  rate: whole("--rate", 1_000_000).default(600),
  "max-active": whole("--max-active", 1_000_000).default(100),
  booths: whole("--booths", 64).optional(),
  arrive: z.enum(["flash", "ramp"], "--arrive must be flash or ramp").default("flash"),
  "pre-queue": whole("--pre-queue", 86_400, 0).default(600),
  locations: whole("--locations", 1000).default(150),
  crashes: z.enum(["on", "off"], "--crashes must be on or off").default("on"),
  sales: whole("--sales", 1000).default(1),
});

export interface SimulationOptions {
  readonly shoppers: number;
  readonly stock: number;
  readonly seed: string;
  readonly noShows: number;
  readonly buyRate: number;
  readonly ratePerMinute: number;
  readonly maxActive: number;
  /** Null: as many as the rules give a sale of this size. */
  readonly booths: number | null;
  readonly arrive: "flash" | "ramp";
  readonly preQueue_s: number;
  readonly locations: number;
  readonly crashes: boolean;
  /** More than one: played one after the other, with crowds that differ. */
  readonly sales: number;
}

export type ParsedOptions =
  | { readonly kind: "options"; readonly options: SimulationOptions }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly messages: readonly string[] };

export function parseOptions(args: readonly string[]): ParsedOptions {
  const text = { type: "string" } as const;
  const names = Object.fromEntries(Object.keys(optionsSchema.shape).map((name) => [name, text]));
  const said = readSaid(args, { ...names, help: { type: "boolean" } }, optionsSchema);
  if (said.kind !== "said") return said;
  return { kind: "options", options: namedAlike(said.value) };
}

function namedAlike(said: z.output<typeof optionsSchema>): SimulationOptions {
  const { shoppers, stock, seed, arrive, locations, sales } = said;
  return {
    shoppers,
    stock,
    seed,
    arrive,
    locations,
    sales,
    noShows: said["no-shows"],
    buyRate: said["buy-rate"],
    ratePerMinute: said.rate,
    maxActive: said["max-active"],
    booths: said.booths ?? null,
    preQueue_s: said["pre-queue"],
    crashes: said.crashes === "on",
  };
}
