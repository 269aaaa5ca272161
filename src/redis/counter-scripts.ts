/**
 * The Lua scripts that move units in a merchant's Redis. Redis runs a script atomically.
 *
 * Guarantee: a script that changes a counter also stores the outcome under the transfer's name (the
 * seal). For a name with a seal it returns the seal and changes nothing. Everything that can fail
 * is checked before the first write, because Redis does not roll back a script that failed.
 *
 * KEYS[1] is the merchant's counter, KEYS[2] the hash of seals; ARGV[1] is the transfer's name.
 */

/** `count` is the counter as text, or false with the reason in `why`. */
const READ_COUNTER = `
local count, why = false, nil
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then why = 'key_not_found'
elseif kind ~= 'string' then why = 'not_a_count'
else
  count = redis.call('GET', KEYS[1])
  -- A Lua number is exact up to fifteen digits, and no stock is larger.
  if #count > 16 or not string.match(count, '^-?%d+$') then count, why = false, 'not_a_count' end
end
`;

const KNOWN_SEAL = `
local seal = redis.call('HGET', KEYS[2], ARGV[1])
if seal then return {'sealed', seal} end
`;

/** Takes ARGV[2] units off the counter. A refusal is sealed too, so a repeat cannot succeed. */
export const TAKE_SCRIPT = `${KNOWN_SEAL}${READ_COUNTER}
if not count then seal = 'refused ' .. why
elseif tonumber(count) < tonumber(ARGV[2]) then seal = 'refused not_enough ' .. count
else
  redis.call('DECRBY', KEYS[1], ARGV[2])
  seal = 'taken ' .. ARGV[2]
end
redis.call('HSET', KEYS[2], ARGV[1], seal)
return {'sealed', seal}
`;

/** Adds ARGV[2] units to the counter, and creates it if it was deleted meanwhile. */
export const GIVE_SCRIPT = `${KNOWN_SEAL}${READ_COUNTER}
if why == 'not_a_count' then return {'blocked', why} end
redis.call('INCRBY', KEYS[1], ARGV[2])
seal = 'given ' .. ARGV[2]
redis.call('HSET', KEYS[2], ARGV[1], seal)
return {'sealed', seal}
`;

/** Checks whether units could be added to the counter under this name. Read only. */
export const CHECK_SCRIPT = `${KNOWN_SEAL}${READ_COUNTER}
if why then return {'blocked', why} end
return {'free', count}
`;

/** Returns the counter and the seals of all names in ARGV; an empty text for a missing one. */
export const RECALL_SCRIPT = `${READ_COUNTER}
local answer = {count or ''}
for i, name in ipairs(ARGV) do answer[i + 1] = redis.call('HGET', KEYS[2], name) or '' end
return answer
`;
