/**
 * A Cloudflare account in memory that answers the wrangler commands of a deployment, so that what
 * is asked and created can be counted. Commands it does not know fail the test.
 */
import { type Answer, OperatorError, type Wrangler } from "../../../tools/wrangler.ts";

export class MemoryAccount implements Wrangler {
  readonly queues = new Set<string>();
  readonly namespaces = new Map<string, string>();
  readonly databases = new Map<string, string>();
  readonly secrets = new Map<string, readonly string[]>();
  /** What was run, without the questions. */
  readonly ran: string[] = [];
  /** The command that fails, as often as it is run. */
  breaksAt: string | null = null;
  applied: readonly string[] = [];

  async run(args: readonly string[]): Promise<void> {
    const command = args.join(" ");
    if (command === this.breaksAt)
      throw new OperatorError(`wrangler ${command} failed; see above.`);
    this.ran.push(command);
    const name = args[args.indexOf("create") + 1] ?? "";
    if (command.startsWith("queues create")) this.queues.add(name);
    else if (command.startsWith("kv namespace create")) this.namespaces.set(name, `id-of-${name}`);
    else if (command.startsWith("d1 create")) this.databases.set(name, `id-of-${name}`);
    else throw new Error(`an unknown command: ${command}`);
  }

  async ask(args: readonly string[]): Promise<Answer> {
    const [area, verb, third = ""] = args;
    const list = (entries: readonly object[]): Answer => ({
      succeeded: true,
      answer: JSON.stringify(entries),
    });
    switch (`${area} ${verb}`) {
      case "queues info":
        if (this.queues.has(third)) return { succeeded: true, answer: `Queue Name: ${third}` };
        return { succeeded: false, answer: `Queue "${third}" does not exist.` };
      case "kv namespace":
        return list([...this.namespaces].map(([title, id]) => ({ id, title })));
      case "d1 list":
        return list([...this.databases].map(([name, uuid]) => ({ uuid, name })));
      case "d1 execute":
        return list([{ results: this.applied.map((name) => ({ name })), success: true }]);
      case "secret list": {
        const names = this.secrets.get(args[3] ?? "");
        if (names === undefined) return { succeeded: false, answer: "no Worker [code: 10007]" };
        return list(names.map((name) => ({ name, type: "secret_text" })));
      }
      default:
        throw new Error(`an unknown question: ${args.join(" ")}`);
    }
  }
}
