/** The platform's IDNA in the Workers runtime decides as in the tests of `test/node`. */
import { expect, test } from "vitest";
import { emailSchema, normalisedEmail } from "../../src/domain/buyer/email.ts";
import { ADDRESSES, NOT_ADDRESSES } from "../node/support/email-addresses.ts";

test("the Workers runtime accepts and refuses the same addresses", () => {
  const accepted = [...ADDRESSES, ...NOT_ADDRESSES].filter((address) => {
    return emailSchema.safeParse(address).success;
  });
  expect(accepted).toEqual(ADDRESSES);
});

test("the Workers runtime writes domains in the same ASCII", () => {
  expect(normalisedEmail("user@BÜCHER.example")).toBe("user@xn--bcher-kva.example");
  expect(normalisedEmail("用户@例子。中国")).toBe("用户@xn--fsqu00a.xn--fiqs8s");
});
