--- check_names - rules on names: words, fields of cases and records, methods, what may be written, require.
local infer = require "check_infer"
local near = require("lua_near").near
local words = require "check_words"

local M = { on = {} }

local function sorted_keys(map, into)
  local keys = into or {}
  for key in pairs(map) do
    if type(key) == "string" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  return keys
end
M.sorted_keys = sorted_keys

local function mean(word)
  return word and "did you mean '" .. word .. "'?" or nil
end

-- Names that may stand alone: words, groups of words, plain Lua, the file's own functions.
local function known_globals(w)
  local known = {}
  for path in pairs(w.words) do
    local head = path:match "^([%w_]+)$" or path:match "^([%w_]+)%."
    if head then known[head] = true end
  end
  for group in pairs(w.groups) do
    known[group] = true
  end
  for name in pairs(words.lua) do
    known[name] = true
  end
  return known
end

function M.on.file(w, tree)
  w.globals = w.globals or known_globals(w)
  w.told = {}
  w.local_names = {}
  infer.any(tree.body, function(n)
    if n.tag == "Name" and n.decl then w.local_names[n.name] = true end
    return false
  end)
end

function M.on.Name(w, node)
  if node.decl or w.globals[node.name] or w.global_functions[node.name] or w.told[node.name] == w.pass then return end
  if node.name == "run" or node.name == "finish" then return end
  w.told[node.name] = w.pass -- once a file is enough
  local text = "there is no word '" .. node.name .. "'."
  local advice
  local guess = words.instead[node.name]
  if words.words[node.name] or words.groups[node.name] ~= nil then
    return w:report("unknown-word", node.line, "this build has no '" .. node.name .. "'.", nil, "look what it needs: deskhand doctor")
  end
  if node.name == "_G" or node.name == "_ENV" then
    advice = "write locals: what must be kept goes into the result of run"
  elseif guess then
    advice = "write " .. guess
  else
    local around = {}
    for other in pairs(w.local_names) do
      around[#around + 1] = other
    end
    guess = near(node.name, sorted_keys(w.global_functions, sorted_keys(w.globals, around)))
    advice = mean(guess) or "set it first: local " .. node.name .. " = …, or put quotes around it if it is a text"
  end
  w:report("unknown-word", node.line, text, nil, advice)
end

-- A member of a group of words: http.get, os.time.
local function member(w, node)
  local group, name = node.object.name, node.key.value
  local members
  if group == "os" or group == "io" then
    w.told[group] = w.pass
    local clock = name == "time" or name == "date" or name == "clock"
    local advice = clock and "write now() or today(): the journal keeps what they said" or
      group == "io" and "write files.read(…), files.write(…)" or
      "to wait for a sight write screen:wait(…), for a time wait \"3d\"; other programs are driven as a screen"
    return w:report(clock and "unknown-word" or "sleep", node.line, ("%s.%s is not there for robots."):format(group, name), nil, advice)
  elseif w.groups[group] then
    members = {}
    for path in pairs(w.words) do
      members[#members + 1] = path:match("^" .. group .. "%.(.+)$")
    end
  end
  if not members or w.words[group .. "." .. name] then return end
  table.sort(members)
  local guess = words.instead[name]
  if not guess or not w.words[group .. "." .. guess] then guess = near(name, members) end
  w:report("unknown-word", node.line, ("%s has no '%s'."):format(group, name), table.concat(members, ", "), mean(guess))
end

-- A field that a closed record does not have.
local function field(w, node, object)
  local name = node.key.value
  if object.fields[name] ~= nil then return end
  local names = sorted_keys(object.fields)
  w:report(object.k == "case" and "unknown-case-field" or "unknown-field", node.line, ("%s has no field '%s'."):format(object.what, name),
    table.concat(object.shown or names, ", "), mean(near(name, names)))
end

function M.on.Index(w, node)
  if node.key.tag ~= "String" then return end
  if node.object.tag == "Name" and not node.object.decl then return member(w, node) end
  local object = w:type(node.object)
  if object and object.fields then return field(w, node, object) end
  if object and object.k == "screen" then
    w:report("unknown-word", node.line, ("'%s' on a screen needs a colon."):format(node.key.value), nil,
      ("write %s:%s(…)"):format(node.object.name or "screen", node.key.value))
  end
end

local methods = {}
for path in pairs(words.words) do
  local kind, name = path:match "^(%w+):(%w+)$"
  if kind then
    methods[kind] = methods[kind] or {}
    table.insert(methods[kind], name)
  end
end
for _, list in pairs(methods) do
  table.sort(list)
end

function M.on.Method(w, node)
  local receiver = w:type(node.object)
  local known = receiver and methods[receiver.k]
  if not known or w.words[receiver.k .. ":" .. node.name] then return end
  local guess = words.instead[node.name]
  if not guess or not w.words[receiver.k .. ":" .. guess] then guess = near(node.name, known) end
  w:report("unknown-word", node.line, ("%s has no '%s'."):format(receiver.k == "money" and "an amount" or "a " .. receiver.k, node.name),
    table.concat(known, ", "), mean(guess))
end

-- Names of fields that are given as texts: record:missing("a", "b"), record:of("a").
local function document_fields(w, call)
  local fields = call.receiver and call.receiver.fields
  if not fields then return end
  for _, arg in ipairs(call.args) do
    if arg.tag == "String" and fields[arg.value] == nil then
      field(w, { line = arg.line, key = arg }, call.receiver)
    end
  end
end

local function require_call(w, call)
  local arg = call.args[1]
  if not arg then return end
  local name = arg.tag == "String" and arg.value
  if not name then
    return w:report("require", call.line, "require needs the name of one of the robot's own files, in quotes.", nil, 'write require "name"')
  end
  local path = name:gsub("%.", "/") .. ".lua"
  if w.files[path] then return end
  if w.globals[name] then
    return w:report("require", call.line, ("'%s' is a word of the language: it needs no require."):format(name), nil,
      "take the require away and write " .. name .. " where you need it")
  end
  local own = {}
  for file in pairs(w.files) do
    local short = file:match "^([^/]+)%.lua$"
    if short and file ~= "robot.lua" then own[#own + 1] = short end
  end
  table.sort(own)
  w:report("require", call.line, ("the robot has no file %s."):format(path), #own > 0 and table.concat(own, ", ") or "no other file",
    mean(near(name, own)) or "put the file into the robot's folder: other libraries are not there")
end

-- The local variable at the root of a.b.c[…]; nil when it is a call or a global.
local function root(expr)
  while expr.tag == "Index" or expr.tag == "Paren" do
    expr = expr.object or expr.expr
  end
  return expr.tag == "Name" and expr.decl or nil, expr
end

local function outer(w, decl)
  return decl and w.depth > 0 and decl.func == w.tree
end

local function report_outer(w, line, name, how)
  w:report("outer-write", line, ("'%s' stands outside the function, and %s."):format(name, how), "every case begins with a fresh copy",
    "use a local inside run; what must last is the result that run returns")
end

function M.on.Assign(w, node)
  for _, target in ipairs(node.targets) do
    local decl, at = root(target)
    if outer(w, decl) then
      report_outer(w, target.line, decl.name, target.tag == "Name" and "is written here" or "is changed here")
    elseif target.tag == "Name" and not decl then
      local name = target.name
      local allowed = w.depth == 0 and (name == "run" or name == "finish")
      if not allowed then
        local value = node.values[1]
        local fixed = w.depth == 0 and not w.globals[name] and value and value.tag ~= "Table"
        local is_word = w.globals[name] and "'" .. name .. "' is a word of the language and cannot be given another meaning."
        w:report("global-write", target.line, is_word or ("'%s' is written without local."):format(name), nil,
          is_word and "take another name" or node.func and "write local function " .. name or "write local " .. name .. " = …",
          fixed and "warning" or "error")
      end
    elseif at.tag == "Name" and not decl and target.tag == "Index" then
      w:report("global-write", target.line, ("'%s' belongs to everybody and cannot be changed."):format(at.name), nil, "use a local table")
    end
  end
end

-- A document kind that neither ships nor stands in kinds/.
local function kind(w, call)
  local arg = call.args[2]
  local name = arg and arg.tag == "String" and arg.value
  if not name or not w.all_kinds or w.kinds[name] or w.files["kinds/" .. name .. ".lua"] then return end
  local known = sorted_keys(w.kinds)
  w:report("kind", arg.line, ("there is no document kind '%s'."):format(name), table.concat(known, ", "),
    mean(near(name, known)) or ("write your own: kinds/%s.lua"):format(name))
end

local changes_table = { ["table.insert"] = true, ["table.remove"] = true, ["table.sort"] = true }

function M.on.call(w, call)
  if call.receiver and call.receiver.k == "document" then document_fields(w, call) end
  if call.word == "document.read" then kind(w, call) end
  local path = call.func and infer.path(call.func)
  if path == "require" then return require_call(w, call) end
  if changes_table[path] and call.args[1] then
    local decl = root(call.args[1])
    if outer(w, decl) then report_outer(w, call.line, decl.name, "is changed here") end
  end
end

return M
