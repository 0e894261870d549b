--- names - what loops and branches add to the names of effects, reviews and steps.
local core = ...

-- The present key of each loop by its iterator, and for branches of together what stood around it, by scope.
local names = { loop_keys = {}, outer = {} }

---"[17][a]" inside two loops, "" outside.
function names.suffix()
  local suffix = ""
  for _, iterator in ipairs(core._loops()) do suffix = (names.loop_keys[iterator] or "") .. suffix end
  return (names.outer[core._scope()] or "") .. suffix
end

---The name an effect, review or step has inside the loops it stands in.
---@param name string
function names.full(name)
  if type(name) ~= "string" or name == "" or #name > 120 then
    core._raise { code = "EUSE", text = "a name of 1 to 120 letters comes first", seen = tostring(name) }
  end
  return name .. names.suffix()
end

return names
