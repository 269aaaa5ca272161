/**
 * The origin that addresses of Sluice begin with: in answers, mails, receipts and the payment
 * provider's return address.
 *
 * Guarantee: where `PUBLIC_ORIGINS` lists origins, an address never follows the `Host` of a request
 * that names another one. Without the variable it is the request's own origin, which is safe where
 * only the deployment's own names lead to the Worker, as at Cloudflare.
 */

let remembered: { readonly text: string; readonly origins: readonly string[] } = {
  text: "",
  origins: [],
};

/** Parsed once per isolate and value. What is no origin is left out. */
function publicOriginsOf(text: string): readonly string[] {
  if (remembered.text !== text) {
    const origins = text.split(/[\s,]+/).flatMap((item) => {
      const url = URL.parse(item);
      return url !== null && /^https?:$/.test(url.protocol) ? [url.origin] : [];
    });
    remembered = { text, origins };
  }
  return remembered.origins;
}

/** The request's own origin if it is listed, else the first that is. */
export function publicOrigin(url: string, env: { readonly PUBLIC_ORIGINS?: string }): string {
  const own = new URL(url).origin;
  const [first = own, ...others] = publicOriginsOf(env.PUBLIC_ORIGINS ?? "");
  return others.includes(own) ? own : first;
}
