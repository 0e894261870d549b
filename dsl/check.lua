--- check - what can be proved of a robot without running it.
-- Owns the order of things and the form of a finding; the rules are in check_names, check_lists, check_effects,
-- check_flow, check_robot, check_screens; the walk in check_walk; what is derived in check_needs and check_types.
-- Reads texts only: opens no file, runs nothing of the robot.
local errors = require "lua_errors"
local infer = require "check_infer"
local kinds_of = require "check_kinds"
local parse = require("lua_parse").parse
local screens_of = require "check_screens"
local walk = require("check_walk").walk
local words = require "check_words"

local M = {}

---@class check_finding
---@field file string
---@field line integer
---@field rule string                  short name of the rule
---@field severity "error"|"warning"
---@field text string                  what is wrong, a sentence
---@field seen? string
---@field advice? string               what to do

---@class check_options
---@field words? table<string, string|{does: string}> more words: a group ("company") -> its module; a member ("tax.standing")
---  -> its module, or what it does ("read", "effect", "value") when all members of its group are given
---@field build? table<string, boolean> the words that this build has, when not all of the language
---@field kinds? table<string, table>  document kinds -> their fields: a list of names, or name -> type name
---@field main? string                 the file with robot { … }; "robot.lua" if absent
---@field robot? string                the robot's name, for texts

-- Rules in the order in which they look at a node; screens before effects, so that a screen is known.
local rule_files = { "check_robot", "check_names", "check_screens", "check_lists", "check_effects", "check_flow" }

local function collect_rules()
  local rules = {}
  for _, file in ipairs(rule_files) do
    for tag, rule in pairs(require(file).on) do
      rules[tag] = rules[tag] or {}
      table.insert(rules[tag], rule)
    end
  end
  return rules
end

-- The vocabulary and what the build adds; a group whose members are told has these only.
local function all_words(more, build)
  local list, groups, told = {}, {}, {}
  for path, spec in pairs(more or {}) do
    if type(spec) == "table" then told[path:match "^[%w_]+"] = true end
  end
  for path, spec in pairs(words.words) do
    local head = path:match "^([%w_]+)%." or path:match "^[%w_]+$"
    if not head or (not build or build[head]) and (not told[head] or more[path] or head == path) then list[path] = spec end
  end
  for name, closed in pairs(words.groups) do
    if not build or build[name] then groups[name] = closed or told[name] or false end
  end
  for path, spec in pairs(more or {}) do
    local group = path:match "^([%w_]+)%."
    if group then
      list[path] = list[path] or { does = type(spec) == "table" and spec.does or "read" }
      groups[group] = groups[group] or told[group] or false
    elseif not list[path] and groups[path] == nil then
      groups[path] = false
    end
  end
  return list, groups
end

--- Is this file part of the robot (and not of its tests)?
local function belongs(path)
  return path:match "%.lua$" and not path:match "^test_" and not path:match "/test_[^/]*$" and not path:match "^fixtures/"
end

local function main_of(files, wanted)
  local main = wanted or "robot.lua"
  if files[main] then return main end
  local only
  for path in pairs(files) do
    if belongs(path) and not path:match "/" then
      if only then return main end
      only = path
    end
  end
  return only or main
end

--- Trees of all files, screens described; syntax errors go to `add`.
---@param files table<string, string>
---@param options? check_options
---@param add fun(finding: check_finding)
---@return table project {files, main, order, trees, screens, kinds, words, groups}
function M.read(files, options, add)
  options = options or {}
  local project = { files = files, main = main_of(files, options.main), order = {}, trees = {}, screens = {} }
  project.words, project.groups = all_words(options.words, options.build)
  for path in pairs(files) do
    if belongs(path) then table.insert(project.order, path) end
  end
  table.sort(project.order)
  for _, path in ipairs(project.order) do
    local tree, err = parse(files[path])
    project.trees[path] = tree
    if err then
      local told = errors.explain(("%s:%d: %s"):format(path, err.line, err.text), files[path])
      add { file = path, line = told.line, rule = "syntax", severity = "error", text = told.text, seen = told.seen, advice = told.advice }
    end
    local screen = path:match "^screens/(.+)%.lua$" or path:match "/screens/([^/]+)%.lua$"
    if screen then project.screens[screen] = tree and screens_of.describe(screen, tree) or
      { name = screen, changes = {}, places = {}, names = {} } end
  end
  project.kinds = kinds_of.read(project.trees, options.kinds, infer.simple)
  return project
end

local function by_place(a, b)
  if a.file ~= b.file then return a.file < b.file end
  if a.line ~= b.line then return a.line < b.line end
  return a.rule .. a.text < b.rule .. b.text
end

--- Everything that check finds in a robot, ordered by file and line.
---@param files table<string, string> path -> text: robot.lua, other .lua files, screens/NAME.lua, kinds/NAME.lua
---@param options? check_options
---@return check_finding[]
function M.robot(files, options)
  local findings, seen = {}, {}
  local function add(finding)
    local id = finding.file .. ":" .. finding.line .. ":" .. finding.rule .. ":" .. finding.text
    if seen[id] then return end
    seen[id] = true
    findings[#findings + 1] = finding
  end
  local project = M.read(files, options, add)
  if not files[project.main] then
    add { file = project.main, line = 1, rule = "run", severity = "error", text = "the robot has no file " .. project.main .. ".",
      advice = "write one, or begin with: deskhand new " .. (options and options.robot or "NAME") }
  end
  local rules = collect_rules()
  for _, path in ipairs(project.order) do
    local tree = project.trees[path]
    local screen_file = path:match "^screens/" ~= nil or path:match "/screens/" ~= nil
    if tree and not kinds_of.is_kind(path) then
      walk({
        file = path, files = files, main = path == project.main, screen_file = screen_file, rules = rules, add = add,
        words = project.words, groups = project.groups, screens = project.screens, kinds = project.kinds,
        all_kinds = options ~= nil and options.kinds ~= nil and next(options.kinds) ~= nil,
      }, tree)
    end
  end
  table.sort(findings, by_place)
  return findings
end

--- A finding as people read it: "file:line: what failed.\n   seen: …   do: …".
---@param finding check_finding
---@param folder? string put before the file: "robots/enter_loan"
---@return string
function M.format(finding, folder)
  local text = finding.text
  if not text:match "[.!?]$" then text = text .. "." end
  local out = ("%s%s:%d: %s%s"):format(folder and folder .. "/" or "", finding.file, finding.line,
    finding.severity == "warning" and "warning: " or "", text)
  local tail = {}
  if finding.seen then tail[#tail + 1] = "seen: " .. finding.seen .. (finding.seen:match "^[%w_, -]+$" and "." or "") end
  if finding.advice then tail[#tail + 1] = "do: " .. finding.advice end
  return #tail > 0 and out .. "\n   " .. table.concat(tail, "   ") or out
end

--- What a robot needs of the outside; see check_needs.
---@param files table<string, string>
---@param options? check_options
function M.needs(files, options)
  return require("check_needs").of(M.read(files, options, function() end))
end

--- The `case` class of a robot, for editors; see check_types.
function M.types(declaration, robot_name)
  return require("check_types").of(declaration, robot_name)
end

return M
