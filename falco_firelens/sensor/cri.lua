-- Reads the lines of a container's log as the runtime writes and the kubelet rotates it: TIME STREAM FLAG TEXT, where
-- every part of a line but its last has the flag P. The parts of one line can lie in two files, of which Fluent Bit may
-- read the newer one first.
-- https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md

local LINE = "^%S+ (%S+) ([FP])%S* (.*)$"
local SETTLED = 3 -- seconds after which an older file has been read to its end
local PATIENCE = 300 -- seconds that half an event waits for the other half
local FILES = 6 -- of a container that are remembered; the kubelet keeps five

local containers = {} -- files by directory and number of restarts, the oldest file first
local places = {} -- container and age by path
local next_look = math.huge

-- A rotated file is N.log.TIME, and N.log the one that is written. A path is what a file was called when it was found.
local function place_of(path)
  if places[path] == nil then
    local container, rotated = string.match(path, "^(.*%.log)%.?(.*)$")
    places[path] = { container = container or path, age = rotated == nil and "~" or rotated == "" and "~" or rotated }
  end
  return places[path]
end

-- Which file a record is from. Its name may be another's by now, but it goes on where the file's last line ended (or a
-- byte later: Fluent Bit takes a carriage return from a line's end).
local function file_of(record)
  local place = place_of(record.path)
  local files = containers[place.container]
  if files == nil then
    files = {}
    containers[place.container] = files
  end
  for number = #files, 1, -1 do
    local ahead = record.offset - files[number].ends
    if ahead == 0 or ahead == 1 then
      return files[number], files, number
    end
  end
  local number = #files + 1
  while number > 1 and files[number - 1].age > place.age do
    number = number - 1
  end
  -- Until its first line is read to the end, that may be the rest of another file's, or of what a restart forgot.
  local file = { age = place.age, first = true, new = record.offset == 0 }
  table.insert(files, number, file)
  return file, files, number
end

-- The nine digits of the second in which Falco saw the event stand at the beginning of `output` and at the end of the
-- line. nil where one of them is not there.
local function of_one_event(line)
  local early = string.match(line, '"output"%s*:%s*"[%d:T-]*%.(%d%d%d%d%d%d%d%d%d)')
  local late = string.match(string.sub(line, -50), '"time"%s*:%s*"[%d:T-]*%.(%d%d%d%d%d%d%d%d%d)Z"%s*}$')
  if early == nil or late == nil then
    return nil
  end
  return early == late
end

local function wait(file)
  file.since = os.time()
  next_look = math.min(next_look, file.since + SETTLED)
end

local function whole_of(older, newer)
  return table.concat(older.parts.texts) .. newer.rest
end

-- Joins what belongs together and gives up what has waited too long.
local function look_at(files, now)
  for number, file in ipairs(files) do
    local newer = files[number + 1]
    if file.parts and newer and newer.rest and now - math.max(file.since, newer.since) >= SETTLED then
      local line = whole_of(file, newer)
      if is_event(line) and of_one_event(line) ~= false then
        aside[#aside + 1] = { line = line }
        file.parts, newer.rest = nil, nil
      end
    end
    if file.parts and now - file.since >= PATIENCE then
      lose(file.parts, CUT_END)
      file.parts = nil
    end
    if file.rest and now - file.since >= PATIENCE then
      lose({ texts = { file.rest }, bytes = #file.rest }, CUT_BEGINNING)
      file.rest = nil
    end
    if file.parts or file.rest then
      next_look = now + 1
    end
  end
  while #files > FILES and not files[1].parts and not files[1].rest do
    table.remove(files, 1)
  end
end

local function look()
  local now = os.time()
  if now < next_look then
    return
  end
  next_look = math.huge
  for _, files in pairs(containers) do
    look_at(files, now)
  end
end

-- A file's first whole line: an event, another text, or the rest of an event whose beginning is elsewhere. That it is
-- the rest shows only when the older file has nothing more to read.
local function first_line(files, number, line)
  local file, older = files[number], files[number - 1]
  file.rest = line
  local alone = is_event(line) and not (older and older.parts and of_one_event(whole_of(older, file)))
  if file.new and not alone then
    wait(file)
    return nil
  end
  file.rest = nil
  if not alone then
    lose({ texts = { line }, bytes = #line }, CUT_BEGINNING)
    return nil
  end
  return line
end

-- A record without a line is the clock's, by which this goes on where Falco is silent.
local function read(record)
  if next_look < math.huge then
    look()
  end
  if record.log == nil then
    return nil
  end
  local file, files, number = file_of(record)
  file.ends = record.offset + #record.log + 1
  local stream, flag, text = string.match(record.log, LINE)
  if stream ~= "stdout" then
    return nil
  end
  if flag == "F" and file.parts == nil and not file.first then
    return text
  end
  file.parts = file.parts or new_parts()
  add(file.parts, text)
  if flag == "P" then
    wait(file)
    return nil
  end
  local parts = file.parts
  file.parts = nil
  if parts.bytes > MOST then
    lose(parts, TOO_LONG)
    return nil
  end
  local line = table.concat(parts.texts)
  if file.first then
    file.first = false
    return first_line(files, number, line)
  end
  return line
end
