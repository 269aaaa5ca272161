/**
 * Sends an input and returns the result: an answer, a closed connection, or no answer in time.
 *
 * Well-formed requests share persistent connections; raw ones have one each.
 */
import { connect } from "node:net";
import { Pool } from "undici";
import { z } from "zod";
import { errorText } from "../../src/encoding/error-text.ts";
import { LOOPBACK } from "../host/ports.ts";
import type { HttpRequest, Input, RawRequest } from "./input.ts";

export interface Answered {
  readonly kind: "answered";
  readonly status: number;
  readonly type: string;
  /** Headers as text. */
  readonly headers: string;
  readonly text: string;
}

export type Reply =
  | Answered
  /** `closed`: the connection was closed without an answer. `silent`: there was none in time. */
  | { readonly kind: "closed" | "silent"; readonly why: string };

export interface Sender {
  readonly send: (input: Input) => Promise<Reply>;
  readonly close: () => Promise<void>;
}

/** Less than the five seconds after which the runtime closes an idle connection. */
const KEEP_ALIVE_MS = 1000;
const ANSWER_WITHIN_MS = 30_000;
/** The client then ends its side, because the runtime waits for the rest of a partial request. */
const RAW_END_AFTER_MS = 100;
/** An answer without a length counts as complete when nothing has arrived for this time. */
const RAW_PAUSE_MS = 250;
const RAW_WITHIN_MS = 5000;

export function createSender(url: string, connections: number): Sender {
  const pool = new Pool(url, {
    connections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout: ANSWER_WITHIN_MS,
    bodyTimeout: ANSWER_WITHIN_MS,
  });
  const port = Number(new URL(url).port);
  return {
    send: async ({ request }) => {
      if (request.kind === "raw") return sendRaw(port, request);
      const reply = await sendHttp(pool, request);
      // A persistent connection may just have been closed, so only a second failure counts.
      return reply.kind === "closed" ? sendHttp(pool, request) : reply;
    },
    close: () => pool.destroy(),
  };
}

const codedError = z.object({ code: z.string() });

async function sendHttp(
  pool: Pool,
  { method, target, headers, body }: HttpRequest,
): Promise<Reply> {
  try {
    const answer = await pool.request({ method, path: target, headers: headers.flat(), body });
    const text = await answer.body.text();
    const { "content-type": type, ...others } = answer.headers;
    return {
      kind: "answered",
      status: answer.statusCode,
      type: typeof type === "string" ? type : "",
      headers: JSON.stringify(others),
      text,
    };
  } catch (error) {
    const coded = codedError.safeParse(error);
    const code = coded.success ? coded.data.code : "";
    // The client refused to send the request, so the input is wrong and not the answer.
    if (code.startsWith("UND_ERR_INVALID_ARG") || code === "") throw error;
    return {
      kind: code.endsWith("TIMEOUT") ? "silent" : "closed",
      why: `${code} ${errorText(error)}`,
    };
  }
}

function sendRaw(port: number, { bytes }: RawRequest): Promise<Reply> {
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let why = "closed without an answer";
    const socket = connect({ port, host: LOOPBACK });
    const finish = (): void => {
      clearTimeout(pause);
      clearTimeout(limit);
      socket.destroy();
      const text = Buffer.concat(pieces).toString("latin1");
      resolve(text === "" ? { kind: "closed", why } : rawAnswer(text));
    };
    // Not at once: the runtime would assume that the client does not wait for the answer.
    let pause = setTimeout(() => socket.end(), RAW_END_AFTER_MS);
    const limit = setTimeout(() => {
      why = "silent";
      finish();
    }, RAW_WITHIN_MS);
    socket.on("data", (piece) => {
      pieces.push(piece);
      clearTimeout(pause);
      const isWhole = isWholeAnswer(Buffer.concat(pieces).toString("latin1"));
      pause = setTimeout(finish, isWhole ? 0 : RAW_PAUSE_MS);
    });
    socket.on("error", (error) => {
      why = error.message;
    });
    socket.on("close", finish);
    socket.write(bytes);
  });
}

function isWholeAnswer(text: string): boolean {
  const length = /^content-length: *(\d+)\r?$/im.exec(text)?.[1];
  const bodyAt = text.indexOf("\r\n\r\n") + 4;
  return length !== undefined && bodyAt >= 4 && text.length >= bodyAt + Number(length);
}

function rawAnswer(text: string): Reply {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  if (status === undefined) return { kind: "closed", why: `not HTTP: ${text.slice(0, 80)}` };
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const type = /^content-type: *(.*?)\r?$/im.exec(head)?.[1] ?? "";
  // A request that contains another one gets several answers; the highest status counts.
  const statuses = [...text.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map((match) => Number(match[1]));
  return {
    kind: "answered",
    status: Math.max(Number(status), ...statuses),
    type: type.trim(),
    headers: head,
    text: rest.join("\r\n\r\n"),
  };
}
