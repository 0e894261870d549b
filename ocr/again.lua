--- again - the second look: fields that were not found are looked for in another reading of the page, and texts and dates
--- must read the same twice. What cannot be read again (a text layer, a page not kept) is left as it is.
local fields = require "ocr.fields"
local layout = require "ocr.layout"
local values = require "ocr.values"
local again = {}

local PAGES = 3 -- that are looked at again for what is missing
local WAYS = { { "block", 1.5 }, { "column", 1.5 } }
local SURE = 0.6 -- confidence of the worst word; below, two equal readings are not enough

local function ask(reader, request)
  request.op = "again"
  return (reader:call(request, nil, 60000))
end

local function missing_of(found, spec)
  local left, any = {}, false
  for name, field in pairs(spec.fields) do
    local e = found[name]
    if field.labels and (not e or e.value == nil or e.value == "") then left[name], any = field, true end
  end
  return any and { fields = left, langs = spec.langs } or nil
end

---Fields that have no value yet, from other readings of the first pages.
local function complete(found, spec, reader, pages)
  for page = 1, math.min(#pages, PAGES) do
    for _, way in ipairs(WAYS) do
      local left = missing_of(found, spec)
      if not left then return end
      local answer = ask(reader, { page = page, mode = way[1], scale = way[2], langs = spec.langs })
      if not answer then return end
      for name, e in pairs(fields.extract(layout.segments(answer.words), left, reader)) do
        if e.value ~= nil and e.value ~= "" then found[name] = e end
      end
    end
  end
end

---What two readings are compared by.
local function bare(value) return (layout.trim(tostring(value)):gsub("%s+", "")) end

---The value that a region shows when it is read in another way; nil when it shows none.
local function reading(e, field, spec, reader, way)
  local b = e.box
  local pad = b[4] // 2
  if b[4] > 60 then pad = 20 end -- several lines
  local answer = ask(reader, { page = e.page, mode = way[1], scale = way[2], langs = spec.langs,
    region = { math.max(b[1] - pad, 0), math.max(b[2] - pad, 0), b[3] + 2 * pad, b[4] + 2 * pad } })
  if not answer then return nil, true end
  local texts = {}
  for i, w in ipairs(answer.words) do texts[i] = w.text end
  return values.of(table.concat(texts, " "), field)
end

---A text or date is taken when two readings agree; else it is doubted, with both.
local function agree(e, field, spec, reader)
  local first = e.value
  local second, cannot = reading(e, field, spec, reader, WAYS[1])
  if cannot then return end
  if second ~= nil and bare(second) == bare(first) and e.confidence >= SURE then return end
  local third = reading(e, field, spec, reader, { "auto", 1.25 })
  if third ~= nil and bare(third) == bare(first) and (e.confidence >= SURE or second ~= nil and bare(second) == bare(first)) then return end
  if second ~= nil and third ~= nil and bare(second) == bare(third) then
    if bare(first) ~= bare(second) then e.suggestion = tostring(second) end
  end
  e.doubts = e.doubts or {}
  table.insert(e.doubts, "readings differ: " .. tostring(first) .. " / " .. tostring(second or "nothing") .. " / " .. tostring(third or "nothing"))
end

---An amount whose two readings differ is what two further readings both say, or stays doubted.
local function outvote(e, field, spec, reader)
  local third = reading(e, field, spec, reader, WAYS[1])
  local fourth = reading(e, field, spec, reader, { "auto", 1.25 })
  if third ~= nil and fourth ~= nil and third == fourth then
    e.value, e.doubts = third, nil
  end
end

---@param found table<string, table>  what fields.extract gave; changed in place
---@param pages table[]  of the document
function again.look(found, spec, reader, pages)
  complete(found, spec, reader, pages)
  for name, e in pairs(found) do
    local field = spec.fields[name]
    if field.type == "money" and e.doubts and e.box then
      outvote(e, field, spec, reader)
    elseif not field.identifier and field.type ~= "money" and e.value ~= nil and e.value ~= "" and not e.doubts then
      agree(e, field, spec, reader)
    end
  end
end

return again
