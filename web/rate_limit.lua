-- One round trip for all that the gate asks Redis: the rate limit (exact: no window of this length, wherever it
-- starts, holds more requests than the limit), the usage counts, and whether a signature was seen before.
--
-- KEYS: 1 the key's accepted requests (sorted set by microsecond), 2 its usage counter, 3 the set of counters to drain,
--       4 the signature, 5 the key's version
-- ARGV: 1 limit, 2 window in microseconds, 3 endpoint, 4 key id, 5 seconds to remember the signature (0: there is none)
-- Returns: accepted (1 or 0), requests left, microseconds until one more is free, signature seen before (1 or 0),
--          the key's version (nil: it did not change lately)

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local version = redis.call('GET', KEYS[5])
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - window))
local used = redis.call('ZCARD', KEYS[1])
local accepted = used < limit
if accepted then
    local stamp = string.format('%.0f', now)
    redis.call('ZADD', KEYS[1], stamp, stamp .. '-' .. used)
    redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
    used = used + 1
end
local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
local free_in = tonumber(oldest[2]) + window - now
if not accepted then
    return {0, 0, free_in, 0, version}
end

-- The first count since the counter was last drained, which took the key off the set of those to drain.
if redis.call('HINCRBY', KEYS[2], 'n', 1) == 1 then
    redis.call('HSET', KEYS[2], 'first', time[1])
    redis.call('SADD', KEYS[3], ARGV[4])
end
redis.call('HSET', KEYS[2], 'last', time[1], 'endpoint', ARGV[3])

local seen = 0
if ARGV[5] ~= '0' and not redis.call('SET', KEYS[4], '1', 'NX', 'EX', ARGV[5]) then
    seen = 1
end
return {1, limit - used, free_in, seen, version}
