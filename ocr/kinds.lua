--- kinds - what a document kind is: a table that a clerk can write. Shipped ones are files kind_NAME.lua here; a robot's
--- own are kinds/NAME.lua in its folder.
---
---   return {
---     langs  = "chi_sim+eng",                     -- what the reader reads with; "eng" when not said
---     jury   = { "deu", "fra" },                  -- the nets that must say the same; these when not said
---     fields = {
---       number = { labels = { "Registration number", "LEI" }, identifier = { "lei", "uk_company" }, required = true },
---       issued = { labels = { "Date of issue" }, type = "date" },
---     },
---     checks = { { field = "valid_until", holds = function(value) … return "a doubt" end } },
---   }
local errors = require "errors"
local host = require "host"
local labels = require "ocr.labels"
local kinds = {}

local shipped = { "business_licence", "business_licence_cn", "tax_certificate", "loan_application", "invoice" }
local known = {}

local function own(name)
  local chunk, why = host.load("kinds/" .. name .. ".lua", {})
  if chunk then return chunk() end
  if why and why ~= "" then errors.raise { code = "ESCRIPT", text = why } end
end

local function unknown(name)
  errors.raise { code = "EUSE", text = "there is no document kind \"" .. tostring(name) .. "\"", seen = table.concat(shipped, ", "),
    advice = "or write your own: kinds/" .. tostring(name) .. ".lua in the robot's folder" }
end

---@param name string
function kinds.find(name)
  if known[name] then return known[name] end
  if type(name) ~= "string" or not name:match("^[%w_]+$") then unknown(name) end
  local spec = own(name)
  if not spec then
    local is_shipped = false
    for _, s in ipairs(shipped) do is_shipped = is_shipped or s == name end
    if not is_shipped then unknown(name) end
    spec = require("ocr.kind_" .. name)
  end
  for _, field in pairs(spec.fields) do
    field.folded = {}
    for i, label in ipairs(field.labels or {}) do field.folded[i] = labels.fold(label) end
  end
  spec.langs = spec.langs or "eng"
  spec.jury = spec.jury or { "deu", "fra" }
  known[name] = spec
  return spec
end

---The kinds that ship, each as name of field -> name of type: for those who prove a robot without running it.
---@return table<string, table<string, string>>
function kinds.fields()
  local all = {}
  for _, name in ipairs(shipped) do
    all[name] = {}
    for field, spec in pairs(require("ocr.kind_" .. name).fields) do all[name][field] = spec.type or "text" end
  end
  return all
end

kinds.names = shipped
return kinds
