-- Reads what Docker's log driver sends: a line whole, or in numbered parts of 16 KiB.

local id, last, parts = nil, 0, nil

local function read(record)
  if record.source ~= "stdout" then
    return nil
  end
  local number = tonumber(record.partial_ordinal)
  if parts ~= nil and (record.partial_message ~= "true" or record.partial_id ~= id) then
    lose(parts, CUT_END)
    parts = nil
  end
  if record.partial_message ~= "true" then
    return record.log
  end
  if parts == nil then
    id, last, parts = record.partial_id, number and 0, new_parts()
  end
  parts.gap = parts.gap or (number ~= nil and number ~= last + 1)
  last = number
  add(parts, record.log)
  if record.partial_last ~= "true" then
    return nil
  end
  local done = parts
  parts = nil
  if done.gap then
    lose(done, CUT_BEGINNING)
    return nil
  end
  if done.bytes > MOST then
    lose(done, TOO_LONG)
    return nil
  end
  return table.concat(done.texts)
end
