/**
 * Reads form-encoded parameters with nested brackets, as Stripe's API takes them:
 * `metadata[order]=o1&expand[0]=latest_charge`.
 *
 * Guarantee: returns plain data of strings, lists and objects without a prototype, or null when
 * the parameters contradict each other (`a=1&a[b]=2`), are nested too deeply or are too many. Pure.
 */

export type FormValue = string | FormValue[] | { [name: string]: FormValue };
export type Form = { [name: string]: FormValue };

const DEPTH_MAX = 4;
const PARAMETERS_MAX = 200;

/** The tree while it is built. A list is a node whose names are 0, 1, 2, …, or were empty. */
type Node = Map<string, Node | string>;

export function parseForm(parameters: readonly (readonly [string, string])[]): Form | null {
  if (parameters.length > PARAMETERS_MAX) return null;
  const root: Node = new Map();
  for (const [name, value] of parameters) {
    const path = pathOf(name);
    if (path === null || !place(root, path, value)) return null;
  }
  return objectOf(root);
}

/**
 * The form of plain parameters, as Stripe's SDK encodes them; what is undefined is left out.
 *
 * @param parameters of texts, numbers, booleans, lists and objects of these
 */
export function formOf(parameters: object): [string, string][] {
  return Object.entries(parameters).flatMap(([name, value]) => pairsOf(name, value));
}

function pairsOf(name: string, value: unknown): [string, string][] {
  if (value === undefined) return [];
  if (typeof value === "object" && value !== null) {
    return Object.entries(value).flatMap(([step, each]) => pairsOf(`${name}[${step}]`, each));
  }
  if (value === null) return [[name, ""]];
  return [[name, typeof value === "string" ? value : JSON.stringify(value)]];
}

/** `a[b][]` to `["a", "b", ""]`. */
function pathOf(name: string): string[] | null {
  const match = /^([^[\]]+)((?:\[[^[\]]*\])*)$/.exec(name);
  if (match?.[1] === undefined) return null;
  const inner = [...(match[2] ?? "").matchAll(/\[([^[\]]*)\]/g)].map((part) => part[1] ?? "");
  return inner.length < DEPTH_MAX ? [match[1], ...inner] : null;
}

function place(root: Node, path: readonly string[], value: string): boolean {
  let node = root;
  for (const [depth, step] of path.entries()) {
    const name = step === "" ? String(node.size) : step;
    const existing = node.get(name);
    if (depth === path.length - 1) {
      if (existing !== undefined) return false;
      node.set(name, value);
      return true;
    }
    if (typeof existing === "string") return false;
    const next: Node = existing ?? new Map();
    node.set(name, next);
    node = next;
  }
  return false;
}

function objectOf(node: Node): Form {
  const form: Form = Object.create(null);
  for (const [name, value] of node) form[name] = valueOf(value);
  return form;
}

function valueOf(value: Node | string): FormValue {
  if (typeof value === "string") return value;
  const isList = [...value.keys()].every((name, index) => name === String(index));
  return isList ? [...value.values()].map(valueOf) : objectOf(value);
}
