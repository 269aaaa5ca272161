/**
 * Defines the command line of a program. Each option is declared once; parsing, types, defaults,
 * the text of `--help` and every error follow from the declaration.
 *
 * Guarantee: for an option that is unknown, missing, without its value, wrong, or at odds with
 * another, the program ends with 2 and one sentence on standard error that names it. `--help`
 * prints the text and ends with 0, whatever else is given. The program's work starts only when
 * nothing is wrong; it should load heavy modules only then, so that errors and help come at once.
 *
 * Not for positional arguments and subcommands: no program here has any.
 */
import { parseArgs } from "node:util";
import { type Described, helpOf } from "./command-help.ts";
import {
  camelCase,
  mustOf,
  type Option,
  type Options,
  readText,
  type ValuedOption,
  type ValuesOf,
} from "./command-option.ts";

type Environment = Readonly<Record<string, string | undefined>>;

interface Declaration<Declared extends Options> extends Described {
  readonly options: Declared;
}

interface Resolving<Declared extends Options, Meaning> extends Declaration<Declared> {
  /**
   * What the values mean together. Every relation between options is checked here, by throwing a
   * UsageError. Without it the values themselves are handed on.
   */
  readonly resolve: (values: ValuesOf<Declared>) => Meaning;
}

/** A sentence about the command line, or about a file it names: the program ends with 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export type CommandLine<Meaning> =
  | { readonly kind: "run"; readonly options: Meaning }
  | { readonly kind: "help" }
  | { readonly kind: "bad"; readonly message: string };

/** Where the command line comes from, and where text goes; each text ends its own lines. */
export interface Invocation {
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly report: (text: string) => void;
  readonly complain: (text: string) => void;
}

export interface Command<Meaning> {
  readonly help: string;
  readonly parse: (args: readonly string[], environment?: Environment) => CommandLine<Meaning>;
  /** Parses, does the work, and gives the exit code: 2 also when the work throws a UsageError. */
  readonly run: (
    work: (options: Meaning) => Promise<number> | number,
    invocation?: Invocation,
  ) => Promise<number>;
}

/** What the options of a command come to. */
export type OptionsOf<Defined> = Defined extends Command<infer Meaning> ? Meaning : never;

const WRONG_OPTIONS = 2;

export function defineCommand<const Declared extends Options, Meaning>(
  declaration: Resolving<Declared, Meaning>,
): Command<Meaning>;
export function defineCommand<const Declared extends Options>(
  declaration: Declaration<Declared>,
): Command<ValuesOf<Declared>>;
export function defineCommand<const Declared extends Options, Meaning>(
  declaration: Declaration<Declared> & Partial<Resolving<Declared, Meaning>>,
): Command<Meaning | ValuesOf<Declared>> {
  const { options, resolve } = declaration;
  const parse = (args: readonly string[], environment: Environment = {}) => {
    if (args.includes("--help")) return { kind: "help" } as const;
    try {
      const values = readValues(declaration, args, environment);
      if (!areValuesOf(options, values)) throw new TypeError("every option has a value, or null");
      return { kind: "run", options: resolve === undefined ? values : resolve(values) } as const;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return { kind: "bad", message: error.message } as const;
    }
  };
  const help = helpOf(declaration);
  return {
    help,
    parse,
    run: async (work, { args, environment, report, complain } = ofThisProcess()) => {
      const command = parse(args, environment);
      if (command.kind === "help") {
        report(help);
        return 0;
      }
      try {
        if (command.kind === "bad") throw new UsageError(command.message);
        return await work(command.options);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        complain(`${error.message}\n`);
        return WRONG_OPTIONS;
      }
    },
  };
}

function ofThisProcess(): Invocation {
  return {
    args: process.argv.slice(2),
    environment: process.env,
    report: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
  };
}

type Named = Pick<Described, "name" | "options">;

function readValues(
  { name, options }: Named,
  args: readonly string[],
  environment: Environment,
): Readonly<Record<string, unknown>> {
  const given = readTexts({ name, options }, args);
  const values = Object.entries(options).map(([option, declared]) => {
    return [camelCase(option), readValue(option, declared, given.get(option) ?? [], environment)];
  });
  return Object.fromEntries(values);
}

/** Each value was read as its option says, so a value for each is all there is to look at. */
function areValuesOf<Declared extends Options>(
  options: Declared,
  values: Readonly<Record<string, unknown>>,
): values is ValuesOf<Declared> {
  return Object.keys(options).every((name) => Object.hasOwn(values, camelCase(name)));
}

/** The texts of each option that is given, in their order; the text of a flag is empty. */
function readTexts({ name, options }: Named, args: readonly string[]): Map<string, string[]> {
  const known = Object.entries(options).map(([option, { type }]) => {
    return [option, { type: type === "flag" ? "boolean" : "string" } as const] as const;
  });
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(known),
    strict: false,
    tokens: true,
  });
  const given = new Map<string, string[]>();
  const unknown = (what: string): UsageError => {
    return new UsageError(`${what}: ${name} --help lists the options`);
  };
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw unknown(`Unexpected argument '${token.value}'`);
    const declared = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (declared === undefined) throw unknown(`Unknown option '${token.rawName}'`);
    const value = declared.type === "flag" ? flagText(token) : valueText(token, declared);
    given.set(token.name, [...(given.get(token.name) ?? []), value]);
  }
  return given;
}

interface OptionToken {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function flagText({ rawName, value }: OptionToken): string {
  if (value === undefined) return "";
  throw new UsageError(`${rawName} takes no value: give it alone, or leave it out`);
}

/** An option after an option is not its value, unless it is written `--name=--value`. */
function valueText({ rawName, value, inlineValue }: OptionToken, declared: ValuedOption): string {
  if (value !== undefined && (inlineValue === true || !value.startsWith("--"))) return value;
  throw new UsageError(`${rawName} has no value: it ${mustOf(declared)}`);
}

function readValue(
  name: string,
  declared: Option,
  texts: readonly string[],
  environment: Environment,
): unknown {
  if (declared.type === "flag") return texts.length > 0;
  const read = (text: string, from: string): string | number => {
    const value = readText(declared, text);
    if (value === null) throw new UsageError(`${from} ${mustOf(declared)}`);
    return value;
  };
  const values = texts.map((text) => read(text, `--${name}`));
  if (declared.multiple === true) return values;
  const last = values.at(-1);
  if (last !== undefined) return last;
  const { environment: variable = "", required } = declared;
  const inherited = environment[variable] ?? "";
  if (inherited !== "") return read(inherited, `${variable} in the environment`);
  if (declared.default !== undefined) return declared.default;
  if (required === undefined) return null;
  throw new UsageError(`--${name} is missing: ${required}`);
}
