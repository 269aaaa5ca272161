/**
 * A refused pass in words: what is the matter with it, and what its owner can do. A shopper can
 * only wait, open the link again or ask the shop; the code is for whoever they ask.
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
          "It was good for a time, and that time is over. A place that was taken with it is " +
          "kept. Ask the shop for a new link.",
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
        heading: "This sale has no such lane",
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
