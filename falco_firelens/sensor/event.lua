-- Makes the event out of Falco's line, which the reader's `read` gives. CLUSTER, NODE_FIELD, LONGEST, PARSED,
-- NOT_WHOLE, BUDGET and LEFT_OUT are set above.
-- The line stays text: nothing of Falco's JSON changes, and nothing is spent on taking it apart. An event that cannot
-- arrive whole is reported by one of our own.

local KEPT = 4096 -- bytes of each text of an event that is too long
local SHOWN = 1024 -- bytes of a lost event that are reported

local FORGED = "a line that names its cluster itself, which Falco does not"

local default_node = os.getenv("NODE_NAME") or os.getenv("HOSTNAME") or "unknown"
local prefixes = {}

-- Text within JSON's quotes.
local function json_text(text)
  return (string.gsub(text, '[%c"\\]', function(c) return string.format("\\u%04x", string.byte(c)) end))
end

local function prefix(node)
  if prefixes[node] == nil then
    prefixes[node] = '{"cluster":' .. string.sub(CLUSTER, 1, -2) .. ',"node":"' .. json_text(node) .. '"},'
  end
  return prefixes[node]
end

-- How many bytes Fluent Bit's outputs count: each event is a text in JSON, with what is not ASCII as \uXXXX or, where it
-- was parsed, \\uXXXX. flb_utils_write_str_escaped in src/flb_utils.c, truncate_log in
-- plugins/out_cloudwatch_logs/cloudwatch_api.c of Fluent Bit's source.
local function counted(text)
  local function count(pattern) return select(2, string.gsub(text, pattern, "")) end
  local two = count("[\194-\223][\128-\191]")
  local three = count("[\224-\239][\128-\191][\128-\191]")
  local four = count("[\240-\244][\128-\191][\128-\191][\128-\191]")
  local strange = count("[\128-\255]") - 2 * two - 3 * three - 4 * four
  local escaped = two + three + 2 * four + count("%c") + strange
  local width = PARSED and 7 or 6
  return #text + count('["\\]') + width * escaped - 2 * two - 3 * three - 4 * four - strange - count("%c")
end

-- Whether Fluent Bit's outputs send it whole. No character is counted more than seven times.
local function fits(text)
  return #text * 7 <= LONGEST or counted(text) <= LONGEST
end

-- Whether a key of the line itself could stand for ours in some destination, where the last of two keys wins. Falco writes
-- no such key: somebody else has written into the log. Glue's reader takes upper and lower case for the same, and Fluent
-- Bit's own (u8_read_escape_sequence in src/flb_utf8.c) reads more escapes than JSON has, so no key may have any.
local function is_forged(line)
  if not string.find(line, "\\", 1, true) and not string.find(string.lower(line), 'cluster"', 1, true) then
    return false
  end
  local depth, at = 0, 1
  while true do
    local found = string.find(line, '["{}%[%]]', at)
    if found == nil then
      return false
    end
    local byte = string.byte(line, found)
    if byte == 34 then
      local last = closing(line, found + 1)
      if last == nil then
        return false
      end
      if depth == 1 and string.find(line, "^%s*:", last + 1) then
        local key = string.lower(string.sub(line, found + 1, last - 1))
        if key == "cluster" or string.find(key, "\\", 1, true) then
          return true
        end
      end
      at = last + 1
    else
      depth = depth + ((byte == 123 or byte == 91) and 1 or -1)
      at = found + 1
    end
  end
end

-- As many bytes of a text of JSON, but neither half an escape nor half a character at the end.
local function beginning(text, length)
  local at = 1
  while true do
    local escape = string.find(text, "\\", at, true)
    if escape == nil or escape > length then
      break
    end
    local width = string.find(text, "^u[dD][89aAbB]", escape + 1) and 12 or string.byte(text, escape + 1) == 117 and 6 or 2
    if escape + width - 1 > length then
      length = escape - 1
      break
    end
    at = escape + width
  end
  while length > 0 and string.find(text, "^[\128-\191]", length + 1) do
    length = length - 1
  end
  return string.sub(text, 1, length)
end

-- The event with each long text cut; what it was is in its fields.
local function shortened(line)
  local kept, from = {}, 1
  local first = string.find(line, '"', 1, true)
  while first ~= nil do
    local last = closing(line, first + 1)
    if last == nil then
      return line
    end
    if last - first - 1 > KEPT then
      kept[#kept + 1] = string.sub(line, from, first)
      kept[#kept + 1] = beginning(string.sub(line, first + 1, last - 1), KEPT) .. " [shortened]"
      from = last
    end
    first = string.find(line, '"', last + 1, true)
  end
  kept[#kept + 1] = string.sub(line, from)
  return (with_field(table.concat(kept), "event.shortened_from", #line))
end

-- What can still be read of an event, as JSON: priority, rule, time.
local function known(text)
  local function value(key)
    local found = text_of(text, key)
    return found and '"' .. found .. '"' or "null"
  end
  return value("priority"), value("rule"), value("time")
end

-- An event of our own. `fields` are those of `output_fields`, as JSON.
local function own_event(node, output, fields, priority, rule)
  return prefix(node)
    .. '"hostname":"' .. json_text(node)
    .. '","output":"' .. output
    .. '","output_fields":{' .. fields
    .. '},"priority":"' .. priority
    .. '","rule":"' .. rule
    .. '","source":"internal","tags":[],"time":"' .. os.date("!%Y-%m-%dT%H:%M:%S") .. '.000000000Z"}'
end

-- Reports an event that does not arrive, or not whole.
local function not_whole(node, what, reason, text, bytes)
  local priority, rule, time = known(text)
  local name = rule == "null" and "unknown rule" or string.sub(rule, 2, -2)
  local fields = '"event.bytes":' .. bytes
    .. ',"event.priority":' .. priority
    .. ',"event.reason":"' .. reason
    .. '","event.rule":' .. rule
    .. ',"event.text":"' .. json_text(string.gsub(string.sub(text, 1, SHOWN), "[\128-\255]", "?"))
    .. '","event.time":' .. time
    .. ',"event.what":"' .. what .. '"'
  local output = "An event was " .. what .. ": " .. reason .. " | rule=" .. name .. " bytes=" .. bytes
  return own_event(node, output, fields, "Error", NOT_WHOLE)
end

-- Reports events that were left out, after which none came that could say so.
local function left_out(node, one)
  local fields = '"event.left_out":' .. one.left_out
    .. ',"event.rule":"' .. one.rule
    .. '","event.workload":"' .. one.workload .. '"'
  local output = "Events were left out: more than the budget | rule=" .. one.rule .. " count=" .. one.left_out
  return own_event(node, output, fields, "Notice", LEFT_OUT)
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

-- The records for one line, none where it is no event.
local function records(node, line)
  if not is_event(line) then
    return {}
  end
  if is_forged(line) then
    return { { event = not_whole(node, "lost", FORGED, line, #line), node = node } }
  end
  local event = prefix(node) .. string.sub(line, 2)
  if fits(event) then
    return { { event = event, node = node } }
  end
  event = prefix(node) .. string.sub(shortened(line), 2)
  if fits(event) then
    return {
      { event = event, node = node },
      { event = not_whole(node, "shortened", TOO_LONG, line, #line), node = node },
    }
  end
  return { { event = not_whole(node, "lost", TOO_LONG, line, #line), node = node } }
end

-- The line, if it is not an event beyond its budget.
local function allowed(line)
  if BUDGET == nil or not is_event(line) then
    return line
  end
  return within_budget(line)
end

function make_event(tag, timestamp, record)
  local node = record[NODE_FIELD] or default_node
  if BUDGET ~= nil then
    sweep(os.time())
  end
  local line = allowed(read(record))
  if #aside == 0 and (line == nil or #line * 7 + 4096 <= LONGEST) then
    if line == nil or not is_event(line) then
      return -1, timestamp, 0
    end
    if is_forged(line) then
      return 1, timestamp, { event = not_whole(node, "lost", FORGED, line, #line), node = node }
    end
    return 1, time_of(line) or timestamp, { event = prefix(node) .. string.sub(line, 2), node = node }
  end
  local made = {}
  for _, one in ipairs(aside) do
    if one.left_out ~= nil then
      made[#made + 1] = { event = left_out(node, one), node = node }
    elseif one.reason ~= nil then
      made[#made + 1] = { event = not_whole(node, "lost", one.reason, one.text, one.bytes), node = node }
    else
      for _, each in ipairs(records(node, allowed(one.line))) do
        made[#made + 1] = each
      end
    end
  end
  aside = {}
  for _, each in ipairs(line and records(node, line) or {}) do
    made[#made + 1] = each
  end
  if #made == 0 then
    return -1, timestamp, 0
  end
  return 1, line and time_of(line) or timestamp, made
end
