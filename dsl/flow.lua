--- flow - together, each, step: calls at once, loops whose effects have keys, results that are frozen.
-- words: together each step
local core, lang = ...
local errors = require "errors"
local names = require "names"
local flow = {}

local function is_callable(f)
  if type(f) == "function" then return true end
  local mt = type(f) == "table" and getmetatable(f)
  return type(mt) == "table" and mt.__call ~= nil
end

--- A branch has failed: what the others asked a person needs no answer any more. Those asked in this attempt, and those
--- that stand from an earlier one which this one did not come to.
local function withdraw(scopes)
  local asked = {}
  for _, r in ipairs(core._asked(scopes)) do asked[r.name] = r end
  for name, r in pairs(lang.asked or {}) do
    if r.scope:sub(1, #scopes) == scopes then asked[name] = r end
  end
  for name, r in pairs(asked) do
    core._record("withdraw", { word = "review", name = name, scope = r.scope, position = r.position })
    if lang.asked then lang.asked[name] = nil end
  end
end

-- Ends of a branch that leave the questions of the others standing: the run goes on with them.
local goes_on = { EWAIT = true, EUNKNOWN = true, ECANCELED = true }

---Runs calls written down, at once: together({ f, args… }, { g, args… }). Returns the first result of each.
function flow.together(...)
  local calls = { ... }
  for i, call in ipairs(calls) do
    if type(call) ~= "table" or not is_callable(call[1]) then
      errors.raise { code = "EUSE", text = "together takes calls written down, and number " .. i .. " is a " .. type(call),
        advice = "write { company.get, number } instead of company.get(number)" }
    end
  end
  if core._live() then errors.raise { code = "EUSE", text = "together cannot stand inside a proof or a step" } end
  if #calls == 0 then return end
  local outer = names.suffix()
  local inner = {}
  for i, call in ipairs(calls) do
    inner[i] = { function(...)
      names.outer[core._scope()] = outer
      return call[1](...)
    end, table.unpack(call, 2) }
  end
  local results, e, scopes = core._branches(inner)
  if not results and not goes_on[e.code] then withdraw(scopes) end
  errors.ok(results, e)
  return table.unpack(results, 1, #calls)
end

---Loops over rows; effects, reviews and steps inside get the row's key in their names.
---@param list table[]  rows or any list
---@param key string?  the field that makes a row unique; without it the values themselves
function flow.each(list, key)
  if type(list) ~= "table" then errors.raise { code = "EUSE", text = "each takes a list", seen = type(list) } end
  local keys, seen, i = names.loop_keys, {}, 0
  local step
  function step()
    i = i + 1
    local row = list[i]
    keys[step] = nil
    if row == nil then return nil end
    local id = row
    if key ~= nil then id = row[key] end
    if id == nil or type(id) == "table" then
      errors.raise { code = "EUSE", text = "row " .. i .. " of each has no usable key", seen = tostring(id),
        advice = "name the field that makes a row unique: each(rows, \"id\")" }
    end
    id = tostring(id)
    if seen[id] then
      errors.raise { code = "EUSE", text = "rows " .. seen[id] .. " and " .. i .. " of each have the same key '" .. id .. "'" }
    end
    seen[id] = i
    keys[step] = "[" .. id .. "]"
    return row
  end
  return step
end

---Freezes a stretch as one result, kept across attempts and robot versions.
---@param name string
---@param f function
function flow.step(name, f, ...)
  if not is_callable(f) then
    errors.raise { code = "EUSE", text = "step takes a call written down", seen = type(f),
      advice = "write step(\"name\", f, args…) instead of step(\"name\", f(args…))" }
  end
  if core._live() then errors.raise { code = "EUSE", text = "a step cannot stand inside a proof or another step" } end
  local full = names.full(name)
  local position = core._place("step", full)
  local stands = core._standing("step", full)
  if stands then return stands.data end
  core._live(1)
  local ok, result = pcall(f, ...)
  core._live(-1)
  if not ok then error(result, 0) end
  core._record("step", { word = "step", name = full, position = position, data = result })
  return core._plain(result)
end

return flow
