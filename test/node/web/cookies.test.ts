/**
 * Which cookie of a request is the gate's own, and what is left when the gate's are taken out.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { cookieIn, cookiesIn, withoutOwnCookies } from "../../../src/web/cookies.ts";

const NAME = "sluice-admission-air-one";
const OURS = `__Host-${NAME}`;

function valuesIn(header: string): readonly string[] {
  return cookiesIn(new Headers({ Cookie: header }), NAME);
}

test.each([
  ["alone", `${OURS}=t`, ["t"]],
  ["after others", `theme=dark; ${OURS}=t; x=1`, ["t"]],
  [
    "without a space, with several, with a tab",
    `a=1;${OURS}=t;  ${OURS}=u;\t${OURS}=v`,
    ["t", "u", "v"],
  ],
  ["with blanks around its value", `${OURS}= t \t; a=1`, ["t"]],
  ["its value has further signs", `${OURS}=a=b,c d"e`, ['a=b,c d"e']],
  ["no cookies", "", []],
])("found: %s", (_, header, values) => {
  expect(valuesIn(header)).toEqual(values);
});

test.each([
  ["behind a space in another's value", `theme=dark ${OURS}=t`],
  ["behind a comma", `theme=dark,${OURS}=t`],
  ["behind a comma and a space, as two headers are joined", `theme=dark, ${OURS}=t`],
  ["behind a quote", `theme="${OURS}=t"`],
  ["behind a sign of equality", `=${OURS}=t`],
  ["behind another kind of space", `a=1;\u00a0${OURS}=t`],
  ["with a space in its name", `${OURS} =t`],
  ["in another case", `${OURS.toUpperCase()}=t`],
  ["with a longer name", `x${OURS}=t; ${OURS}x=t`],
  ["without its prefix", `${NAME}=t`],
  ["without a value", OURS],
])("not found: %s", (_, header) => {
  expect(valuesIn(header)).toEqual([]);
});

test("what is taken out and what is left agree with each other and with a plain reading", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "=", " ", ",", '"', "\t", "__Host-") });
  const pair = fc.oneof(text, fc.constantFrom(`${OURS}=t`, ` ${OURS}=u`, OURS, `x ${OURS}=v`));
  fc.assert(
    fc.property(fc.array(pair, { maxLength: 6 }), (pairs) => {
      const header = pairs.join(";");
      const plain = pairs.flatMap((item) => {
        const [, value] = /^[ \t]*__Host-sluice-admission-air-one=(.*)$/s.exec(item) ?? [];
        return value === undefined ? [] : [value.replace(/^[ \t]+|[ \t]+$/g, "")];
      });
      expect(valuesIn(header)).toEqual(plain);
      const left = withoutOwnCookies(header);
      expect(left === null ? null : cookieIn(new Headers({ Cookie: left }), NAME)).toBeNull();
      const others = pairs.filter((item) => !/^[ \t]*__Host-sluice-/.test(item));
      expect(left ?? "").toBe(others.join(";").replace(/^[ \t]+|[ \t]+$/g, ""));
    }),
  );
});
