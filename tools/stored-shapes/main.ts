/**
 * `npm run stored-shapes`: records the stored shapes of a release, which tests then hold every
 * later version to (docs/stored-shapes.md). Run it just before the release is tagged.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "../../scripts/define-command.ts";
import { PROJECT_ROOT } from "../../scripts/project-root.ts";
import { recordOf } from "./shapes.ts";

const command = defineCommand({
  name: "npm run stored-shapes --",
  summary: "Records the shapes of everything that is stored, for the release that is named.",
  options: {
    release: {
      type: "text",
      value: "version",
      accepts: (text) => /^\d+\.\d+\.\d+$/.test(text),
      must: "must be a version such as 0.1.0",
      required: "name the release, for example --release 0.1.0",
      help: "the version that is about to be tagged",
    },
  },
  exitCodes: "0 recorded",
});

process.exitCode = await command.run(({ release }) => {
  const path = join("test", "node", "stored-shapes", `${release}.json`);
  const text = JSON.stringify(recordOf(release), null, 2);
  writeFileSync(join(PROJECT_ROOT, path), `${text}\n`);
  process.stdout.write(`Wrote ${path}\n`);
  return 0;
});
