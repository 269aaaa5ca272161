/**
 * `npm run proof-cost`: measures what a proof of work costs here: the gate to make a challenge and
 * to check a proof, and a device to solve it.
 *
 * It uses the gate's own code, and solves with ALTCHA's library in Node, one number after the
 * other, as a script would. Browsers compute in WebAssembly, about as fast, on several cores.
 */
import { defineCommand } from "../scripts/define-command.ts";
import { altchaWorkOf, type AltchaProtection } from "../src/domain/sale/protection.ts";
import {
  ALTCHA_MEMORY_DEFAULT_KIB,
  ALTCHA_MEMORY_MAX_KIB,
  ALTCHA_MEMORY_MIN_KIB,
  ALTCHA_NUMBER_MAX,
} from "../src/domain/limits.ts";

const REPEATS = 20;
const SECRET = { kid: "measured", challenge: "a secret", solution: "another" };

const proofCost = defineCommand({
  name: "npm run proof-cost --",
  summary: "Measures what a proof of work costs the gate and a device, in processor time here.",
  options: {
    memory: {
      type: "integer",
      min: ALTCHA_MEMORY_MIN_KIB,
      max: ALTCHA_MEMORY_MAX_KIB,
      default: ALTCHA_MEMORY_DEFAULT_KIB,
      help: "memoryKiB of the sale's protection, a power of two",
    },
    numbers: {
      type: "integer",
      min: 2,
      max: ALTCHA_NUMBER_MAX,
      default: 1000,
      help: "its maxNumber",
    },
  },
  exitCodes: "0 measured",
});

/** Milliseconds of processor time for one run, which do not grow when the machine is busy. */
async function cost_ms(times: number, work: () => Promise<unknown>): Promise<number> {
  await work();
  const before = process.cpuUsage();
  for (let run = 0; run < times; run += 1) await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / times;
}

process.exitCode = await proofCost.run(async ({ memory, numbers }) => {
  const [{ makeAltchaChallenge, verifyAltchaProof }, { solved }] = await Promise.all([
    import("../src/proofs/altcha.ts"),
    import("../simulation/crowd/proof-of-work.ts"),
  ]);
  const limits = { maxNumber: numbers, expiresSeconds: 600, memoryKiB: memory };
  const protection: AltchaProtection = { kind: "altcha", ...limits };
  const work = altchaWorkOf(protection);
  const make = (maxNumber: number) => {
    const asking = { work: { ...work, maxNumber }, expiresSeconds: 600 };
    return makeAltchaChallenge(SECRET, "a-sale", asking, Date.now());
  };
  // Of two numbers the second solves it, or the first.
  const easy = await make(2);
  const proof = await solved(easy);
  const tries = Number(JSON.parse(atob(proof)).solution.counter) + 1;
  const made_ms = await cost_ms(REPEATS, () => make(numbers));
  const checked_ms = await cost_ms(REPEATS * 10, async () => {
    const { kind } = await verifyAltchaProof([SECRET], "a-sale", proof, Date.now());
    if (kind !== "proven") throw new Error("its own proof is refused");
  });
  const try_ms = (await cost_ms(REPEATS, () => solved(easy))) / tries;
  const [least_s, most_s] = [(try_ms * numbers) / 2000, (try_ms * numbers) / 1000];
  process.stdout.write(`The gate makes a challenge   ${made_ms.toFixed(1)} ms
The gate checks a proof      ${checked_ms.toFixed(2)} ms
One try                      ${try_ms.toFixed(1)} ms
A place, one core            ${least_s.toFixed(1)} to ${most_s.toFixed(1)} s
`);
  return 0;
});
