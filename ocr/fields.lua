--- fields - the fields of a kind on a page: by label and place, proved by check digits and by a second reading.
local labels = require "ocr.labels"
local layout = require "ocr.layout"
local readings = require "ocr.readings"
local values = require "ocr.values"
local fields = {}

local ROOM = 6 -- letters to the right of a value, where words may stand that the first reading has lost

---The box to read again: a margin, and what is free to the right.
local function around(segment, source)
  local b, pad = segment.box, segment.height // 2
  local right = b[1] + b[3]
  local free = right + ROOM * segment.height
  for _, o in ipairs(source.segments) do
    local beside = o.box[2] < b[2] + b[4] and o.box[2] + o.box[4] > b[2]
    if o.page == segment.page and beside and o.box[1] >= right then free = math.min(free, o.box[1] - pad) end
  end
  local x, y = math.max(b[1] - pad, 0), math.max(b[2] - pad, 0)
  return { x // 1, y // 1, (math.max(free, right + pad) - x) // 1, (b[2] + b[4] + pad - y) // 1 }
end

---What is known of a value; `reading` and `around` go once the second look is done.
local function evidence(segment, value, spec, source)
  return { value = value, text = segment.text, confidence = segment.confidence, page = segment.page, doubts = {},
    reading = readings.of(segment.words, spec.langs), around = around(segment, source),
    box = { segment.box[1] // 1, segment.box[2] // 1, segment.box[3] // 1, segment.box[4] // 1 } }
end

---The segment without the words behind the number, when its check digits are right without them.
local function trimmed(segment, field)
  for n = #segment.words, 1, -1 do
    local part = layout.segment({ table.unpack(segment.words, 1, n) }, segment.row, segment.height)
    local _, ok = values.identifier(part.text, field.identifier)
    if ok then return part end
  end
  return segment
end

---An identifier: what two nets read, or all readings letter by letter, if its check digits are right; else a doubt with
---a suggestion.
local function identify(source, segment, field, spec)
  segment = trimmed(segment, field)
  local first, ok, kind, why = values.identifier(segment.text, field.identifier)
  local e = evidence(segment, first, spec, source)
  e.kind = kind
  if ok and segment.confidence == 1 then return e end -- a text layer is not read, it is written
  local list, nets, said, one_valid = { e.reading }, { [first] = spec.langs }, { first }, ok and first
  local function taken(text, net)
    local value, valid, of = values.identifier(text, field.identifier)
    local before = nets[value]
    nets[value] = before or net
    if not valid then return false end
    one_valid = one_valid or value
    if net ~= "all" and (not before or before == net) then return false end
    e.value, e.kind = value, of
    return true
  end
  for _, way in ipairs(readings.ways(spec, source.pages[segment.page])) do
    local r = readings.at(source, segment.page, e.around, way)
    if not r then break end
    list[#list + 1] = r
    said[#said + 1] = (values.identifier(r.text, field.identifier))
    local all = readings.consensus(list, 2)
    if taken(r.text, r.net) or all and taken(all, "all") then return e end
  end
  if one_valid then
    e.value = one_valid
    if #list > 1 then e.doubts[1] = "readings differ: " .. table.concat(said, ", ") end
    return e
  end
  e.doubts[1] = why ~= "" and why or "its check digit is wrong"
  e.suggestion = values.suggest(first, field.identifier)
  return e
end

local function one(source, segment, field, spec)
  if field.identifier then return identify(source, segment, field, spec) end
  local e = evidence(segment, values.of(segment.text, field), spec, source)
  if e.value == nil then e.doubts[1] = "this is no " .. (field.type or "text") end
  return e
end

---Without a label: a number anywhere whose check digits are right.
local function search(segments, field)
  for _, s in ipairs(segments) do
    for _, w in ipairs(s.words) do
      if #w.text >= 8 then
        local _, ok, kind = values.identifier(w.text, field.identifier)
        if ok and kind ~= "uk_company" then return s end
      end
    end
  end
end

---@return table<string, table>  name -> { value, text, confidence, page, box, doubts, suggestion? }
function fields.extract(segments, spec, source)
  local at, out = labels.values(segments, spec), {}
  source.segments = segments
  for name, field in pairs(spec.fields) do
    local best
    for _, segment in ipairs(at[name] or {}) do
      local e = one(source, segment, field, spec)
      local wider = field.identifier and e.doubts[1] and labels.rest_of_row(segments, segment)
      if wider then
        local whole = one(source, wider, field, spec)
        if not whole.doubts[1] then e = whole end
      end
      if not best or (#e.doubts < #best.doubts) or (best.value == nil and e.value ~= nil) then best = e end
      if best.value ~= nil and #best.doubts == 0 then break end
    end
    if not best and field.identifier then
      local s = search(segments, field)
      if s then best = one(source, s, field, spec) end
    end
    out[name] = best
  end
  for _, e in pairs(out) do e.doubts = #e.doubts > 0 and e.doubts or nil end
  return out
end

---What must hold between fields, once all are read: adds doubts.
---@param found table<string, table>
function fields.check(found, spec)
  for _, rule in ipairs(spec.checks or {}) do
    local e = found[rule.field]
    local said = e and rule.holds(function(name) return found[name] and found[name].value end)
    if said then
      e.doubts = e.doubts or {}
      table.insert(e.doubts, said)
    end
  end
end

return fields
