/**
 * Checks of refusals: each is a problem document with a stable code, and the sale is unchanged.
 */
import { expect } from "vitest";
import { type Answer, type Sluice, stateOf } from "./sluice.ts";

/** The fields that the problem names. */
export function pathsOf({ body }: Answer): unknown {
  const errors = body["errors"];
  return Array.isArray(errors) ? errors.map(({ path }: { path: unknown }) => path) : [];
}

/** A problem document: RFC 9457's members, a stable code, and a title and detail. */
export function expectProblem(answer: Answer, status: number, code: string): Answer {
  expect({ status: answer.status, code: answer.body["code"] }).toEqual({ status, code });
  expect(answer.type).toBe("application/problem+json");
  expect(answer.body).toMatchObject({ status, type: `/_sluice/problems#${code}` });
  expect(answer.body["title"]).toBeTypeOf("string");
  expect(answer.body["detail"]).toBeTypeOf("string");
  return answer;
}

/** Checks that the sale is the same before and after the requests. */
export async function expectNoChange<Value>(
  sluice: Sluice,
  sale: string,
  requests: () => Promise<Value>,
): Promise<Value> {
  const before = await stateOf(sluice, sale);
  const value = await requests();
  expect(await stateOf(sluice, sale)).toEqual(before);
  return value;
}
