-- Writes each list that is newer than the stored one and not older than its user's erasure.
-- KEYS: n list keys, then the n tombstone keys of the same users. ARGV: time to live in ms, then n payloads.
-- Returns how many were {written, same, older, erased, malformed}. Only the head of a stored list is read.
-- Malformed: the key holds no string, or its tombstone is no time; nothing is written then, and the others are.
local call, pcall, match, number = redis.call, redis.pcall, string.match, tonumber
local head = '^{"v":%[(%d+),(%d+),(%d+)%]'
local count = #KEYS / 2
local ttl_ms = ARGV[1]
local erased_at = call('MGET', unpack(KEYS, count + 1))
local written, same, older, erased, malformed = 0, 0, 0, 0, 0
for n = 1, count do
  local key, payload, erased_ms = KEYS[n], ARGV[n + 1], erased_at[n]
  local g, t, s = match(payload, head)
  if not s then
    return redis.error_reply('ERR a list must start with {"v":[g,t,s]')
  end
  g, t, s = number(g), number(t), number(s)
  local stored = ''
  if erased_ms and not match(erased_ms, '^%d+$') then
    stored = nil
  elseif erased_ms and t <= number(erased_ms) then
    erased = erased + 1
    stored = false
  else
    stored = pcall('GETRANGE', key, 0, 63)
    if type(stored) == 'table' then
      if not string.find(stored.err, 'WRONGTYPE', 1, true) then
        return stored
      end
      stored = nil
    end
  end
  if stored == nil then
    malformed = malformed + 1
  elseif stored then
    local stored_g, stored_t, stored_s = match(stored, head)
    local newer = true
    if stored_g then
      stored_g, stored_t, stored_s = number(stored_g), number(stored_t), number(stored_s)
      if g ~= stored_g then
        newer = g > stored_g
      elseif t ~= stored_t then
        newer = t > stored_t
      else
        newer = s > stored_s
      end
    end
    if newer then
      call('SET', key, payload, 'PX', ttl_ms)
      written = written + 1
    elseif g == stored_g and t == stored_t and s == stored_s then
      same = same + 1
    else
      older = older + 1
    end
  end
end
return {written, same, older, erased, malformed}
