/**
 * Makes the inputs of a run: draws the family, and then an input of that family.
 */
import { causeInput } from "./cause-inputs.ts";
import { cookieInput } from "./cookie-inputs.ts";
import { costInput } from "./cost-inputs.ts";
import type { Forger } from "./forgeries.ts";
import type { Ground } from "./ground.ts";
import { guardedInput } from "./guarded-inputs.ts";
import { NUMBER_HEADER } from "./guarded-origin.ts";
import { headerInput } from "./header-inputs.ts";
import { chance, FAMILIES, type Family, type Input, type Made, pick, randomOf } from "./input.ts";
import { jsonInput } from "./json-inputs.ts";
import { originInput } from "./origin-inputs.ts";
import { pathInput } from "./path-inputs.ts";
import { proofInput } from "./proof-inputs.ts";
import { rawInput } from "./raw-inputs.ts";
import { tokenInput } from "./token-inputs.ts";
import type { Random } from "../seeded-random.ts";

type Maker = (random: Random, ground: Ground, forger: Forger) => Made;

const MAKERS: Readonly<Record<Family, Maker>> = {
  tokens: tokenInput,
  cookies: cookieInput,
  headers: headerInput,
  json: jsonInput,
  paths: pathInput,
  guarded: guardedInput,
  proofs: proofInput,
  causes: causeInput,
  origins: originInput,
  costs: costInput,
};

/** The share of the header and path inputs that are raw bytes, which no HTTP client sends. */
const RAW_SHARE = 0.1;

/** Families whose inputs can reach the shop behind the gate; they have their number in a header. */
const REACHES_ORIGIN: ReadonlySet<Family> = new Set([
  "guarded",
  "proofs",
  "causes",
  "origins",
  "costs",
  "cookies",
  "headers",
]);

export interface Which {
  readonly seed: string;
  readonly only: Family | null;
}

export function inputOf(
  { seed, only }: Which,
  number: number,
  ground: Ground,
  forger: Forger,
): Input {
  const random = randomOf(seed, only, number);
  const family = only ?? pick(random, FAMILIES);
  const isRaw = (family === "headers" || family === "paths") && chance(random, RAW_SHARE);
  const made = (isRaw ? rawInput : MAKERS[family])(random, ground, forger);
  return { number, family, ...(REACHES_ORIGIN.has(family) ? numbered(made, number) : made) };
}

function numbered({ request, ...made }: Made, number: number): Made {
  if (request.kind === "raw") return { ...made, request };
  const headers = [...request.headers, [NUMBER_HEADER, String(number)] as const];
  return { ...made, request: { ...request, headers } };
}
