/**
 * Text for a refused pass: what is wrong, and what the shopper can do, which is to wait, to open
 * the link again or to ask the shop. The refusal's code is for the shop.
 */
import type { PassRefusal } from "../../domain/line/pass-places.ts";

export interface PassText {
  readonly heading: string;
  readonly sentence: string;
}

const UNREADABLE: PassText = {
  heading: "This pass cannot be read",
  sentence:
    "Part of the link may be missing, or it was not made for this shop. Open the whole link " +
    "again as it was sent to you, or ask the shop for a new one.",
};

export function passText(reason: PassRefusal): PassText {
  switch (reason) {
    case "expired":
      return {
        heading: "This pass has expired",
        sentence:
          "If you already have a place with this pass, you keep it. " +
          "Otherwise, ask the shop for a new link.",
      };
    case "not_yet_valid":
      return {
        heading: "This pass is not valid yet",
        sentence: "Open the link again later, or ask the shop when it becomes valid.",
      };
    case "other_sale":
      return {
        heading: "This pass is for another sale",
        sentence: "Check whether the shop sent you a link for this sale too.",
      };
    case "unknown_lane":
      return {
        heading: "This pass does not fit this sale",
        sentence: "The pass is for a lane that this sale does not have. Ask the shop about it.",
      };
    case "malformed":
    case "wrong_type":
    case "unknown_key":
    case "wrong_algorithm":
    case "bad_signature":
    case "no_expiry":
      return UNREADABLE;
  }
}
