/**
 * What is wrong with a field, as the predicate of a sentence about it: "is required", "must be a
 * text". A schema that states a text of its own keeps it; this is for the texts that zod makes up.
 */
import type { ZodError } from "zod";

type Issue = ZodError["issues"][number];

const MADE_UP = /^(?:Invalid input|Invalid option|Too small|Too big|Invalid number)\b/;

const KINDS: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** What the size of a value counts; numbers are compared themselves. */
const COUNTED: Readonly<Record<string, string>> = { string: "characters", array: "entries" };

/** Never with the value that was sent. */
export function issueText(issue: Issue): string {
  if (!MADE_UP.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      if (issue.message.endsWith("received undefined")) return "is required";
      return `must be ${KINDS[issue.expected] ?? `of the type ${issue.expected}`}`;
    case "invalid_value": {
      const values = issue.values.map(String);
      return values.length === 1 ? `must be ${values[0]}` : `must be one of: ${values.join(", ")}`;
    }
    case "too_small":
      return sizeText("at least", issue.minimum, issue.origin);
    case "too_big":
      return sizeText("at most", issue.maximum, issue.origin);
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_union":
      return "has none of the forms that are accepted here";
    default:
      return issue.message;
  }
}

function sizeText(bound: "at least" | "at most", size: number | bigint, origin: string): string {
  const counted = COUNTED[origin];
  if (counted !== undefined && bound === "at least" && Number(size) === 1) {
    return "must not be empty";
  }
  return counted === undefined
    ? `must be ${bound} ${size}`
    : `must have ${bound} ${size} ${counted}`;
}
