--- fields - the fields of a kind on a page: by label and place, proved by check digits and by a second reading.
local labels = require "ocr.labels"
local layout = require "ocr.layout"
local values = require "ocr.values"
local fields = {}

local DOUBTFUL = 0.45 -- confidence of the worst word of a text below which a person looks

---The text in a box, read again in another way; nil when it cannot be (a text layer, a page not kept).
local function again(reader, segment, mode, scale, langs)
  local pad = segment.height // 2
  local b = segment.box
  local answer = reader:call({ op = "again", page = segment.page, mode = mode, scale = scale, langs = langs,
    region = { math.max(b[1] - pad, 0) // 1, math.max(b[2] - pad, 0) // 1, (b[3] + 2 * pad) // 1, (b[4] + 2 * pad) // 1 } }, nil, 60000)
  if not answer then return nil end
  local texts = {}
  for i, w in ipairs(answer.words) do texts[i] = w.text end
  return table.concat(texts, " ")
end

local function evidence(segment, value, doubts)
  return { value = value, text = segment.text, confidence = segment.confidence, page = segment.page,
    box = { segment.box[1] // 1, segment.box[2] // 1, segment.box[3] // 1, segment.box[4] // 1 }, doubts = doubts }
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

---An identifier: what most readings say, if its check digits are right; else a doubt with a suggestion.
local function identify(reader, segment, field, spec)
  segment = trimmed(segment, field)
  local first, ok, kind = values.identifier(segment.text, field.identifier)
  local readings, votes = { first }, {}
  for _, way in ipairs { { "line", 2 }, { "block", 1.5 }, { "line", 3 } } do
    local text = again(reader, segment, way[1], way[2], spec.langs)
    if not text then break end
    readings[#readings + 1] = (values.identifier(text, field.identifier))
    if #readings == 2 and ok and readings[2] == first then break end
  end
  local best
  for _, r in ipairs(readings) do
    local _, valid = values.identifier(r, field.identifier)
    votes[r] = (votes[r] or 0) + 1
    if valid and (not best or votes[r] > votes[best]) then best = r end
  end
  if best then
    local e = evidence(segment, best, {})
    if votes[best] < 2 and #readings > 1 then e.doubts[1] = "readings differ: " .. table.concat(readings, ", ") end
    if segment.confidence == 1 and #readings == 1 then e.doubts = {} end -- a text layer is not read, it is written
    local _, _, of = values.identifier(best, field.identifier)
    e.kind = of
    return e
  end
  local e = evidence(segment, first, {})
  local _, _, _, why = values.identifier(first, field.identifier)
  local suggestion = values.suggest(first, field.identifier)
  e.doubts[1] = why ~= "" and why or "its check digit is wrong"
  e.suggestion = suggestion
  e.kind = kind
  return e
end

local function amount(reader, segment, field, spec)
  local value = values.of(segment.text, field)
  local e = evidence(segment, value, {})
  if not value then e.doubts[1] = "this is no amount" end
  local second = again(reader, segment, "line", 2, spec.langs)
  local other = second and values.of(second, field)
  if value and second and other ~= value then e.doubts[1] = "two readings differ: " .. segment.text .. " / " .. second end
  return e
end

local function plain(segment, field)
  local value = values.of(segment.text, field)
  local e = evidence(segment, value, {})
  if value == nil then
    e.doubts[1] = "this is no " .. (field.type or "text")
  elseif field.required and (field.type or "text") == "text" and segment.confidence < DOUBTFUL then
    e.doubts[1] = "hard to read"
  end
  return e
end

local function one(reader, segment, field, spec)
  if field.identifier then return identify(reader, segment, field, spec) end
  if field.type == "money" then return amount(reader, segment, field, spec) end
  return plain(segment, field)
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
function fields.extract(segments, spec, reader)
  local at, out = labels.values(segments, spec), {}
  for name, field in pairs(spec.fields) do
    local best
    for _, segment in ipairs(at[name] or {}) do
      local e = one(reader, segment, field, spec)
      local wider = field.identifier and e.doubts[1] and labels.rest_of_row(segments, segment)
      if wider then
        local whole = one(reader, wider, field, spec)
        if not whole.doubts[1] then e = whole end
      end
      if not best or (#e.doubts < #best.doubts) or (best.value == nil and e.value ~= nil) then best = e end
      if best.value ~= nil and #best.doubts == 0 then break end
    end
    if not best and field.identifier then
      local s = search(segments, field)
      if s then best = one(reader, s, field, spec) end
    end
    out[name] = best
  end
  for _, rule in ipairs(spec.checks or {}) do
    local said = rule.holds(function(name) return out[name] and out[name].value end)
    if said and out[rule.field] then table.insert(out[rule.field].doubts, said) end
  end
  for _, e in pairs(out) do e.doubts = #e.doubts > 0 and e.doubts or nil end
  return out
end

return fields
