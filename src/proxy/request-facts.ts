/**
 * A request as guards look at it: its method and path, and whatever its headers would have an
 * origin take instead.
 *
 * Guarantee: a header adds methods and paths and takes none away, so it can only get a request
 * guarded. Which of them the shop obeys is the operator's setting `ORIGIN_OVERRIDES`.
 */
import { guardedRequest, type GuardedRequest } from "../domain/guards/guard.ts";
import {
  overridesIn,
  readObeyed,
  type NotedHeaders,
  type ObeyedOverrides,
} from "../domain/guards/override-headers.ts";
import { pathOf } from "../domain/guards/url.ts";

export function describe(
  { method, url, headers }: Request,
  noted: NotedHeaders,
  obeyed: ObeyedOverrides,
): GuardedRequest {
  const path = pathOf(url);
  const valueOf = (name: string): string | null => headers.get(name);
  return guardedRequest(method, path, overridesIn(noted, valueOf, path, obeyed));
}

type Setting = ReturnType<typeof readObeyed>;

let remembered: { readonly text: string; readonly setting: Setting } = {
  text: "",
  setting: readObeyed(""),
};

/** Parsed once per isolate and value of `ORIGIN_OVERRIDES`. */
export function obeyedOverrides(text: string | undefined): Setting {
  const given = text ?? "";
  if (remembered.text !== given) remembered = { text: given, setting: readObeyed(given) };
  return remembered.setting;
}
