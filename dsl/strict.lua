--- strict - what the robot's world refuses, in words. Each is called in the place of the robot's line, and raises there.
local core, lang = ...
local strict = {}

function strict.unknown(name)
  local close = core._closest(name, core._words())
  error("there is no word '" .. name .. "'" .. (close and ("\ndo: did you mean '" .. close .. "'?") or
    "\ndo: a value of your own is declared first: local " .. name .. " = …"), 2)
end

local kept = { ["function"] = true, string = true, number = true, boolean = true }

function strict.written(name, value)
  if not lang.loading then
    error("'" .. tostring(name) .. "' is written as a global while a case runs; nothing of it would survive a crash" ..
      "\ndo: write local " .. tostring(name) .. " = …", 2)
  end
  if kept[type(value)] then error("'" .. name .. "' is a word of the language and cannot be used as a name", 2) end
  error("'" .. name .. "' is global\ndo: write local " .. name .. " = … (tables that change would not survive a crash)", 2)
end

return strict
