/**
 * The page of the proof: what its form keeps, the parameters of the widgets, and the text for a
 * refused proof.
 */
import { expect, test } from "vitest";
import { PROOF_REFUSALS } from "../../../src/domain/sale/protection.ts";
import { PROOFS } from "../support/pages-exhibits.ts";

async function markupOf(name: string): Promise<string> {
  const found = PROOFS.find(([title]) => title === name);
  if (found === undefined) throw new Error(`the gallery has no '${name}'`);
  return String(await found[1]);
}

test("it keeps how the join was begun, and gives the widget the sale and the action", async () => {
  const markup = await markupOf("proof by Turnstile");
  for (const field of ["afresh", "general"]) {
    expect(markup).toContain(`<input type="hidden" name="${field}" value="yes" />`);
  }
  expect(markup).toContain('data-action="sluice-join"');
  expect(markup).toContain('data-cdata="air-one"');
  expect(await markupOf("proof of work")).not.toContain('name="afresh"');
});

test.each(PROOF_REFUSALS)("for %s it says what to do, and shows the code", async (reason) => {
  const markup = await markupOf(`proof of work, ${reason}`);
  expect(markup).toContain('role="alert"');
  expect(markup).toContain(`proof_invalid, ${reason}`);
});
