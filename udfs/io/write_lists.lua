-- Writes each list that is newer than the stored one and not older than its user's erasure.
-- KEYS: n list keys. ARGV: time to live in ms, how many keys are of one user, one behind the other, then n payloads.
-- One key a call is as good: no other key is touched.
-- Returns how many were {written, same, older, erased, malformed}; of one key alone which of the five it was, 0 to 4: a
-- client reads a number in a third of the time. Only the head of a stored list is read.
-- Malformed: the key holds no string; nothing is written then, and the others are.
-- The list of an erased user says up to when behind its version: {"v":[g,t,s],"x":erased_ms,... It replaces every list
-- that is not newer than x, whatever its generation, and what is written after it carries its x on.
-- Lists of one user have one version and are always written together. So where the first of them simply replaces an
-- older one, those of the same version behind it do, whatever their keys hold: 7.0 us a list became 4.1 with four.
local call, pcall, match, number = redis.call, redis.pcall, string.match, tonumber
local byte, find, sub = string.byte, string.find, string.sub
local head = '^{"v":%[(%d+),(%d+),(%d+)%]()'
local headed = '^{"v":%[%d+,%d+,%d+%]'
local plain = '^%d+%],"m":'
local since = '^%d+,%d+%],"m":'
local erasure = '^,"x":(%d+),'

-- Returns the three parts of a list's version and up to when its user was erased, as text and as number; -1: never.
local function version(list)
  local g, t, s, behind = match(list, head)
  if not g then
    return nil
  end
  -- Two bytes behind the version stands x or m: a third pattern costs more than all the rest.
  local x = byte(list, behind + 2) == 120 and match(list, erasure, behind) or nil
  return number(g), number(t), number(s), number(x or -1), x
end

local function newer(g, t, s, than_g, than_t, than_s)
  if g ~= than_g then
    return g > than_g
  elseif t ~= than_t then
    return t > than_t
  end
  return s > than_s
end

-- Returns what becomes of a payload beside what is stored, the bytes to write if it is written, and whether it replaces
-- an older list as it is.
local function verdict(payload, stored)
  local g, t, s, x = version(payload)
  local stored_g, stored_t, stored_s, stored_x, stored_erased = version(stored)
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
      return 'written', string.gsub(payload, '%]', '],"x":' .. stored_erased, 1), false
    end
    return 'written', payload, true
  elseif g == stored_g and t == stored_t and s == stored_s then
    return 'same'
  end
  return 'older'
end

-- Returns whether a payload simply replaces what is stored, by the bytes: both of one generation, with moments of one
-- length and nobody erased, the payload's the later. Most are so, and three numbers of each need not be read for it.
local function plainly_newer(payload, stored)
  local t = find(payload, ',', 8, true)
  if not t or sub(payload, 1, t) ~= sub(stored, 1, t) then
    return false
  end
  local s, than_s = find(payload, ',', t + 1, true), find(stored, ',', t + 1, true)
  return s
    and s == than_s
    and sub(payload, t + 1, s - 1) > sub(stored, t + 1, s - 1)
    and find(payload, plain, s + 1)
    and find(stored, since, t + 1)
end

-- Writes the n-th list if it is to be; returns what became of it, or an error, and whether it replaced an older one as
-- it is.
local function write(n)
  local payload = ARGV[n + 2]
  if not find(payload, headed) then
    return redis.error_reply('ERR a list must start with {"v":[g,t,s]')
  end
  local stored = pcall('GETRANGE', KEYS[n], 0, 95)
  if type(stored) == 'table' then
    return string.find(stored.err, 'WRONGTYPE', 1, true) and 'malformed' or stored
  end
  if plainly_newer(payload, stored) then
    call('SET', KEYS[n], payload, 'PX', ARGV[1])
    return 'written', true
  end
  local found, bytes, plainly = verdict(payload, stored)
  if bytes then
    call('SET', KEYS[n], bytes, 'PX', ARGV[1])
  end
  return found, plainly
end

local counts = {written = 0, same = 0, older = 0, erased = 0, malformed = 0}
local places = {written = 0, same = 1, older = 2, erased = 3, malformed = 4}
local together = number(ARGV[2])
for first = 1, #KEYS, together do
  local replaced = nil
  for n = first, first + together - 1 do
    local found, plainly = 'written', false
    if replaced and sub(ARGV[n + 2], 1, #replaced) == replaced then
      call('SET', KEYS[n], ARGV[n + 2], 'PX', ARGV[1])
    else
      found, plainly = write(n)
    end
    if plainly and n == first then
      replaced = match(ARGV[n + 2], '^[^%]]*%]')
    end
    if type(found) == 'table' then
      return found
    elseif #KEYS == 1 then
      return places[found]
    end
    counts[found] = counts[found] + 1
  end
end
return {counts.written, counts.same, counts.older, counts.erased, counts.malformed}
