-- Makes the event out of Falco's line, with CLUSTER, CHANNEL and NODE_FIELD set above.
-- The line stays text: nothing of Falco's JSON changes, and nothing is spent on taking it apart.

local LONGEST = 1048576 -- CloudWatch Logs takes no longer event

local default_node = os.getenv("NODE_NAME") or os.getenv("HOSTNAME") or "unknown"
local prefixes = {}

local function prefix(node)
  if prefixes[node] == nil then
    local name = string.gsub(node, '[%c"\\]', function(c) return string.format("\\u%04x", string.byte(c)) end)
    prefixes[node] = '{"cluster":' .. string.sub(CLUSTER, 1, -2) .. ',"node":"' .. name .. '"},'
  end
  return prefixes[node]
end

local part_id, parts, length = nil, {}, 0

-- Docker cuts a line at 16 KiB and numbers the parts; nil while the last one is not there.
local function whole(record)
  if record.partial_message ~= "true" then
    return record.log
  end
  if record.partial_id ~= part_id then
    part_id, parts, length = record.partial_id, {}, 0
  end
  length = length + string.len(record.log)
  if length <= LONGEST then
    parts[#parts + 1] = record.log
  end
  if record.partial_last ~= "true" then
    return nil
  end
  local line = table.concat(parts)
  part_id, parts, length = nil, {}, 0
  return line
end

-- Whether "rule" is a key. Looks for plain text first, which is many times quicker than a pattern, and quicker
-- still from a letter than from one of JSON's many quotes.
local function has_rule(line)
  local first, last = string.find(line, 'rule"', 1, true)
  while first ~= nil do
    if string.byte(line, first - 1) == 34 and string.find(line, "^%s*:", last + 1) ~= nil then -- "
      return true
    end
    first, last = string.find(line, 'rule"', last + 1, true)
  end
  return false
end

-- Falco prints text, too, and a killed one half an event.
local function is_event(line)
  return type(line) == "string"
    and string.byte(line) == 123 -- {
    and string.byte(line, -1) == 125 -- }
    and has_rule(line)
end

local midnight = { date = "", seconds = 0 }

-- Seconds from 1970 to the start of a day in UTC, whatever the container's time zone.
local function seconds_to(date)
  if midnight.date ~= date then
    local year, month, day = string.match(date, "(%d+)-(%d+)-(%d+)")
    year, month, day = tonumber(year), tonumber(month), tonumber(day)
    if month <= 2 then
      year, month = year - 1, month + 12
    end
    local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
    local days = 365 * year + leap_days + math.floor((153 * month - 457) / 5) + day - 719469
    midnight = { date = date, seconds = days * 86400 }
  end
  return midnight.seconds
end

local TIME = '"time"%s*:%s*"(%d%d%d%d%-%d%d%-%d%d)T(%d%d):(%d%d):(%d%d)%.?(%d*)Z"'
local TIME_LAST = TIME .. "%s*}$"

-- Falco's own time of the event: its last key, or else wherever it is.
local function time_of(line)
  local date, hours, minutes, seconds, fraction = string.match(string.sub(line, -50), TIME_LAST)
  if date == nil then
    date, hours, minutes, seconds, fraction = string.match(line, TIME)
  end
  if date == nil then
    return nil
  end
  return {
    sec = seconds_to(date) + hours * 3600 + minutes * 60 + seconds,
    nsec = tonumber(string.sub(fraction .. "000000000", 1, 9)),
  }
end

function make_event(tag, timestamp, record)
  if record[CHANNEL] ~= "stdout" then
    return -1, 0, 0
  end
  local line = whole(record)
  if not is_event(line) then
    return -1, 0, 0
  end
  local node = record[NODE_FIELD] or default_node
  local event = { event = prefix(node) .. string.sub(line, 2), node = node }
  return 1, time_of(line) or timestamp, event
end
