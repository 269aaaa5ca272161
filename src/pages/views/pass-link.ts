/**
 * The page of a merchant's link with a pass: what the pass is for, what the visitor would give up
 * for it, and the button that uses it.
 *
 * Guarantee: the pass stands in the page's address alone, to which the form is sent, because a form
 * without `action` means that. Works without scripts.
 */
import { html } from "hono/html";
import { GENERAL_LANE, type Sale } from "../../domain/sale/sale.ts";
import { page, type Html, type Maybe } from "../parts/layout.ts";
import { partLink, saleLink } from "../parts/links.ts";

export interface PassLinkModel {
  readonly sale: Pick<Sale, "id" | "title">;
  /** Into which the pass leads. */
  readonly lane: string;
  /** It stands for one shopper, on whichever device it is used. */
  readonly isPersonal: boolean;
  /** A discount code comes with it. */
  readonly hasCode: boolean;
  /** `same_lane`: the place is one that the pass gives, and is kept. */
  readonly visitor: "new" | "in_line" | "same_lane" | "in_shop";
  /** What using it does: the line may not be open yet, and it may be empty. */
  readonly leads: "nowhere_yet" | "into_line" | "in";
  /** The same for every repetition of the form. */
  readonly key: string;
  readonly now: number;
}

export function passLinkPage(model: PassLinkModel): Html {
  const { sale, lane, isPersonal, hasCode, visitor, key, now } = model;
  const title = "Use this pass?";
  const name = lane === GENERAL_LANE ? "the general line" : html`the lane <strong>${lane}</strong>`;
  const other = visitor === "in_line" || visitor === "same_lane" ? "wait" : null;
  return page(
    { title, sale, now },
    html`<section class="panel" aria-labelledby="pass">
      <h1 id="pass">${title}</h1>
      <p>
        This link has a pass for ${name}${hasCode ? ", and a discount code for the checkout" : ""}.
      </p>
      ${warning(isPersonal)} ${loss(visitor)}
      <form method="post">
        <input type="hidden" name="key" value="${key}" />
        <button type="submit">${buttonText(model)}</button>
      </form>
      <p>
        <a href="${other === null ? saleLink(sale.id) : partLink(sale.id, other)}"
          >Continue without the pass</a
        >
      </p>
    </section>`,
  );
}

function warning(isPersonal: boolean): Html {
  const shared =
    "Everybody who uses this link has the same place, the same cart and the same order.";
  return html`<p>${isPersonal ? shared : ""} Use it only if the shop sent it to you.</p>`;
}

const LOSSES = {
  new: null,
  in_line: "You are already in line without this pass. If you use it, you give up that place.",
  same_lane: "You are already in line in this lane, and keep your place.",
  in_shop: "You are in the shop, and you stay there. The pass is kept for the next time.",
} as const;

function loss(visitor: PassLinkModel["visitor"]): Maybe {
  const text = LOSSES[visitor];
  return text === null ? null : html`<p class="note">${text}</p>`;
}

function buttonText({ visitor, leads }: PassLinkModel): string {
  if (visitor === "in_shop" || leads === "nowhere_yet") return "Use this pass";
  return leads === "in" ? "Go in with this pass" : "Join the line with this pass";
}
