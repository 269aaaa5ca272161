/**
 * The REST front is compatible with Upstash: the unchanged client of `@upstash/redis` uses a real
 * Redis through it, and gets the mishaps that a test chooses.
 */
import { Redis } from "@upstash/redis/cloudflare";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { needRedis, REST_TOKEN, startTestRedis, sure, type TestRedis } from "./support/redis.ts";

let redis: TestRedis | null = null;

beforeAll(async () => {
  redis = await startTestRedis();
});
beforeEach(async (context) => {
  needRedis(context);
  sure(redis).front.mishapFor = () => null;
  await sure(redis).direct.flushall();
});
afterAll(() => redis?.stop());

function client(change: Partial<ConstructorParameters<typeof Redis>[0]> = {}): Redis {
  const { url } = sure(redis).front;
  return new Redis({ url, token: REST_TOKEN, retry: { retries: 0 }, ...change });
}

test.each(["base64", false] as const)("commands and their replies, encoded as %s", async (how) => {
  const upstash = client({ responseEncoding: how });
  expect(await upstash.set("a", "OK")).toBe("OK");
  expect(await upstash.get("a")).toBe("OK");
  expect(await upstash.get("nothing")).toBeNull();
  expect(await upstash.incrby("n", 7)).toBe(7);
  await upstash.hset("h", { field: "Größe 42 → ✓", other: 1 });
  expect(await upstash.hgetall("h")).toEqual({ field: "Größe 42 → ✓", other: 1 });
  expect(await upstash.eval("return {KEYS[1], ARGV[1], {'deep', 3}, 4}", ["k"], ["v"])).toEqual([
    "k",
    "v",
    ["deep", 3],
    4,
  ]);
});

test("pipelines, auto-pipelined commands and transactions", async () => {
  const upstash = client({ enableAutoPipelining: true });
  const [, one, list] = await Promise.all([
    upstash.set("x", "1"),
    upstash.incr("y"),
    upstash.rpush("l", "a", "b"),
  ]);
  expect([one, list]).toEqual([1, 2]);
  const pipeline = client().pipeline().get("x").lrange("l", 0, -1).incr("y");
  expect(await pipeline.exec()).toEqual([1, ["a", "b"], 2]);
  expect(await client().multi().set("z", "3").get("z").exec()).toEqual(["OK", 3]);
});

test("a transaction that Redis discards changes nothing", async () => {
  const { url } = sure(redis).front;
  const answer = await fetch(`${url}/multi-exec`, {
    method: "POST",
    headers: { authorization: `Bearer ${REST_TOKEN}` },
    body: JSON.stringify([
      ["SET", "z", "1"],
      ["SET", "z"],
    ]),
  });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toHaveProperty("error");
  expect(await sure(redis).direct.get("z")).toBeNull();
});

test("a script is run by its hash, and with its text if Redis does not have it", async () => {
  const seen: string[] = [];
  sure(redis).front.mishapFor = (commands) => {
    seen.push(...commands.map(([name]) => name));
    return null;
  };
  await sure(redis).direct.script("FLUSH");
  const script = client().createScript<string>("return ARGV[1]");
  expect(await script.exec([], ["hello"])).toBe("hello");
  expect(await script.exec([], ["again"])).toBe("again");
  expect(seen).toEqual(["evalsha", "eval", "evalsha"]);
});

test("a wrong token is refused, and a wrong command with Redis's own message", async () => {
  await expect(client({ token: "wrong" }).get("a")).rejects.toThrow("Unauthorized");
  await sure(redis).direct.set("text", "abc");
  await expect(client().incr("text")).rejects.toThrow("not an integer");
});

test.each([
  ["no JSON", "/", "{"],
  ["no command", "/", "[]"],
  ["no list of commands", "/pipeline", '["GET","a"]'],
  ["another path", "/set/a/b", '["GET","a"]'],
])("a request with %s is refused", async (_, path, body) => {
  const { url } = sure(redis).front;
  const headers = { authorization: `Bearer ${REST_TOKEN}` };
  const answer = await fetch(url + path, { method: "POST", headers, body });
  expect(answer.status).toBe(400);
});

test.each([
  ["lose_request", "fetch failed"],
  ["lose_answer", "fetch failed"],
  ["silence", "aborted due to timeout"],
  ["nonsense", "Unable to parse"],
  ["server_error", "ERR internal"],
] as const)("%s: the client fails with %j", async (how, message) => {
  sure(redis).front.mishapFor = () => how;
  const upstash = client({ signal: () => AbortSignal.timeout(200) });
  await expect(upstash.incr("n")).rejects.toThrow(message);
  expect(await sure(redis).direct.get("n")).toBe(how === "lose_request" ? null : "1");
});
