/**
 * The text of `--help`, written from the declaration of a command. See `define-command.ts`.
 */
import { listChoices, type Option, type Options } from "./command-option.ts";

export interface Described {
  /** How the program is called, up to its options: `npm run drill --`. */
  readonly name: string;
  /** What it does, in sentences. */
  readonly summary: string;
  readonly options: Options;
  /** More sentences, after the options. */
  readonly notes?: string;
  /** What they mean, without 2 for wrong options. */
  readonly exitCodes: string;
}

const COLUMNS_MAX = 96;

export function helpOf({ name, summary, options, notes, exitCodes }: Described): string {
  const declared = Object.entries(options);
  const required = declared.filter(([, option]) => "required" in option);
  const usage = [name, ...required.map(([option, kind]) => signature(option, kind)), "[options]"];
  const rows = declared.map(([option, kind]) => [signature(option, kind), detail(kind)] as const);
  rows.push(["--help", "prints this text"]);
  const indent = Math.max(...rows.map(([left]) => left.length)) + 4;
  const parts = [
    usage.join(" "),
    wrap(summary, 0),
    rows.map(([left, right]) => `  ${left}`.padEnd(indent) + wrap(right, indent)).join("\n"),
    ...(notes === undefined ? [] : [wrap(notes, 0)]),
    wrap(`Exit code: ${exitCodes}, 2 wrong options.`, 0),
  ];
  return `${parts.join("\n\n")}\n`;
}

function signature(name: string, option: Option): string {
  if (option.type === "flag") return `--${name}`;
  const isText = option.type === "text" || option.type === "choice";
  return `--${name} <${option.value ?? (isText ? "text" : "n")}>`;
}

function detail(option: Option): string {
  if (option.type === "flag") return option.help;
  const more = [
    ...(option.type === "choice" ? [listChoices(option.values)] : []),
    ...(option.multiple === true ? ["may be given again"] : []),
    ...(option.environment === undefined ? [] : [`or ${option.environment} in the environment`]),
    ...(option.default === undefined ? [] : [`default: ${option.default}`]),
  ];
  return more.length === 0 ? option.help : `${option.help} (${more.join("; ")})`;
}

/** Breaks anew at blanks, whatever the lines were; those after the first begin with `indent`. */
function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= COLUMNS_MAX - indent || line === "") line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].join(`\n${" ".repeat(indent)}`);
}
