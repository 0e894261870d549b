--- screen_targets - what words point at: names, targets, rows; and pair lists. No screen is touched here.
local _ = ...
local errors = require "errors"
local targets = {}

local target_mt = { __name = "dh.target" }
local row_methods = {}
local row_mt = { __name = "dh.row", __index = row_methods }

local use = errors.use

local rules = { within = "string", near = "string", role = "string", nth = "number", image = "string", text = "boolean" }

---@param name string?
---@param how table
function targets.target(name, how)
  local t = { name = name }
  for k, v in pairs(how) do
    if rules[k] ~= type(v) then
      use("find has no '" .. tostring(k) .. "' like this", "within, near, role, nth, image, text", rules[k] and ("it is a " .. rules[k]) or "")
    end
    t[k] = v
  end
  return setmetatable(t, target_mt)
end

function targets.is_target(v) return getmetatable(v) == target_mt end

function targets.is_row(v) return getmetatable(v) == row_mt end

---A target as the drivers take it: a name, or a plain map. names: those the screen file gives to awkward fields.
function targets.plain(v, names)
  if type(v) == "string" then
    local alias = names and names[v]
    return alias and targets.plain(alias) or v
  end
  if targets.is_target(v) then
    local t = {}
    for k, x in pairs(v) do t[k] = x end
    return t
  end
  use("a name or a target is needed here", type(v))
end

---A row as the drivers take it, to be pressed: the cell of column, else of the first that the row names.
---@param write fun(value: any): any  as the screen shows it
function targets.cell(row, column, write)
  local cells = {}
  for i = 1, #row.pairs, 2 do cells[#cells + 1] = { row.pairs[i], tostring(write(row.pairs[i + 1])) } end
  return { name = row.name, row = cells, column = column }
end

---A row, lazy. spec: screen, name, pairs, place, ask.
function targets.row(spec) return setmetatable(spec, row_mt) end

---Whether a row of texts shows every value of the pairs.
---@param write fun(value: any): any  as the screen shows it
function row_methods:fits(row, write)
  for i = 1, #self.pairs, 2 do
    local column = self.pairs[i]
    local seen = rawget(row, column)
    if seen == nil then
      local columns = {}
      for name in pairs(row) do columns[#columns + 1] = name end
      use("the table \"" .. self.name .. "\" has no column \"" .. tostring(column) .. "\"", table.concat(columns, ", "))
    end
    if tostring(seen) ~= tostring(write(self.pairs[i + 1])) then return false end
  end
  return true
end

function row_methods:text()
  local parts = { self.name }
  for i = 1, #self.pairs, 2 do parts[#parts + 1] = tostring(self.pairs[i]) .. " " .. tostring(self.pairs[i + 1]) end
  return table.concat(parts, ", ")
end

---Label, value, label, value …: even, labels are names, values are there, no label twice.
function targets.check_pairs(list, word)
  if type(list) ~= "table" then use(word .. " takes a list: label, value, label, value …", type(list)) end
  local n = 0
  for k in pairs(list) do
    if math.type(k) ~= "integer" then
      use(word .. " takes a list, not named fields", tostring(k) .. " = …", "write \"" .. tostring(k) .. "\", value")
    end
    if k > n then n = k end
  end
  local seen = {}
  for i = 1, n, 2 do
    local label, value = list[i], list[i + 1]
    local name = type(label) == "string" and label or (targets.is_target(label) and label.name)
    if not name then use("label " .. (i + 1) // 2 .. " of " .. word .. " is no text", tostring(label), "a comma or a value is missing before it") end
    if value == nil then use("no value for \"" .. name .. "\"", "the value is empty", "check the field it comes from") end
    if type(label) == "string" then
      if seen[label] then use("\"" .. label .. "\" stands twice in " .. word) end
      seen[label] = true
    end
  end
end

---A list of names, targets, rows and values as plain data for the journal.
function targets.journal(list)
  local out = {}
  for i, v in ipairs(list) do
    if targets.is_target(v) then
      out[i] = targets.plain(v)
    elseif targets.is_row(v) then
      out[i] = { row = v.name, place = v.place or "", pairs = targets.journal(v.pairs) }
    else
      out[i] = v
    end
  end
  return out
end

return targets
