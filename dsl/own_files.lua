--- own_files - require for robots: their own files only, each run once.
local core, lang = ...
local files = {} -- by name

local own = {}

---Called in the place of the robot's line.
function own.require(name)
  if type(name) ~= "string" or not name:match("^[%w_%.]+$") then
    error("require takes the name of a file of this robot, such as require \"rules\"", 2)
  end
  if core._testing() then return name:match("^core%.") and lang.dsl(name) or lang.word(name) or lang.dsl(name) end
  if files[name] == nil then
    local path = name:gsub("%.", "/") .. ".lua"
    local chunk, why = core._load(path)
    if not chunk then
      error(why ~= "" and why or ("this robot has no file " .. path .. "\ndo: words are known without require; it is for the robot's own files"), 2)
    end
    local was = lang.loading
    lang.loading = true
    local result = chunk(name)
    lang.loading = was
    files[name] = result == nil and true or result
  end
  return files[name]
end

return own
