/**
 * What the style tests read out of a file's syntax: its imports, its functions, its statements.
 *
 * A file that cannot be parsed throws, because a rule that sees nothing finds nothing. Types are
 * not resolved; that is the compiler's work.
 */
import { parseSync, type Program, Visitor } from "oxc-parser";
import type { SourceFile } from "./source-files.ts";

export interface Import {
  readonly specifier: string;
  readonly start: number;
}

export interface FunctionPlace {
  readonly start: number;
  readonly end: number;
  /** The source of what is called with the function as an argument; empty when nothing is. */
  readonly calledBy: string;
}

type Statement = Program["body"][number];

/** The part of a node that is read here: of a literal its value, of a template its pieces. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly value?: unknown;
  readonly quasis?: readonly { readonly value: { readonly cooked: string | null } }[];
}

/** Every way to name another module: statements, `import()`, types, and `require()`. */
export function readImports(file: SourceFile): readonly Import[] {
  const imports: Import[] = [];
  const add = (source: SyntaxNode | null | undefined): void => {
    const specifier = source == null ? null : readText(source);
    if (source != null && specifier !== null) imports.push({ specifier, start: source.start });
  };
  const visitor = new Visitor({
    ImportDeclaration: ({ source }) => add(source),
    ExportNamedDeclaration: ({ source }) => add(source),
    ExportAllDeclaration: ({ source }) => add(source),
    ImportExpression: ({ source }) => add(source),
    TSImportType: ({ source }) => add(source),
    TSExternalModuleReference: ({ expression }) => add(expression),
    CallExpression: ({ callee, arguments: [first] }) => {
      if (callee.type === "Identifier" && callee.name === "require") add(first);
    },
  });
  visitor.visit(parse(file));
  return imports;
}

/** Null when the text is only known while the program runs. */
function readText({ type, value, quasis }: SyntaxNode): string | null {
  if (type === "Literal") return typeof value === "string" ? value : null;
  if (type !== "TemplateLiteral" || quasis?.length !== 1) return null;
  return quasis[0]?.value.cooked ?? null;
}

/** Functions of every form, those that are only declared or only types among them. */
export function listFunctions(file: SourceFile): readonly FunctionPlace[] {
  const places: FunctionPlace[] = [];
  const callers = new Map<SyntaxNode, string>();
  const add = (node: SyntaxNode): void => {
    places.push({ start: node.start, end: node.end, calledBy: callers.get(node) ?? "" });
  };
  const visitor = new Visitor({
    // A call is visited before its arguments.
    CallExpression: ({ callee, arguments: given }) => {
      const source = file.text.slice(callee.start, callee.end);
      for (const argument of given) callers.set(argument, source);
    },
    FunctionDeclaration: add,
    FunctionExpression: add,
    ArrowFunctionExpression: add,
    TSDeclareFunction: add,
    TSEmptyBodyFunctionExpression: add,
    TSFunctionType: add,
    TSConstructorType: add,
    TSMethodSignature: add,
    TSCallSignatureDeclaration: add,
    TSConstructSignatureDeclaration: add,
    TSIndexSignature: add,
  });
  visitor.visit(parse(file));
  return places;
}

export function listStatements(file: SourceFile): readonly Statement[] {
  return parse(file).body;
}

export function isReExport(statement: Statement): boolean {
  if (statement.type === "ExportAllDeclaration") return true;
  return statement.type === "ExportNamedDeclaration" && statement.source !== null;
}

function parse({ path, text }: SourceFile): Program {
  const { program, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  return program;
}
