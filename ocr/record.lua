--- record - what a robot sees of a document: record.name is the value, record:of("name") the evidence,
--- record:missing("a", "b") a text or nil. And the question to a person about what is doubtful.
local errors = require "errors"
local values = require "ocr.values"
local record = {}

local function field_of(spec, name)
  if spec.fields[name] then return spec.fields[name] end
  local names = {}
  for n in pairs(spec.fields) do names[#names + 1] = n end
  errors.raise { code = "EUSE", text = "the document has no field '" .. tostring(name) .. "'", seen = table.concat(names, ", ") }
end

---The name of the question about a document; one document of a kind is asked about once in a run.
local function question(data, file) return "check the " .. data.kind:gsub("_", " ") .. " " .. tostring(file) end

---Asks a person about doubtful fields and required ones that were not found. Returns the answers, nil without a question.
function record.ask(data, spec, file, ask)
  local wanted, show = {}, {}
  for name, field in pairs(spec.fields) do
    local e = data.fields[name]
    if e and e.doubts then
      wanted[name] = e.suggestion or (e.value ~= nil and tostring(e.value)) or e.text or ""
      show[name] = { read = e.text, doubts = e.doubts, suggestion = e.suggestion, page = e.page, box = e.box }
    elseif field.required and (not e or e.value == nil) then
      wanted[name] = ""
      show[name] = { doubts = { "not found on the document" } }
    end
  end
  if next(wanted) == nil then return nil end
  return ask(question(data, file), { show = { file = file, fields = show }, fields = wanted })
end

---An answer as the field's type; a person's word needs no second reading, but its check digits must be right.
local function answered(text, field, name)
  if field.identifier then
    local value, ok, _, why = values.identifier(text, field.identifier)
    if not ok then
      errors.raise { code = "EFORMAT", text = "the answer for '" .. name .. "' is no such number: " .. why, seen = text }
    end
    return value
  end
  local value = values.of(text, field)
  if value == nil then errors.raise { code = "EFORMAT", text = "the answer for '" .. name .. "' is no " .. field.type, seen = text } end
  return value
end

---@param data table  as read
---@param answers table?  of a person
function record.new(data, spec, answers)
  local all, source = {}, {}
  for name, field in pairs(spec.fields) do
    local e = data.fields[name]
    local said = answers and rawget(answers, name)
    if said ~= nil and said ~= "" then
      all[name] = answered(tostring(said), field, name)
      source[name] = "a person"
    elseif e then
      all[name] = e.value
      source[name] = "the document"
    end
  end
  local methods = {}
  function methods.of(_, name)
    field_of(spec, name)
    local e = data.fields[name] or {}
    return { value = all[name], text = e.text, confidence = e.confidence, page = e.page, box = e.box, doubts = e.doubts or {}, source = source[name] }
  end
  function methods.missing(_, ...)
    local missing = {}
    for _, name in ipairs { ... } do
      field_of(spec, name)
      if all[name] == nil or all[name] == "" then missing[#missing + 1] = (name:gsub("_", " ")) end
    end
    return #missing > 0 and table.concat(missing, ", ") or nil
  end
  return setmetatable(all, { __index = function(_, name)
    if methods[name] then return methods[name] end
    field_of(spec, name)
    return nil
  end, __newindex = function(_, name)
    errors.raise { code = "EUSE", text = "a document cannot be changed (field '" .. tostring(name) .. "')" }
  end, __metatable = "protected" })
end

return record
