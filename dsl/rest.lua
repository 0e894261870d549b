--- rest - before a run waits for a person or for days: modules that hold no state (they say stateless = true) leave its
--- memory, and what is left is collected at that wait.
local core, lang = ...

return function()
  local names = {}
  for name in pairs(lang.loaded) do
    local module = lang.loaded[name:gsub("^core%.", ""):match("^[^.]+")]
    if type(module) == "table" and rawget(module, "stateless") then names[#names + 1] = name end
  end
  lang.forget(names)
  core._tidy()
end
