--- lang - the robot's world: strict globals, words loaded on first use, require. One per isolate.
--- Files of the language and Lua halves of modules run in an environment of their own, which robots cannot reach: it
--- has their require, the real pcall, and below it everything a robot has.
local core = ...
local base, rawget, rawset, type = _G, rawget, rawset, type
local setmetatable = core._setmetatable

local lang = { core = core, loading = true, at_end = {} }
local env = setmetatable({ pcall = core._pcall, setmetatable = setmetatable, getmetatable = core._getmetatable },
  { __index = base })
local loaded, words = {}, {}

---A file of the language, once.
---@param name string
local function dsl(name)
  local m = loaded[name]
  if m == nil then
    local chunk = core._builtin(name, env)
    if not chunk then error("the language has no file '" .. name .. "'") end
    m = chunk(core, lang)
    loaded[name] = m
  end
  return m
end
lang.dsl = dsl

---require for builtin files: "core.NAME" (private C functions), "errors", "host", files of dsl, modules.
function env.require(name)
  local m = loaded[name]
  if m ~= nil then return m end
  local module = name:match("^core%.(.+)$")
  if module then
    local functions, e = core._core(module)
    if not functions then core._raise(e) end
    loaded[name] = functions
    return functions
  end
  return dsl(name)
end

local function module_word(word)
  local module = core._module_of(word)
  if not module then return nil end
  return dsl("wrap").module(word, module)
end

---A word of the language or of a module; nil when there is none.
local function find_word(word)
  local v = words[word]
  if v ~= nil then return v end
  local file = core._dsl_of(word)
  if file then
    for name, value in pairs(dsl(file)) do words[name] = value end
    v = words[word]
  else
    v = module_word(word)
    words[word] = v
  end
  return v
end
lang.word = find_word

---require for robots: their own files only.
local function robot_require(name)
  if type(name) ~= "string" or not name:match("^[%w_%.]+$") then
    error("require takes the name of a file of this robot, such as require \"rules\"", 2)
  end
  if core._testing() then return name:match("^core%.") and env.require(name) or lang.word(name) or env.require(name) end
  local key = "robot:" .. name
  if loaded[key] == nil then
    local path = name:gsub("%.", "/") .. ".lua"
    local chunk, why = core._load(path)
    if not chunk then
      error(why ~= "" and why or ("this robot has no file " .. path .. "\ndo: words are known without require; it is for the robot's own files"), 2)
    end
    local was = lang.loading
    lang.loading = true
    local result = chunk(name)
    lang.loading = was
    loaded[key] = result == nil and true or result
  end
  return loaded[key]
end

local function unknown(name, level)
  local close = core._closest(name, core._words())
  error("there is no word '" .. name .. "'" .. (close and ("\ndo: did you mean '" .. close .. "'?") or
    "\ndo: a value of your own is declared first: local " .. name .. " = …"), level)
end

base.require, base._G = robot_require, nil
setmetatable(base, {
  __index = function(_, name)
    if type(name) ~= "string" then return nil end
    local v = find_word(name)
    if v == nil then unknown(name, 3) end
    return v
  end,
})
local world = core._world(function(t, name, value)
  if lang.loading then
    if type(value) == "function" or type(value) == "string" or type(value) == "number" or type(value) == "boolean" then
      if core._dsl_of(name) and name ~= "run" and name ~= "finish" then
        error("'" .. name .. "' is a word of the language and cannot be used as a name", 2)
      end
      rawset(t, name, value)
      return
    end
    error("'" .. name .. "' is global\ndo: write local " .. name .. " = … (tables that change would not survive a crash)", 2)
  end
  error("'" .. tostring(name) .. "' is written as a global while a case runs; nothing of it would survive a crash" ..
    "\ndo: write local " .. tostring(name) .. " = …", 2)
end)

-- What loops (each) add to names: the present key of each loop by its iterator, and for branches of together what
-- stood around it, by scope.
lang.loop_keys, lang.outer = {}, {}

---"[17][a]" inside two loops, "" outside.
function lang.suffix()
  local suffix = ""
  for _, iterator in ipairs(core._loops()) do suffix = (lang.loop_keys[iterator] or "") .. suffix end
  return (lang.outer[core._scope()] or "") .. suffix
end

---The name an effect, review or step has inside the loops it stands in.
---@param name string
function lang.named(name)
  if type(name) ~= "string" or name == "" or #name > 120 then
    core._raise { code = "EUSE", text = "a name of 1 to 120 letters comes first", seen = tostring(name) }
  end
  return name .. lang.suffix()
end

---Runs robot.lua. Returns its declaration (a plain table) and its run function.
function lang.load_robot()
  local chunk, why = core._load("robot.lua")
  if not chunk then core._raise(dsl("errors").of_syntax(why, core._source("robot.lua"))) end
  chunk()
  lang.loading = false
  local declaration = dsl("robot").declaration
  if not declaration then
    core._raise { code = "ESCRIPT", text = "this file declares no robot", where = "robot.lua:1", seen = "",
      advice = "begin it with robot { about = \"what it does\" }" }
  end
  local run = rawget(world, "run")
  if type(run) ~= "function" then
    core._raise { code = "ESCRIPT", text = "the robot has no function run", where = "robot.lua:1", seen = "",
      advice = "write: function run(case) … end" }
  end
  local finish = rawget(world, "finish")
  lang.finish = type(finish) == "function" and finish or nil
  declaration.finish = lang.finish and true or nil
  return declaration, run
end

---Waits for the values of every secret that was named so far.
function lang.fetch_secrets()
  local name = core._secret_missing()
  while name do
    local ok, e = core._secret_fetch(name)
    if not ok then core._raise(e) end
    name = core._secret_missing()
  end
end

return lang
