--- screen_file - the description of a screen, screens/NAME.lua: read once a run, checked for what no screen has.
local core, lang = ...
local errors = require "errors"

local file = {}

local described = { start = true, login = true, home = true, go = true, formats = true, dialogs = true, changes = true,
  zone = true, settle = true, host = true, names = true, places = true, dir = true, env = true, time = true, keep = true, kind = true }

local use = errors.use

local function unknown(path, key)
  local known = {}
  for k in pairs(described) do known[#known + 1] = k end
  local close = core._closest(tostring(key), known)
  use(path .. " says '" .. tostring(key) .. "', which no screen has", "", close and "did you mean '" .. close .. "'?")
end

---@param kind string  desktop, terminal, web
---@param name string
---@return table description  with its kind
function file.read(kind, name)
  local path = "screens/" .. name .. ".lua"
  local env = setmetatable({}, { __index = function(_, k)
    if k == kind then
      return function(d)
        d.kind = kind
        return d
      end
    end
    return lang.word(k)
  end })
  local was = lang.loading
  lang.loading = true
  local chunk, why = core._load(path, env)
  if not chunk then
    if why ~= "" then core._raise(errors.of_syntax(why, core._source(path))) end
    use("there is no description of the screen \"" .. name .. "\"", "", "write " .. path .. ": return " .. kind .. " { start = … }")
  end
  local result = chunk()
  lang.loading = was
  if type(result) ~= "table" or result.kind ~= kind then use(path .. " does not return " .. kind .. " { … }") end
  for k in pairs(result) do
    if not described[k] then unknown(path, k) end
  end
  -- The same screen is described once for the bank's machine and for a test program. A variable of the environment
  -- cannot hold a hyphen.
  result.start = core._conf("screen." .. name .. ".start") or
    core._conf("screen." .. name:gsub("-", "_") .. ".start") or result.start
  return result
end

return file
