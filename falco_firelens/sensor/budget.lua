-- Ships at most BUDGET events of one rule and workload in a minute, and says how many it has left out: in the next event
-- of that rule and workload, or, where none comes, in one of our own. Critical and higher events and Falco's own always
-- pass.

local MINUTE = 60
local SILENCE = 600 -- seconds after which no next event is waited for
local MOST_KEYS = 1024 -- rules and workloads that are counted at a time; events of others pass
local GRAVEST = { Emergency = true, Alert = true, Critical = true }
local WORKLOADS = { "k8s%.pod%.uid", "ecs%.task%.arn", "container%.id" } -- as patterns

local counts, keys = {}, 0
local next_sweep = 0

local function workload_of(line)
  for _, key in ipairs(WORKLOADS) do
    local found = text_of(line, key)
    if found ~= nil and found ~= "" then
      return found
    end
  end
  return "unknown"
end

-- Forgets what is over, once a minute, or sooner where there is no more room.
local function sweep(now)
  if now < next_sweep and now >= next_sweep - MINUTE then
    return
  end
  next_sweep = now + MINUTE
  for key, count in pairs(counts) do
    local age = now - count.since
    if age >= SILENCE or age < 0 or (age >= MINUTE and count.left_out == 0) then
      if count.left_out > 0 then
        aside[#aside + 1] = { left_out = count.left_out, rule = count.rule, workload = count.workload }
      end
      counts[key] = nil
      keys = keys - 1
    end
  end
end

local function count_of(line, rule, now)
  local workload = workload_of(line)
  local key = rule .. "\n" .. workload
  if counts[key] == nil then
    if keys >= MOST_KEYS then
      return nil
    end
    counts[key] = { rule = rule, workload = workload, since = now, shipped = 0, left_out = 0 }
    keys = keys + 1
  end
  return counts[key]
end

-- The line, which may say how many were left out before it, or nil where it is left out itself.
local function within_budget(line)
  local priority, rule = text_of(line, "priority"), text_of(line, "rule")
  if priority == nil or rule == nil or GRAVEST[priority] or text_of(line, "source") == "internal" then
    return line
  end
  local now = os.time()
  local count = count_of(line, rule, now)
  if count == nil then
    return line
  end
  if now - count.since >= MINUTE or now < count.since then
    count.since, count.shipped = now, 0
  end
  if count.shipped >= BUDGET then
    count.left_out = count.left_out + 1
    return nil
  end
  count.shipped = count.shipped + 1
  if count.left_out > 0 then
    local changed, added = with_field(line, "event.left_out", count.left_out)
    if added then
      count.left_out = 0
    end
    return changed
  end
  return line
end
