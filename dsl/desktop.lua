--- desktop - the words desktop, terminal and web: a screen by its name. What can be done with it (screen) is loaded when
--- the first of it is done: many robots name a screen long before they use it.
-- words: desktop terminal web
local _, lang = ...

local screens = {} -- by name: one object a run
local states = { session = true, scope = true, in_effect = true, since = true } -- fields that may be nil

local function use(text, seen, advice) lang.dsl("errors").use(text, seen, advice) end

local function member(_, name)
  if states[name] then return nil end
  local method = lang.dsl("screen")[name]
  if not method then
    use("a screen has no '" .. tostring(name) .. "'", "go fill press read table row find has expect wait submit")
  end
  return method
end

local function word(kind)
  return function(name)
    if type(name) ~= "string" then use(kind .. " takes the name of a screen", type(name), kind .. " \"loan-core\" means screens/loan-core.lua") end
    local key = kind .. ":" .. name
    if not screens[key] then
      local d = lang.dsl("screen_file").read(kind, name)
      screens[key] = setmetatable({ name = name, kind = kind, d = d, formats = d.formats or {}, visit = {}, driven = true },
        { __index = member })
    end
    return screens[key]
  end
end

return { desktop = word "desktop", terminal = word "terminal", web = word "web" }
