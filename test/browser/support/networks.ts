/**
 * Bad networks and forgetful browsers, for the browser tests: answers lost after the request had
 * its effect, requests that never arrive, and cookies that are not kept.
 *
 * Guarantee: a request whose answer is lost has reached the server and was answered, and the
 * browser received nothing of the answer. Nothing sleeps: everything waits for a condition.
 */
import type { BrowserContext, Page, Route } from "playwright-core";
import { request as send } from "undici";
import { auditOf, connections, type Sluice, until } from "../../http/support/sluice.ts";

/** The address of the browser's own error page. */
const BROKEN = /^chrome-error:/;

/** Over plain HTTP, browsers keep Secure cookies for this host only. */
export function hostAt(sluice: Sluice): string {
  return `http://localhost:${new URL(sluice.host.gateUrl).port}`;
}

export function shopAt(sluice: Sluice, path: string): string {
  return `${hostAt(sluice)}/_sluice/shop/${path}`;
}

interface DirectAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Set explicitly, because a request sent from here is not marked as a browser's navigation. */
const NAVIGATION = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

/** Sends the browser's request from here, so that the browser stores no cookies of the answer. */
async function sendDirectly(
  sluice: Sluice,
  context: BrowserContext,
  route: Route,
): Promise<DirectAnswer> {
  const request = route.request();
  const { pathname, search } = new URL(request.url());
  const cookies = await context.cookies(request.url());
  const headers = new Headers(request.headers());
  headers.set("cookie", cookies.map(({ name, value }) => `${name}=${value}`).join("; "));
  if (cookies.length === 0) headers.delete("cookie");
  if (request.method() !== "GET") headers.set("origin", new URL(sluice.host.gateUrl).origin);
  for (const name of ["accept-encoding", "content-length"]) headers.delete(name);
  const mode = request.isNavigationRequest() ? NAVIGATION : {};
  const answer = await send(sluice.host.gateUrl + pathname + search, {
    method: request.method() === "POST" ? "POST" : "GET",
    headers: { ...Object.fromEntries(headers), ...mode },
    body: request.postData(),
    dispatcher: connections,
  });
  const received = Object.entries(answer.headers).flatMap(([name, value = []]) => {
    return [value].flat().map((line): [string, string] => [name, line]);
  });
  const body = Buffer.from(await answer.body.arrayBuffer());
  return { status: answer.statusCode, headers: new Headers(received), body };
}

/**
 * Loses the next answer to this address, by default to a POST. The returned function gives the
 * status of the lost answer; 0 before, and -1 while it is under way.
 */
export async function loseAnswer(
  sluice: Sluice,
  page: Page,
  ending: string,
  method: "GET" | "POST" = "POST",
): Promise<() => number> {
  let status = 0;
  const pattern = `**${ending}`;
  await page.route(pattern, async (route) => {
    if (status !== 0 || route.request().method() !== method) return route.fallback();
    status = -1;
    const answer = await sendDirectly(sluice, page.context(), route);
    status = answer.status;
    return route.abort("connectionreset");
  });
  return () => status;
}

/** The next POST to this address never reaches the server. */
export async function loseRequest(page: Page, ending: string): Promise<() => boolean> {
  let lost = false;
  await page.route(`**${ending}`, async (route) => {
    if (lost || route.request().method() !== "POST") return route.fallback();
    lost = true;
    return route.abort("connectionreset");
  });
  return () => lost;
}

/** Waits until the answer or the request was lost and the browser shows its error page. */
export async function seesBroken<Lost>(page: Page, lost: () => Lost, wanted: Lost): Promise<void> {
  await until(
    async () => ({ lost: lost(), shown: page.url() }),
    (now) => now.lost === wanted && BROKEN.test(now.shown),
  );
}

/**
 * Makes a browser that does not keep these cookies: their `Set-Cookie` headers are removed.
 * @param names matches the names of the cookies
 * @param from the addresses that would set them
 */
export async function keepNoCookies(
  sluice: Sluice,
  context: BrowserContext,
  names: RegExp,
  from: string | RegExp = "**/_sluice/shop/**",
): Promise<void> {
  await context.route(from, async (route) => {
    const answer = await sendDirectly(sluice, context, route);
    const kept = answer.headers.getSetCookie().filter((cookie) => !names.test(cookie));
    const headers = Object.fromEntries(answer.headers);
    delete headers["set-cookie"];
    delete headers["content-encoding"];
    delete headers["content-length"];
    if (kept.length > 0) headers["set-cookie"] = kept.join("\n");
    return route.fulfill({ status: answer.status, headers, body: answer.body });
  });
}

export function keepCookiesAgain(context: BrowserContext): Promise<void> {
  return context.unrouteAll({ behavior: "wait" });
}

export async function cookieIn(
  context: BrowserContext,
  kind: "ticket" | "admission" | "join",
  sale: string,
): Promise<string | undefined> {
  const name = `__Host-sluice-${kind}-${sale}`;
  return (await context.cookies()).find((cookie) => cookie.name === name)?.value;
}

export function forget(
  context: BrowserContext,
  kind: "ticket" | "admission",
  sale: string,
): Promise<void> {
  return context.clearCookies({ name: `__Host-sluice-${kind}-${sale}` });
}

export async function pressJoin(page: Page): Promise<void> {
  await page.getByRole("button", { name: /Join the line|Go in/ }).click();
}

/** How many joined a sale and were admitted, as soon as somebody was. */
export async function peopleIn(sluice: Sluice, sale: string) {
  const { tickets, claimed } = await until(
    () => auditOf(sluice, sale),
    (metrics) => metrics.tickets > 0 && metrics.claimed > 0,
  );
  return { tickets, claimed };
}
