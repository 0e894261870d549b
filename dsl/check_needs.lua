--- check_needs - what a robot needs of the outside, derived from its text; shown at deploy and by `deskhand check`.
local infer = require "check_infer"
local robot = require "check_robot"

local M = {}

-- Modules that are no source of data outside.
local not_source = { document = true, json = true, xml = true, csv = true, files = true, identifier = true }

local function sorted(set)
  local list = {}
  for name in pairs(set) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

local function literal(args, i)
  return args[i] and args[i].tag == "String" and args[i].value or nil
end

-- Also words that are only written down: { company.get, number }, step("registry", company.get, number).
local function look(project, needs, tree)
  infer.any(tree.body, function(n)
    local path = (n.tag == "Name" or n.tag == "Index") and infer.path(n)
    local group = path and path:match "^([%w_]+)%."
    if group and project.groups[group] ~= nil then
      if not not_source[group] then needs.sources[group] = true end
      if path == "document.read" then needs.roles.reader = true end
    end
    if n.tag == "Method" and n.name == "submit" then
      local name = literal(n.args, 1)
      if name then needs.effects[name] = true end
    end
    if n.tag ~= "Call" then return false end
    local word = infer.path(n.func)
    local name = literal(n.args, 1)
    local spec = word and project.words[word]
    if not spec then return false end
    if spec.does == "screen" and name then
      needs.screens[name] = true
      if word == "desktop" then needs.roles.desk = true end
    elseif word == "secret" and name then
      needs.secrets[name] = true
    elseif word == "document.read" and literal(n.args, 2) then
      needs.kinds[literal(n.args, 2)] = true
    elseif spec.does == "effect" and name then
      needs.effects[name] = true
    end
    return false
  end)
  -- { document.read, case.licence, "business_licence" }
  infer.any(tree.body, function(n)
    local first = n.tag == "Table" and n.items[1] and infer.path(n.items[1].value)
    local kind = first == "document.read" and n.items[3] and n.items[3].value
    if kind and kind.tag == "String" then needs.kinds[kind.value] = true end
    return false
  end)
end

local function hosts(project, needs)
  local tree = project.trees[project.main]
  local declaration = tree and robot.declarations(tree)[1]
  local node = declaration and declaration.args[1]
  local list = node and node.tag == "Table" and robot.get(node, "hosts")
  for _, item in ipairs(list and list.value.tag == "Table" and list.value.items or {}) do
    if item.value.tag == "String" then needs.hosts[item.value.value] = true end
  end
end

--- {screens, sources, secrets, kinds, roles, hosts, effects}: sorted lists of names.
---@param project table of check.read
function M.of(project)
  local needs = { screens = {}, sources = {}, secrets = {}, kinds = {}, roles = {}, hosts = {}, effects = {} }
  for _, path in ipairs(project.order) do
    local tree = project.trees[path]
    if tree and not path:match "screens/" and not path:match "kinds/" then look(project, needs, tree) end
  end
  for _, name in ipairs(sorted(needs.screens)) do
    for _, path in ipairs(project.order) do
      if path:match "([^/]+)%.lua$" == name and path:match "screens/" and project.trees[path] then look(project, needs, project.trees[path]) end
    end
  end
  hosts(project, needs)
  for key, set in pairs(needs) do
    needs[key] = sorted(set)
  end
  return needs
end

return M
