/**
 * The step before a place: what its form carries on, what the widgets are told, and what a shopper
 * reads whose proof was refused.
 */
import { expect, test } from "vitest";
import { PROOF_REFUSALS } from "../../../src/domain/sale/protection.ts";
import { PROOFS } from "../support/pages-exhibits.ts";

async function markupOf(name: string): Promise<string> {
  const found = PROOFS.find(([title]) => title === name);
  if (found === undefined) throw new Error(`the gallery has no '${name}'`);
  return String(await found[1]);
}

test("it keeps how the join was begun, and names sale and use to the widget", async () => {
  const markup = await markupOf("proof by Turnstile");
  for (const field of ["afresh", "general"]) {
    expect(markup).toContain(`<input type="hidden" name="${field}" value="yes" />`);
  }
  expect(markup).toContain('data-action="sluice-join"');
  expect(markup).toContain('data-cdata="air-one"');
  expect(await markupOf("proof of work")).not.toContain('name="afresh"');
});

test.each(PROOF_REFUSALS)("it says what to do about %s, and its code", async (reason) => {
  const markup = await markupOf(`proof of work, ${reason}`);
  expect(markup).toContain('role="alert"');
  expect(markup).toContain(`proof_invalid, ${reason}`);
});
