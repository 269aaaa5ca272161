/**
 * Stripe's errors for an amount that it does not charge.
 *
 * The shop's bank account is taken to be in the currency of the charge, so the minimum is that of
 * the currency itself. Source: https://docs.stripe.com/currencies, and `amount_too_small` and
 * `amount_too_large` of https://docs.stripe.com/error-codes. Stripe documents no code for last
 * digits that must be zero; here it is that of an integer which does not fit.
 */
import { amountFault, moneyText } from "../../src/domain/money/amounts.ts";
import { CURRENCIES } from "../../src/domain/money/currencies.ts";
import { type ApiError, invalidRequest } from "./api-error.ts";

/**
 * Null for an amount that Stripe charges.
 * @param code ISO 4217, lower case
 */
export function amountRefusal(amount: number, code: string): ApiError | null {
  const currency = code.toUpperCase();
  const fault = amountFault(amount, currency);
  switch (fault?.kind) {
    case undefined:
      return null;
    case "not_supported": {
      const supported = CURRENCIES.map((known) => known.code.toLowerCase()).join(", ");
      const message =
        `Invalid currency: ${code}. Stripe currently supports these currencies: ` + supported;
      return { ...invalidRequest(message), param: "currency" };
    }
    case "step": {
      const message = `Invalid amount: ${amount} must be evenly divisible by ${fault.step}.`;
      return invalidRequest(message, "parameter_invalid_integer", "amount");
    }
    case "too_small": {
      const message = `Amount must be at least ${moneyText(fault.minimum, currency)} ${code}`;
      return invalidRequest(message, "amount_too_small", "amount");
    }
    case "too_large": {
      const message = `Amount must be no more than ${moneyText(fault.maximum, currency)}`;
      return invalidRequest(message, "amount_too_large", "amount");
    }
  }
}
