--- ocr - documents: a reader reads the words, a kind says which fields to look for, what is doubtful goes to a person.
local again = require "ocr.again"
local errors = require "errors"
local fields = require "ocr.fields"
local kinds = require "ocr.kinds"
local layout = require "ocr.layout"
local pages = require "ocr.pages"
local record = require "ocr.record"

local function fields_of(document, spec, reader)
  local source = { reader = reader, pages = document.pages }
  local found = fields.extract(layout.segments(document.words), spec, source)
  again.look(found, spec, source)
  return found
end

---Reads a document of a kind. Waits. What `settle` and the journal get: plain data.
---@param file table  a file value
---@param kind string  the name of a kind
---@param _ table?  options; { ask = false } is settle's
---@return table  { kind, pages, fields = { name = { value, text, confidence, page, box, doubts } } }
local function read(file, kind, _)
  local spec = kinds.find(kind)
  return pages.with_reader(function(reader)
    local document = pages.read(reader, file, spec.langs)
    return { kind = kind, pages = document.pages, fields = fields_of(document, spec, reader) }
  end)
end

---Every word with its place. Waits.
---@param file table
---@param langs string?  "eng", "eng+chi_sim"
local function words(file, langs)
  return pages.with_reader(function(reader)
    local document = pages.read(reader, file, langs or "eng")
    return { pages = document.pages, words = document.words }
  end)
end

---Names of the fields that a kind must have and the document was not seen to have.
local function not_found(spec, found)
  local names = {}
  for name, field in pairs(spec.fields) do
    if field.required and not found[name] then names[#names + 1] = name end
  end
  return names
end

---Everything about a document, for `deskhand read`: words, and the fields of a kind with their doubts. Waits.
---@param file table
---@param kind string  "" for the words only
---@param langs string  "" for those of the kind
local function look(file, kind, langs)
  local spec = kind ~= "" and kinds.find(kind) or nil
  return pages.with_reader(function(reader)
    local document = pages.read(reader, file, langs ~= "" and langs or spec and spec.langs or "eng")
    local all = { pages = document.pages, words = document.words }
    if spec then
      all.kind, all.fields = kind, fields_of(document, spec, reader)
      all.missing = not_found(spec, all.fields)
    end
    return all
  end)
end

---What the robot sees of a document that was read: a record; doubtful and missing fields are asked first.
---@param data table
---@param ask fun(name: string, spec: table): table
local function settle(data, ask, file, kind, options)
  options = options or {}
  if type(options) ~= "table" then errors.raise { code = "EUSE", text = "document.read takes options as { ask = false }" } end
  local spec = kinds.find(kind)
  local answers
  if options.ask ~= false then answers = record.ask(data, spec, file, ask) end
  return record.new(data, spec, answers)
end

return { reads = { read = { get = read, settle = settle }, words = words, look = look }, kinds = kinds.fields, stateless = true }
