/**
 * A shop on Node: answers which page a request is for, as common code on Node finds it.
 *
 * The port is the first argument. `X-Page` of an answer has the pages that each way of reading
 * `req.url` leads to.
 */
import { createServer } from "node:http";
import { posix } from "node:path";
import { parse, URL } from "node:url";

/** @param {string} target */
function decoded(target) {
  try {
    return decodeURIComponent(target);
  } catch {
    return target;
  }
}

/** @param {string} target */
function pagesOf(target) {
  const [path = ""] = target.split("?");
  const found = [path, decoded(path), posix.normalize(decoded(path))];
  const standard = URL.parse(target, "http://shop.example")?.pathname;
  if (standard !== undefined) found.push(standard, decoded(standard), posix.normalize(standard));
  try {
    // Old, and used by many servers all the same.
    const { pathname } = parse(target);
    if (pathname !== null) found.push(pathname, decoded(pathname));
  } catch {
    // Not a URL to it.
  }
  return [...new Set(found)];
}

createServer((request, response) => {
  const pages = pagesOf(request.url ?? "").map((page) => encodeURIComponent(page));
  response.writeHead(200, { "X-Page": pages.join(" ") }).end();
}).listen(Number(process.argv[2]), "127.0.0.1");
