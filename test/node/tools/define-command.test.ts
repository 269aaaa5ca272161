/** What follows from the declaration of a command line: values, help and errors. */
import { expect, test } from "vitest";
import { FILE, HTTP_ADDRESS, isServerAddress } from "../../../scripts/command-option.ts";
import { defineCommand, type Invocation, UsageError } from "../../../scripts/define-command.ts";

const bake = defineCommand({
  name: "npm run bake --",
  summary: "Bakes loaves, one after the other, in an oven that was heated long before.",
  options: {
    loaves: { type: "integer", min: 1, max: 99, default: 2, help: "how many" },
    "salt-share": { type: "number", value: "0 to 1", min: 0, max: 1, help: "salt in the dough" },
    crust: { type: "choice", value: "how", values: ["soft", "hard"], default: "hard", help: "how" },
    oven: { ...HTTP_ADDRESS, required: "give the oven's address", help: "where it bakes" },
    topping: { type: "text", multiple: true, help: "on top" },
    recipe: { ...FILE, environment: "RECIPE", help: "what goes into it" },
    "dry-run": { type: "flag", help: "bakes nothing" },
  },
  notes: "Bread is best on the second day.",
  exitCodes: "0 baked, 1 burnt",
  resolve: ({ dryRun, ...values }) => {
    if (dryRun && values.topping.length > 0) throw new UsageError("--topping needs a loaf");
    return { ...values, isReal: !dryRun };
  },
});
const OVEN = ["--oven", "http://oven.example"];

test("each option has its type, its default, or null", () => {
  const command = bake.parse(OVEN);
  if (command.kind !== "run") throw new Error("it can run");
  const { loaves, crust }: { loaves: number; crust: "soft" | "hard" } = command.options;
  expect([loaves, crust]).toEqual([2, "hard"]);
  const { saltShare, recipe }: { saltShare: number | null; recipe: string | null } =
    command.options;
  expect([saltShare, recipe]).toEqual([null, null]);
  const { topping, isReal }: { topping: readonly string[]; isReal: boolean } = command.options;
  expect([topping, isReal]).toEqual([[], true]);
});

test("values are read by their type, and of an option given twice the last counts", () => {
  const args = [...OVEN, "--loaves", "3", "--salt-share", ".02", "--crust=soft", "--loaves=4"];
  args.push("--topping", "seeds", "--topping", "-", "--topping=--oats");
  expect(bake.parse(args)).toMatchObject({
    kind: "run",
    options: { loaves: 4, saltShare: 0.02, crust: "soft", topping: ["seeds", "-", "--oats"] },
  });
});

test("a missing option is read from the environment, with the same checks", () => {
  const environment = { RECIPE: "rye.txt" };
  expect(bake.parse(OVEN, environment)).toMatchObject({ options: { recipe: "rye.txt" } });
  const given = bake.parse([...OVEN, "--recipe", "oat.txt"], environment);
  expect(given).toMatchObject({ options: { recipe: "oat.txt" } });
  expect(bake.parse(OVEN, { RECIPE: "" })).toMatchObject({ options: { recipe: null } });
});

test("an invalid value from the environment is reported with the variable's name", () => {
  const pay = defineCommand({
    name: "npm run pay --",
    summary: "Pays.",
    options: { pin: { type: "integer", min: 1000, max: 9999, environment: "PIN", help: "secret" } },
    exitCodes: "0 paid",
  });
  const message = "PIN in the environment must be a whole number from 1000 to 9999";
  expect(pay.parse([], { PIN: "12" })).toEqual({ kind: "bad", message });
});

test.each([
  [[], "--oven is missing: give the oven's address"],
  [["--loafs", "2"], "Unknown option '--loafs': npm run bake -- --help lists the options"],
  [["-n", "2"], "Unknown option '-n': npm run bake -- --help lists the options"],
  [["--constructor"], "Unknown option '--constructor': npm run bake -- --help lists the options"],
  [["rye"], "Unexpected argument 'rye': npm run bake -- --help lists the options"],
  [["--", "rye"], "Unexpected argument 'rye': npm run bake -- --help lists the options"],
  [["--loaves"], "--loaves has no value: it must be a whole number from 1 to 99"],
  [["--oven", "--dry-run"], "--oven has no value: it must be an http or https address"],
  [["--dry-run=no"], "--dry-run takes no value: give it alone, or leave it out"],
  [["--loaves", "0"], "--loaves must be a whole number from 1 to 99"],
  [["--loaves", "100"], "--loaves must be a whole number from 1 to 99"],
  [["--loaves", "1e1"], "--loaves must be a whole number from 1 to 99"],
  [["--salt-share", "1.1"], "--salt-share must be a number from 0 to 1"],
  [["--salt-share", "-1"], "--salt-share must be a number from 0 to 1"],
  [["--crust", "burnt"], "--crust must be soft or hard"],
  [["--oven", "file:///oven"], "--oven must be an http or https address"],
  [[...OVEN, "--topping", ""], "--topping must not be empty"],
  [[...OVEN, "--recipe", ""], "--recipe must name a file"],
  [[...OVEN, "--dry-run", "--topping", "oats"], "--topping needs a loaf"],
])("%j gets one sentence: %s", (args, message) => {
  expect(bake.parse(args)).toEqual({ kind: "bad", message });
});

test("--help has precedence, and its text comes from the declaration", () => {
  expect(bake.parse(["--help", "--loaves", "0", "--rye"])).toEqual({ kind: "help" });
  expect(bake.help).toMatchInlineSnapshot(`
    "npm run bake -- --oven <url> [options]

    Bakes loaves, one after the other, in an oven that was heated long before.

      --loaves <n>           how many (default: 2)
      --salt-share <0 to 1>  salt in the dough
      --crust <how>          how (soft or hard; default: hard)
      --oven <url>           where it bakes
      --topping <text>       on top (may be given again)
      --recipe <file>        what goes into it (or RECIPE in the environment)
      --dry-run              bakes nothing
      --help                 prints this text

    Bread is best on the second day.

    Exit code: 0 baked, 1 burnt, 2 wrong options.
    "
  `);
});

/** Runs the command, and gives its exit code and what it printed. */
async function run(args: readonly string[], work: () => number) {
  const [reports, complaints]: [string[], string[]] = [[], []];
  const invocation: Invocation = {
    args,
    environment: {},
    report: (text) => reports.push(text),
    complain: (text) => complaints.push(text),
  };
  return { code: await bake.run(work, invocation), reports, complaints };
}

test("the exit code is that of the work, which does not start when an option is invalid", async () => {
  expect(await run(OVEN, () => 1)).toEqual({ code: 1, reports: [], complaints: [] });
  const work = (): number => {
    throw new Error("it began");
  };
  const missing = "--oven is missing: give the oven's address\n";
  expect(await run([], work)).toEqual({ code: 2, reports: [], complaints: [missing] });
  expect(await run(["--help"], work)).toEqual({ code: 0, reports: [bake.help], complaints: [] });
  await expect(run(OVEN, work)).rejects.toThrow("it began");
});

test("an invalid file in an option ends it with 2 too", async () => {
  const refused = await run([...OVEN, "--recipe", "rye.txt"], () => {
    throw new UsageError("--recipe rye.txt is no recipe");
  });
  expect(refused).toMatchObject({ code: 2, complaints: ["--recipe rye.txt is no recipe\n"] });
});

test("a server's address has no path, no query and no password", () => {
  const good = ["http://localhost:3000", "HTTPS://Shop.example:443/", "http://[::1]:3000"];
  expect(good.map(isServerAddress)).toEqual([true, true, true]);
  const bad = ["", "shop.example", "ftp://a.b", "http://a.b/c", "http://a.b?c", "http://a:b@c.d"];
  expect(bad.map(isServerAddress)).toEqual(bad.map(() => false));
});
