--- check_screens - the screen files of a robot: what they say, and rules on how a robot speaks of them.
local lists = require "check_lists"
local near = require("lua_near").near
local robot = require "check_robot"
local words = require "check_words"
local show, get = lists.show, robot.get

local M = { on = {} }

local kinds = { desktop = true, terminal = true, web = true }

local function strings(node)
  local set = {}
  for _, item in ipairs(node and node.tag == "Table" and node.items or {}) do
    if item.value.tag == "String" and not item.key then set[item.value.value] = true end
    if item.key and item.key.tag == "String" then set[item.key.value] = true end
  end
  return set
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

-- The table that a screen file returns, and the word before it.
local function returned(tree)
  for _, node in ipairs(tree.body) do
    local value = node.tag == "Return" and node.values[1]
    if value and value.tag == "Call" and value.func.tag == "Name" and value.args[1] and value.args[1].tag == "Table" then
      return value.args[1], value.func.name, node.line
    end
  end
end

--- What a screen file says: {name, kind, changes, places, names (sets), secrets (list), node}.
---@param name string
---@param tree table
function M.describe(name, tree)
  local node, kind = returned(tree)
  local function named(key)
    local item = node and get(node, key)
    return strings(item and item.value)
  end
  return { name = name, kind = kind, node = node, changes = named "changes", places = named "places", names = named "names" }
end

-- Pairs of a login or a dialog list.
local function check_pairs(w, node, key, what)
  local item = get(node, key)
  if item then lists.pairs(w, item.value, what) end
end

--- Rules on the screen file itself.
local function check_file(w, tree)
  local node, kind, line = returned(tree)
  if not node or not kinds[kind] then
    return w:report("screen-file", line or 1, "a screen file returns what it describes.", kind,
      "write return desktop { … }, terminal { … } or web { … }")
  end
  for _, item in ipairs(node.items) do
    local key = item.key and item.key.tag == "String" and item.key.value
    local known = false
    for _, other in ipairs(words.screen_keys) do
      known = known or other == key
    end
    if not key then
      w:report("screen-file", item.line, "a screen file takes named values only.", show(item.value), "write start = …")
    elseif not known then
      local guess = near(key, words.screen_keys)
      w:report("screen-file", item.line, ("a screen file knows no '%s'."):format(key), table.concat(words.screen_keys, ", "),
        guess and "did you mean '" .. guess .. "'?", "warning")
    end
  end
  if kind == "terminal" and not get(node, "host") and not get(node, "start") then
    w:report("screen-file", line, "a terminal needs a host.", nil, 'add host = "mvs1.bank.example:992"')
  elseif kind ~= "terminal" and not get(node, "start") then
    w:report("screen-file", line, "the screen file does not say how its screen starts.", nil,
      kind == "web" and 'add start = "https://…/"' or 'add start = "/opt/…"')
  end
  local login = get(node, "login")
  if login and login.value.tag == "Table" then
    check_pairs(w, login.value, "fill", "login's fill")
    local fill = get(login.value, "fill")
    for i, item in ipairs(fill and fill.value.tag == "Table" and fill.value.items or {}) do
      local before = fill.value.items[i - 1]
      if i % 2 == 0 and item.value.tag == "String" and before.value.tag == "String" and before.value.value:lower():match "pass" then
        w:report("open-secret", item.line, "a password stands readable in a screen file.", nil,
          'write secret "name" and keep it with: deskhand secret set name')
      end
    end
  end
  check_pairs(w, node, "dialogs", "dialogs")
end

function M.on.file(w, tree)
  if w.screen_file then check_file(w, tree) end
end

local function open(w, call)
  if w.screen_file then return end
  local arg = call.args[1]
  if not arg or arg.tag ~= "String" then
    return w:report("screen", call.line, call.word .. " needs the name of a screen in quotes.", arg and show(arg),
      ('write %s "loan-core"'):format(call.word))
  end
  local screen = w.screens[arg.value]
  if not screen then
    local all = sorted(w.screens)
    local guess = near(arg.value, all)
    w:report("screen", arg.line, ("there is no screen '%s'."):format(arg.value),
      #all > 0 and "screens: " .. table.concat(all, ", ") or "no file in screens/",
      guess and "did you mean '" .. guess .. "'?" or ("describe it in screens/%s.lua"):format(arg.value))
  elseif screen.kind and screen.kind ~= call.word and kinds[screen.kind] then
    w:report("screen", arg.line, ("'%s' is a %s, not a %s."):format(arg.value, screen.kind, call.word), ("screens/%s.lua"):format(arg.value),
      ('write %s "%s"'):format(screen.kind, arg.value))
  end
end

-- A name that is almost, but not quite, one that the screen file lists.
local function listed(w, expr, screen, set, what)
  if not expr or expr.tag ~= "String" or not screen or set[expr.value] or screen.names[expr.value] or screen.changes[expr.value] then return end
  local guess = #expr.value > 3 and near(expr.value, sorted(set), 1)
  if guess then
    w:report("screen-name", expr.line, ("%s lists no %s '%s'."):format(screen.name, what, expr.value), table.concat(sorted(set), ", "),
      "did you mean '" .. guess .. "'?", "warning")
  end
end

local function labels(w, node, screen)
  for i, item in ipairs(node and node.tag == "Table" and node.items or {}) do
    if i % 2 == 1 then listed(w, item.value, screen, screen.names, "name") end
  end
end

function M.on.call(w, call)
  local spec = call.word and w.words[call.word]
  if spec and spec.does == "screen" then return open(w, call) end
  local screen = call.receiver and call.receiver.screen
  if not screen then return end
  if call.word == "screen:go" then
    listed(w, call.args[1], screen, screen.places, "place")
  elseif call.word == "screen:fill" then
    labels(w, call.args[1], screen)
  elseif call.word == "screen:read" or call.word == "screen:expect" then
    listed(w, call.args[1], screen, screen.names, "name")
  elseif call.word == "screen:press" then
    listed(w, call.args[1], screen, screen.changes, "change")
  elseif call.word == "screen:submit" and call.args[2] and call.args[2].tag == "Table" then
    local at, fill, press = get(call.args[2], "at"), get(call.args[2], "fill"), get(call.args[2], "press")
    listed(w, at and at.value, screen, screen.places, "place")
    labels(w, fill and fill.value, screen)
    listed(w, press and press.value, screen, screen.changes, "change")
  end
end

return M
