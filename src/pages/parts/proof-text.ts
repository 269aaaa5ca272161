/**
 * Text for a refused proof: what to do next. The refusal's code is for the shop.
 */
import type { ProofRefusal } from "../../domain/sale/protection.ts";

export function proofText(reason: ProofRefusal): string {
  switch (reason) {
    case "expired":
    case "expired_or_used":
      return "The check has expired. It runs again now. Join when it is done.";
    case "already_used":
      return "This check was already used for a place whose turn is over. A new check runs now.";
    case "malformed":
    case "unknown_key":
    case "bad_signature":
    case "other_sale":
    case "wrong_solution":
    case "not_verified":
    case "other_host":
    case "other_action":
      return "The check was not solved. It runs again now. Join when it is done.";
  }
}
