/**
 * `npm run fuzz`: sends a fresh Sluice what it must refuse or must not mind, and gives a verdict.
 *
 * Exit code 0: nothing was found. 1: something was, or the run could not be finished. 2: the
 * command line made no sense. The report goes to standard output, progress to standard error.
 */
import { readCommandLine, USAGE, type FuzzOptions } from "./options.ts";
import { fuzz } from "./program.ts";
import { fuzzReport } from "./report.ts";

const PROGRESS_EVERY = 10_000;

async function run(options: FuzzOptions): Promise<number> {
  const say = (line: string): void => console.error(line);
  say("Starting a fresh Sluice with sales, shoppers and orders in it …");
  const began_ms = performance.now();
  let sending_ms = began_ms;
  const summary = await fuzz(options, {
    say,
    progress: (sent) => {
      if (sent === 1) sending_ms = performance.now();
      if (sent % PROGRESS_EVERY === 0) say(`${sent} inputs sent`);
    },
  });
  const { violations, sent } = summary;
  const asked = options.last - options.first + 1;
  console.log(fuzzReport(options, summary));
  const took_s = (performance.now() - began_ms) / 1000;
  const perSecond = sent / ((performance.now() - sending_ms) / 1000);
  console.log(`\ntook ${took_s.toFixed(1)} s, ${perSecond.toFixed(0)} inputs a second`);
  const failed = violations.length + (sent < asked && violations.length === 0 ? 1 : 0);
  console.log(`fuzz: ${sent - violations.length} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

async function main(): Promise<number> {
  const command = readCommandLine(process.argv.slice(2));
  switch (command.kind) {
    case "help":
      console.log(USAGE);
      return 0;
    case "refused":
      for (const message of command.messages) console.error(message);
      console.error("\nnpm run fuzz -- --help lists the options.");
      return 2;
    case "run":
      return run(command.options);
  }
}

process.exitCode = await main();
