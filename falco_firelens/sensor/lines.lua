-- What both readers of lines share. A reader's `read` gives the line of a record, or nil; what it finds out about other
-- lines it puts aside.

local MOST = 4194304 -- bytes of one line that are kept; Falco's events are far shorter
local TOO_LONG = "longer than what is sent whole"
local CUT_END = "its end did not come"
local CUT_BEGINNING = "its beginning was not read"

local aside = {}

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

-- Where a text of JSON ends that begins before `at`.
local function closing(line, at)
  while true do
    local found = string.find(line, '["\\]', at)
    if found == nil or string.byte(line, found) == 34 then
      return found
    end
    at = found + 2
  end
end

-- A text of an event by its key, as JSON has it. The event's own keys stand in alphabetical order, so priority, rule,
-- source and time are at its end. Within its texts each quotation mark has a backslash, so that none reads as a key.
local function text_of(event, key)
  local pattern = '"' .. key .. '"%s*:%s*"'
  local _, before = string.find(event, pattern, math.max(1, #event - 4096))
  if before == nil then
    _, before = string.find(event, pattern)
  end
  local after = before and closing(event, before + 1)
  return after and string.sub(event, before + 1, after - 1)
end

-- The event with a field of our own more, and whether it has a place for it.
local function with_field(line, name, value)
  local changed, count = string.gsub(line, '("output_fields"%s*:%s*{)(%s*"?)', function(key, quote)
    local comma = string.find(quote, '"', 1, true) and "," or ""
    return key .. '"' .. name .. '":' .. value .. comma .. quote
  end, 1)
  return changed, count == 1
end

-- Puts aside a part of an event that will not become one. Falco's other texts are not reported.
local function lose(parts, reason)
  local text = table.concat(parts.texts)
  if has_rule(text) or (reason == CUT_END and string.byte(text) == 123) then
    aside[#aside + 1] = { text = text, bytes = parts.bytes, reason = reason }
  end
end

local function new_parts()
  return { texts = {}, bytes = 0 }
end

-- Of a line that is far too long only the last part takes the place of what is in between: it has the event's rule.
local function add(parts, text)
  parts.bytes = parts.bytes + #text
  if parts.bytes <= MOST or #parts.texts == 0 then
    parts.texts[#parts.texts + 1] = text
  else
    parts.texts[#parts.texts] = text
  end
end
