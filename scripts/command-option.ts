/**
 * What an option of a command line can be, as a declaration, the type of its value, and the reading
 * of one value. See `define-command.ts`.
 */

interface Described {
  /** For `--help`, without what is added to it: default, choices, environment. */
  readonly help: string;
}

/** True when given. */
interface Flag extends Described {
  readonly type: "flag";
}

interface Valued<Value> extends Described {
  /** What `--help` shows for the value, such as `n` for `--shoppers <n>`. */
  readonly value?: string;
  readonly default?: Value;
  /** The option must be given; says what to do, after "--url is missing: ". */
  readonly required?: string;
  /** May be given again; its value is a list, empty when it is not given. */
  readonly multiple?: true;
  /** Variable of the environment that stands in for an option that is not given. */
  readonly environment?: string;
}

interface Numeric extends Valued<number> {
  readonly type: "integer" | "number";
  readonly min: number;
  readonly max: number;
}

interface Choice extends Valued<string> {
  readonly type: "choice";
  readonly values: readonly [string, ...string[]];
}

interface Text extends Valued<string> {
  readonly type: "text";
  /** Without it: any text but the empty one. */
  readonly accepts?: (text: string) => boolean;
  /** What is true of an accepted value, such as "must be three capital letters". */
  readonly must?: string;
}

export type ValuedOption = Numeric | Choice | Text;
export type Option = Flag | ValuedOption;
/** By name, without the dashes before it. */
export type Options = Readonly<Record<string, Option>>;

type CamelCase<Name> = Name extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

type SingleValue<O> = O extends Numeric
  ? number
  : O extends { readonly type: "choice"; readonly values: readonly (infer Value)[] }
    ? Value
    : string;

type ValueOf<O> = O extends Flag
  ? boolean
  : O extends { readonly multiple: true }
    ? readonly SingleValue<O>[]
    : O extends { readonly default: unknown } | { readonly required: string }
      ? SingleValue<O>
      : SingleValue<O> | null;

/** The values by camel-case name: `--buy-rate` is `buyRate`. Null: not given, and no default. */
export type ValuesOf<Declared> = {
  readonly [Name in keyof Declared as CamelCase<Name>]: ValueOf<Declared[Name]>;
};

export function camelCase(name: string): string {
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The value a text stands for; null when the option does not accept it. */
export function readText(declared: ValuedOption, text: string): string | number | null {
  switch (declared.type) {
    case "integer":
    case "number": {
      const pattern = declared.type === "integer" ? /^\d{1,10}$/ : /^(\d{1,10}(\.\d+)?|\.\d+)$/;
      const value = pattern.test(text) ? Number(text) : Number.NaN;
      return value >= declared.min && value <= declared.max ? value : null;
    }
    case "choice":
      return declared.values.includes(text) ? text : null;
    case "text":
      return (declared.accepts?.(text) ?? text !== "") ? text : null;
  }
}

/** What an accepted value must be: the end of a sentence that begins with the option. */
export function mustOf(declared: ValuedOption): string {
  switch (declared.type) {
    case "integer":
      return `must be a whole number from ${declared.min} to ${declared.max}`;
    case "number":
      return `must be a number from ${declared.min} to ${declared.max}`;
    case "choice":
      return `must be ${listChoices(declared.values)}`;
    case "text":
      return declared.must ?? "must not be empty";
  }
}

/** `a, b or c`. */
export function listChoices(values: readonly string[]): string {
  const last = values.at(-1) ?? "";
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} or ${last}`;
}

// Options that several programs have in the same form.

export const HTTP_ADDRESS = {
  type: "text",
  value: "url",
  accepts: (text: string) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""),
  must: "must be an http or https address",
} as const;

/** Of programs that ask the merchant's API. */
export const MERCHANT_API = {
  url: {
    ...HTTP_ADDRESS,
    required: "give the address of the gate, for example --url https://shop.example",
    help: "the gate",
  },
  token: {
    type: "text",
    value: "token",
    environment: "ADMIN_TOKEN",
    help: `the merchant's token; better given in the environment, because others on the same
      machine may see a command line`,
  },
} as const;

export const SALE_ID = {
  type: "text",
  value: "id",
  accepts: (text: string) => /^[a-z0-9][a-z0-9-]{0,55}$/.test(text),
  must: "must be lower-case letters, digits and '-'",
} as const;

export const FILE = { type: "text", value: "file", must: "must name a file" } as const;

/** Whether a text is the address of a server and nothing more: no path, no password. */
export function isServerAddress(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return url.username === "" && url.password === "" && `${url.origin}/` === url.href;
}
