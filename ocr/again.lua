--- again - the second look: fields that were not found are looked for in another reading of the page, and what was found
--- must be read the same by two nets. What cannot be read again (a text layer, a page not kept) is left as it is.
local fields = require "ocr.fields"
local layout = require "ocr.layout"
local pages = require "ocr.pages"
local readings = require "ocr.readings"
local values = require "ocr.values"
local again = {}

local PAGES = 3 -- that are looked at again for what is missing
local WAYS = { "block", "column" }

local function missing_of(found, spec)
  local left, any = {}, false
  for name, field in pairs(spec.fields) do
    local e = found[name]
    if field.labels and (not e or e.value == nil or e.value == "") then left[name], any = field, true end
  end
  return any and { fields = left, langs = spec.langs, jury = spec.jury } or nil
end

---Fields that have no value yet, from other readings of the first pages.
local function complete(found, spec, source)
  for page = 1, math.min(#source.pages, PAGES) do
    for _, mode in ipairs(WAYS) do
      local left = missing_of(found, spec)
      if not left then return end
      local answer = pages.again(source.reader, { page = page, mode = mode, langs = spec.langs })
      if not answer then return end
      for name, e in pairs(fields.extract(layout.segments(answer.words), left, source)) do
        if e.value ~= nil and e.value ~= "" then found[name] = e end
      end
    end
  end
end

---A text is what its readings say letter by letter; a date or an amount what most of them come to.
local function together(list, field)
  if (field.type or "text") == "text" then
    local text, confidence = readings.consensus(list, 3)
    return text and values.of(text, field), confidence
  end
  local said, by_text = {}, {}
  for _, r in ipairs(list) do
    local value = values.of(r.text, field)
    if value ~= nil then
      said[#said + 1] = { text = tostring(value), net = r.net, confidence = r.confidence }
      by_text[tostring(value)] = value
    end
  end
  local most = readings.most(said, 2)
  return most and by_text[most.text], most and most.best
end

---What was found is taken when two nets read it the same; else it is doubted, with all that was read.
local function agree(e, field, spec, source)
  local list = { e.reading }
  for _, way in ipairs(readings.ways(spec, source.pages[e.page])) do
    local r = readings.at(source, e.page, e.around, way)
    if not r then return end
    list[#list + 1] = r
    local value, confidence = together(list, field)
    if value ~= nil and value ~= "" then
      if tostring(value) ~= tostring(e.value) then e.value, e.text = value, tostring(value) end
      e.confidence, e.doubts = math.max(e.confidence, confidence), nil
      return
    end
  end
  local said = {}
  for i, r in ipairs(list) do said[i] = r.text ~= "" and r.text or "nothing" end
  e.doubts = { "readings differ: " .. table.concat(said, " / ") }
end

---@param found table<string, table>  what fields.extract gave; changed in place
---@param source { reader: any, pages: table[] }
function again.look(found, spec, source)
  local agreed = {}
  local function all()
    for name, e in pairs(found) do
      if not spec.fields[name].identifier and not agreed[e] then agree(e, spec.fields[name], spec, source) end
      agreed[e] = true
    end
  end
  all()
  complete(found, spec, source)
  all()
  for _, e in pairs(found) do e.reading, e.around = nil, nil end
  fields.check(found, spec)
end

return again
