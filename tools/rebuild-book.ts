/**
 * `npm run rebuild-book`: rebuilds the order book from the orders, sale after sale, through the
 * merchant's API; with --check it compares and changes nothing. Prints one JSON document on
 * standard output, and its progress on the other.
 *
 * Guarantee: it asks part after part until nothing is left, and may be run again after any
 * interruption; the place where it was is in the last line of its progress.
 */
import { z } from "zod";
import { MERCHANT_API, SALE_ID } from "../scripts/command-option.ts";
import { defineCommand, type OptionsOf, UsageError } from "../scripts/define-command.ts";

const rebuildCommand = defineCommand({
  name: "npm run --silent rebuild-book --",
  summary: `Rebuilds the order book from the orders themselves, after the database was lost or
    turned back; with --check it names what differs, and changes nothing.`,
  options: {
    ...MERCHANT_API,
    sale: { ...SALE_ID, help: "this sale; otherwise all that are listed" },
    after: { type: "text", value: "place", help: "with --sale: goes on there, as progress said" },
    check: { type: "flag", help: "compares, and changes nothing" },
  },
  notes: `It may run while the sale does, and causes no webhook and no mail. What is rebuilt, and
    what is not, is in docs/order-book.md.`,
  exitCodes: "0 nothing is left or differs, 1 something did not answer, differs or is not known",
  resolve: ({ token, ...options }) => {
    if (token === null) throw new UsageError("--token (or ADMIN_TOKEN) is missing");
    if (options.after !== null && options.sale === null) {
      throw new UsageError("--after goes with --sale");
    }
    return { ...options, token };
  },
});

type Options = OptionsOf<typeof rebuildCommand>;

const partSchema = z.looseObject({ next: z.string().nullable(), looked: z.int() });
const rebuiltSchema = z.object({
  orders: z.int(),
  bookings: z.int(),
  silent: z.array(z.string()),
});
const auditSchema = z.object({
  agrees: z.boolean().nullable(),
  unknown: z.array(z.string()),
  settling: z.int(),
  skus: z.array(z.looseObject({ agrees: z.boolean().nullable() })),
  differences: z.array(z.looseObject({ order: z.string() })),
});

async function ask({ url, token }: Options, path: string, body?: object): Promise<unknown> {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const asked =
    body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
  const response = await fetch(new URL(`/_sluice/admin/v1${path}`, url), asked);
  const text = await response.text();
  if (!response.ok) throw new Error(`the gate answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}

function part(options: Options, sale: string, after: string | null): Promise<unknown> {
  if (!options.check) {
    return ask(options, `/sales/${sale}/book-rebuilds`, after === null ? {} : { after });
  }
  const query = after === null ? "" : `?after=${encodeURIComponent(after)}`;
  return ask(options, `/sales/${sale}/audit${query}`);
}

/** Every part of a sale, each told to `take`. Answers how many orders were looked at. */
async function allParts(
  options: Options,
  sale: string,
  take: (part: unknown) => void,
): Promise<number> {
  let looked = 0;
  let { after } = options;
  for (let isFirst = true; isFirst || after !== null;) {
    const answer = await part(options, sale, after);
    const read = partSchema.parse(answer);
    take(answer);
    looked += read.looked;
    after = read.next;
    isFirst = false;
    const place = after === null ? "done" : `--sale ${sale} --after ${after}`;
    process.stderr.write(`${sale}: ${looked} orders, ${place}\n`);
  }
  return looked;
}

async function rebuilt(options: Options, sale: string) {
  const sum = { orders: 0, bookings: 0, silent: [] as string[] };
  const looked = await allParts(options, sale, (answer) => {
    const { orders, bookings, silent } = rebuiltSchema.parse(answer);
    sum.orders += orders;
    sum.bookings += bookings;
    sum.silent.push(...silent);
  });
  return { sale, looked, ...sum, isDone: sum.silent.length === 0 };
}

async function checked(options: Options, sale: string) {
  const parts: z.output<typeof auditSchema>[] = [];
  const looked = await allParts(options, sale, (answer) => {
    parts.push(auditSchema.parse(answer));
  });
  const differences = parts.flatMap((each) => each.differences);
  const unknown = [...new Set(parts.flatMap((each) => each.unknown))];
  const settling = parts.reduce((sum, each) => sum + each.settling, 0);
  const skus = parts.at(-1)?.skus ?? [];
  const agree = skus.every(({ agrees }) => agrees === true);
  const isDone = agree && differences.length + unknown.length + settling === 0;
  return { sale, looked, settling, unknown, differences, skus, isDone };
}

async function listedSales(options: Options): Promise<readonly string[]> {
  if (options.sale !== null) return [options.sale];
  const { sales } = z.object({ sales: z.array(z.string()) }).parse(await ask(options, "/sales"));
  return sales;
}

process.exitCode = await rebuildCommand.run(async (options) => {
  const answers: { readonly isDone: boolean }[] = [];
  for (const sale of await listedSales(options)) {
    answers.push(options.check ? await checked(options, sale) : await rebuilt(options, sale));
  }
  const isDone = answers.every((answer) => answer.isDone);
  const shown = answers.map(({ isDone: _, ...answer }) => answer);
  process.stdout.write(`${JSON.stringify({ done: isDone, sales: shown }, null, 2)}\n`);
  return isDone ? 0 : 1;
});
