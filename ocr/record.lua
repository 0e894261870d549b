--- record - what a robot sees of a document: record.name is the value, record:of("name") the evidence,
--- record:missing("a", "b") a text or nil. And the question to a person about what is doubtful.
local errors = require "errors"
local values = require "ocr.values"
local record = {}

local TRIES = 5 -- of a person, before something else must be wrong

local function names_of(fields)
  local names = {}
  for name in pairs(fields) do names[#names + 1] = name end
  return names
end

local function field_of(spec, name)
  if spec.fields[name] then return spec.fields[name] end
  errors.raise { code = "EUSE", text = "the document has no field '" .. tostring(name) .. "'", seen = table.concat(names_of(spec.fields), ", ") }
end

---The name of the question about a document; one document of a kind is asked about once in a run.
local function question(data, file) return "check the " .. data.kind:gsub("_", " ") .. " " .. tostring(file) end

---What a person is asked: fields that are doubtful, and required ones that were not found.
local function open_questions(data, spec)
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
  return wanted, show
end

---An answer as the field's type, or nil and why not. A person's word needs no second reading, but its check digits must
---be right.
local function answered(text, field)
  if text == "" then return nil, field.required and "an answer is needed" or nil end
  if field.identifier then
    local value, ok, _, why = values.identifier(text, field.identifier, true)
    if ok then return value end
    return nil, why ~= "" and why or "its check digits are wrong"
  end
  local value = values.of(text, field)
  if value == nil then return nil, "this is no " .. (field.type or "text") end
  return value
end

---Asks a person about doubtful fields and required ones that were not found; what the answer cannot be is asked again.
---Returns the answers as values, nil without a question.
function record.ask(data, spec, file, ask)
  local wanted, show = open_questions(data, spec)
  if next(wanted) == nil then return nil end
  local answers, name = {}, question(data, file)
  for try = 1, TRIES do
    local said = ask(try == 1 and name or name .. ", answer " .. try, { show = { file = file, fields = show }, fields = wanted })
    local again, why_not = {}, {}
    for field in pairs(wanted) do
      local text = tostring(rawget(said, field) or "")
      local value, why = answered(text, spec.fields[field])
      answers[field] = value
      if why then again[field], why_not[field] = text, { doubts = { text == "" and why or "answered " .. text .. ": " .. why } } end
    end
    if next(again) == nil then return answers end
    wanted, show = again, why_not
  end
  errors.raise { code = "EFORMAT", text = TRIES .. " answers about " .. tostring(file) .. " did not fit", seen = table.concat(names_of(show), ", "),
    advice = "look at the document, and at the kind " .. data.kind }
end

---@param data table  as read
---@param answers table?  of a person, as values
function record.new(data, spec, answers)
  local all, source = {}, {}
  for name in pairs(spec.fields) do
    local e = data.fields[name]
    local said = answers and answers[name]
    if said ~= nil then
      all[name] = said
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
