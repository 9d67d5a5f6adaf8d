-- Writes each list that is newer than the stored one and not older than its user's erasure.
-- KEYS: n list keys. ARGV: time to live in ms, then n payloads. One key a call is as good: no other key is touched.
-- Returns how many were {written, same, older, erased, malformed}; of one key alone which of the five it was, 0 to 4: a
-- client reads a number in a third of the time. Only the head of a stored list is read.
-- Malformed: the key holds no string; nothing is written then, and the others are.
-- The list of an erased user says up to when behind its version: {"v":[g,t,s],"x":erased_ms,... It replaces every list
-- that is not newer than x, whatever its generation, and what is written after it carries its x on.
local call, pcall, match, number = redis.call, redis.pcall, string.match, tonumber
local head = '^{"v":%[(%d+),(%d+),(%d+)%]'
local erasure = '^{"v":%[%d+,%d+,%d+%],"x":(%d+),'

local function version(list)
  local g, t, s = match(list, head)
  return number(g), number(t), number(s), number(match(list, erasure) or -1)
end

local function newer(g, t, s, than_g, than_t, than_s)
  if g ~= than_g then
    return g > than_g
  elseif t ~= than_t then
    return t > than_t
  end
  return s > than_s
end

-- Returns what becomes of a payload beside what is stored, and the bytes to write if it is written.
local function verdict(payload, stored)
  local g, t, s, x = version(payload)
  local stored_g, stored_t, stored_s, stored_x = version(stored)
  if not stored_g then
    return 'written', payload
  elseif t <= stored_x and x < stored_x then
    return 'erased'
  elseif x > stored_x then
    if stored_t > x then
      return 'older'
    end
    if stored_g > g then
      payload = string.gsub(payload, '%d+', match(stored, head), 1)
    end
    return 'written', payload
  elseif newer(g, t, s, stored_g, stored_t, stored_s) then
    if stored_x > x then
      payload = string.gsub(payload, '%]', '],"x":' .. match(stored, erasure), 1)
    end
    return 'written', payload
  elseif g == stored_g and t == stored_t and s == stored_s then
    return 'same'
  end
  return 'older'
end

local counts = {written = 0, same = 0, older = 0, erased = 0, malformed = 0}
local places = {written = 0, same = 1, older = 2, erased = 3, malformed = 4}
for n = 1, #KEYS do
  local payload = ARGV[n + 1]
  if not match(payload, head) then
    return redis.error_reply('ERR a list must start with {"v":[g,t,s]')
  end
  local stored = pcall('GETRANGE', KEYS[n], 0, 95)
  local found, bytes = 'malformed', nil
  if type(stored) ~= 'table' then
    found, bytes = verdict(payload, stored)
  elseif not string.find(stored.err, 'WRONGTYPE', 1, true) then
    return stored
  end
  if bytes then
    call('SET', KEYS[n], bytes, 'PX', ARGV[1])
  end
  if #KEYS == 1 then
    return places[found]
  end
  counts[found] = counts[found] + 1
end
return {counts.written, counts.same, counts.older, counts.erased, counts.malformed}
