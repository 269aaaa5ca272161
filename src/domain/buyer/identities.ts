/**
 * By what a buyer is recognized beside the subject of their admission.
 */
import { digestOf } from "../../encoding/json.ts";
import { normalisedEmail } from "./email.ts";

/** Digests, so that no address is stored with the counts: of the e-mail address. */
export function identitiesOf({ email }: { readonly email: string }): string[] {
  return [digestOf(["email", normalisedEmail(email)])];
}
