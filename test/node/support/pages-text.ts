/**
 * Renders a page of the gallery as markup, and as the text that a reader sees.
 */
import type { Html } from "../../../src/pages/parts/layout.ts";
import type { Exhibit } from "./pages-exhibits.ts";

export async function render(page: Html): Promise<string> {
  return String(await page);
}

/** The text that a reader sees: without tags, with entities decoded and white space collapsed. */
export async function textOf(page: Html): Promise<string> {
  const markup = (await render(page)).replace(/<([a-z]+)[^>]*\shidden(\s[^>]*)?>.*?<\/\1>/gs, "");
  const text = markup.replace(/^.*<main/s, "<main").replace(/<[^>]+>/g, " ");
  return text.replaceAll("&#39;", "'").replaceAll("&amp;", "&").replace(/\s+/g, " ");
}

export function find(exhibits: readonly Exhibit[], name: string): Html {
  const found = exhibits.find(([title]) => title === name);
  if (found === undefined) throw new Error(`the gallery has no '${name}'`);
  return found[1];
}
