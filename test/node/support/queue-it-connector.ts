/**
 * Queue-it's own connector, configured as on a shop's server: its answer to a request.
 */
import { createHmac } from "node:crypto";
import { KnownUser, QueueEventConfig, QueueParameterHelper } from "@queue-it/connector-javascript";

export const QUEUE_IT_SECRET =
  "9b7ac2f3c4e1458ea2f1d1c3b6a7e8f90112233445566778899aabbccddeeff0011223";
export const QUEUE_DOMAIN = "acme.queue-it.example";

export interface ConnectorRequest {
  /** Without the token. */
  readonly url: string;
  readonly token: string;
  readonly cookies?: Readonly<Record<string, string>>;
}

export interface ConnectorAnswer {
  /** Where the connector redirects the shopper; null admits them. */
  readonly sendsTo: string | null;
  /** Cookies it sets, decoded. */
  readonly cookies: Readonly<Record<string, string>>;
}

interface Setting {
  readonly eventId: string;
  readonly extendCookieValidity?: boolean;
}

export async function askConnector(
  { url, token, cookies = {} }: ConnectorRequest,
  { eventId, extendCookieValidity = true }: Setting,
): Promise<ConnectorAnswer> {
  const set: Record<string, string> = {};
  const event = new QueueEventConfig(
    eventId,
    [],
    "",
    "en-GB",
    QUEUE_DOMAIN,
    null,
    extendCookieValidity,
    20,
    "",
    true,
    true,
    1,
  );
  const answer = await KnownUser.resolveQueueRequestByLocalConfig(
    url,
    token,
    event,
    "acme",
    QUEUE_IT_SECRET,
    {
      getHttpRequest: () => ({
        getUserAgent: () => "a browser",
        getHeader: () => "",
        getAbsoluteUri: () => url,
        getUserHostAddress: () => "203.0.113.7",
        getCookieValue: (name) => cookies[name],
        getRequestBodyAsString: () => "",
      }),
      getHttpResponse: () => ({
        setCookie: (name, value) => {
          set[name] = value;
        },
      }),
      getCryptoProvider: () => ({
        getSha256Hash: (secret, text) => createHmac("sha256", secret).update(text).digest("hex"),
      }),
      getEnqueueTokenProvider: () => null,
    },
    null,
  );
  return { sendsTo: answer.doRedirect() ? answer.redirectUrl : null, cookies: set };
}

/** The values that the connector reads from a token. */
export function readToken(token: string) {
  const read = QueueParameterHelper.extractQueueParams(token);
  if (read === null) throw new Error(`the connector cannot read ${token}`);
  return read;
}
