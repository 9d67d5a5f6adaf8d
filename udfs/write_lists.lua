-- Writes each list that is newer than the stored one and not older than its user's erasure.
-- KEYS: n list keys, then the n tombstone keys of the same users. ARGV: time to live in ms, then n payloads.
-- Returns how many were {written, same, older, erased}. Only the head of a stored list is read.
local call, match, number = redis.call, string.match, tonumber
local head = '^{"v":%[(%d+),(%d+),(%d+)%]'
local count = #KEYS / 2
local ttl_ms = ARGV[1]
local erased_at = call('MGET', unpack(KEYS, count + 1))
local written, same, older, erased = 0, 0, 0, 0
for n = 1, count do
  local key, payload, erased_ms = KEYS[n], ARGV[n + 1], erased_at[n]
  local g, t, s = match(payload, head)
  if not s then
    return redis.error_reply('ERR a list must start with {"v":[g,t,s]')
  end
  g, t, s = number(g), number(t), number(s)
  if erased_ms and t <= number(erased_ms) then
    erased = erased + 1
  else
    local stored_g, stored_t, stored_s = match(call('GETRANGE', key, 0, 63), head)
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
return {written, same, older, erased}
