/** Bodies of answers from outside are read up to a limit, so none can fill the memory. */

/** Null for a longer body, of which no more is read. */
export async function readUpTo({ body }: Response, bytesMax: number): Promise<string | null> {
  if (body === null) return "";
  const decoder = new TextDecoder();
  let [text, bytes] = ["", 0];
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) return null;
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
