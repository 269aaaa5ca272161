/**
 * Sends an input and hands back what came: an answer, a connection that was closed, or silence.
 *
 * Well-formed requests share kept connections; raw ones have one each.
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
  /** Of a raw answer the body stands in `text`, too. */
  readonly headers: string;
  readonly text: string;
}

export type Reply =
  | Answered
  /** Hung up without an answer, or there was none in time. */
  | { readonly kind: "closed" | "silent"; readonly why: string };

export interface Sender {
  readonly send: (input: Input) => Promise<Reply>;
  readonly close: () => Promise<void>;
}

/** The runtime hangs up on a connection that was idle for five seconds. */
const KEEP_ALIVE_MS = 1000;
const ANSWER_WITHIN_MS = 30_000;
/** Somebody who has sent half a request is waited for; after this the client says it was all. */
const RAW_PATIENCE_MS = 100;
/** An answer whose length nobody tells is over when nothing has come for so long. */
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
      // A kept connection may have been closed at the very moment; a closed one twice is a verdict.
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
    // What the client itself refuses to send was never asked: the input is at fault.
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
      clearTimeout(patience);
      clearTimeout(limit);
      socket.destroy();
      const text = Buffer.concat(pieces).toString("latin1");
      resolve(text === "" ? { kind: "closed", why } : rawAnswer(text));
    };
    // Half closed at once, the runtime would think that nobody waits for the answer.
    let patience = setTimeout(() => socket.end(), RAW_PATIENCE_MS);
    const limit = setTimeout(() => {
      why = "silent";
      finish();
    }, RAW_WITHIN_MS);
    socket.on("data", (piece) => {
      pieces.push(piece);
      clearTimeout(patience);
      const isWhole = isWholeAnswer(Buffer.concat(pieces).toString("latin1"));
      patience = setTimeout(finish, isWhole ? 0 : RAW_PAUSE_MS);
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
  if (status === undefined) return { kind: "closed", why: `no HTTP: ${text.slice(0, 80)}` };
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const type = /^content-type: *(.*?)\r?$/im.exec(head)?.[1] ?? "";
  // More answers than one were asked for by what a request hid in itself; the worst one counts.
  const statuses = [...text.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map((match) => Number(match[1]));
  return {
    kind: "answered",
    status: Math.max(Number(status), ...statuses),
    type: type.trim(),
    headers: head,
    text: rest.join("\r\n\r\n"),
  };
}
