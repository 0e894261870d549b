--- lang - the robot's world: strict globals, words loaded on first use. One per isolate, so it is small: what is needed
--- only while a robot is loaded (load) or when it is refused something (strict) stands in files of its own.
--- Files of the language and Lua halves of modules run in an environment of their own, which robots cannot reach: it
--- has their require, the real pcall, and below it everything a robot has.
local core = ...
local base, rawset, type = _G, rawset, type

local lang = { core = core, loading = true, at_end = {} }
local env = core._setmetatable({ pcall = core._pcall, setmetatable = core._setmetatable, getmetatable = core._getmetatable },
  { __index = base })
local loaded, words = {}, {}

---A file of the language, a module's Lua half, or "core.NAME": a module's private C functions. Once.
---@param name string
local function dsl(name)
  local m = loaded[name]
  if m == nil then
    local chunk = core._builtin(name, env)
    if chunk then
      m = chunk(core, lang)
    else
      local e
      m, e = core._core(name)
      if not m then core._raise(e) end
    end
    loaded[name] = m
  end
  return m
end
lang.dsl, env.require = dsl, dsl

---A word of the language or of a module; nil when there is none.
local function find_word(word)
  local v = words[word]
  if v ~= nil then return v end
  local file = core._dsl_of(word)
  if file then
    v = dsl(file)[word]
  else
    local module = core._module_of(word)
    v = module and dsl("wrap").module(word, module)
  end
  words[word] = v
  return v
end
lang.word = find_word

---Forgets files; what is used again is loaded again, so they must hold no state.
---@param names string[]
function lang.forget(names)
  for _, name in ipairs(names) do loaded[name] = nil end
  words = {}
end
lang.loaded = loaded

function base.require(name) return dsl("own_files").require(name) end
base._G = nil
core._setmetatable(base, {
  __index = function(_, name)
    if type(name) ~= "string" then return nil end
    local v = find_word(name)
    if v == nil then return dsl("strict").unknown(name) end
    return v
  end,
})

local kept = { ["function"] = true, string = true, number = true, boolean = true }

lang.world = core._world(function(t, name, value)
  if lang.loading and kept[type(value)] and (name == "run" or name == "finish" or not core._dsl_of(name)) then
    rawset(t, name, value)
    return
  end
  return dsl("strict").written(name, value)
end)

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
