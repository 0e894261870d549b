--- formats - how a screen writes money and dates, from an example of each: "1.234,56", "1,234.56 EUR", "dd.mm.yyyy".
local core = ...
local errors = require "errors"
local formats = {}

local function bad(text, seen, advice) errors.raise { code = "EFORMAT", text = text, seen = seen, advice = advice or "" } end

---@param pattern string  an example: "1,234.56"
local function read_money_pattern(pattern)
  local group, point, decimals = pattern:match("1(%D?)234(%D?)(%d*)")
  if not group then bad("formats.money is an example such as \"1,234.56\"", pattern) end
  local before, after = pattern:match("^(%u*%s*)1"), pattern:match("%d(%s*%u*)$")
  return { group = group, point = point, decimals = #decimals, before = before:match("%u") and "CUR " or "",
    after = after and after:match("%u") and " CUR" or "" }
end

---@param value userdata  money
---@param pattern string?
function formats.money(value, pattern)
  local p = read_money_pattern(pattern or "1234.56")
  local digits = tostring(math.abs(value.minor))
  digits = ("0"):rep(value.digits + 1 - #digits) .. digits
  local whole, part = digits:sub(1, #digits - value.digits), digits:sub(#digits - value.digits + 1)
  if p.group ~= "" then
    whole = whole:reverse():gsub("(%d%d%d)", "%1" .. (p.group == "%" and "%%" or p.group)):reverse()
    if whole:sub(1, #p.group) == p.group then whole = whole:sub(#p.group + 1) end
  end
  local text = (value.minor < 0 and "-" or "") .. whole .. (value.digits > 0 and p.point .. part or "")
  return p.before:gsub("CUR", value.currency) .. text .. p.after:gsub("CUR", value.currency)
end

---@param text string  as the screen shows it
---@param pattern string?
---@param currency string?  when the screen does not say it
function formats.read_money(text, pattern, currency)
  local p = read_money_pattern(pattern or "1234.56")
  local shown = text:match("%u%u%u") or currency
  local plain = text:gsub("%u%u%u", ""):gsub("%s", "")
  if p.group ~= "" then plain = plain:gsub("%" .. p.group, "") end
  if p.point ~= "" and p.point ~= "." then plain = plain:gsub("%" .. p.point, ".") end
  if not shown then bad("\"" .. text .. "\" shows no currency", text, "name it: money { currency = \"EUR\" }") end
  local v, why = core._money(plain .. " " .. shown)
  if not v then bad("\"" .. text .. "\" is no amount written as " .. (pattern or "1234.56") .. ": " .. why, text) end
  return v
end

---@param value userdata  date
---@param pattern string?  "dd/mm/yyyy"
function formats.date(value, pattern)
  local text = (pattern or "yyyy-mm-dd"):gsub("yyyy", ("%04d"):format(value.year)):gsub("yy", ("%02d"):format(value.year % 100))
  return (text:gsub("mm", ("%02d"):format(value.month)):gsub("dd", ("%02d"):format(value.day)))
end

---@param text string
---@param pattern string?
function formats.read_date(text, pattern)
  pattern = pattern or "yyyy-mm-dd"
  local order = {}
  local lua = pattern:gsub("[%-%.%/]", "%%%0"):gsub("yyyy", "(YYYY)"):gsub("mm", "(MM)"):gsub("dd", "(DD)")
  for part in lua:gmatch("%((%u+)%)") do order[#order + 1] = part end
  lua = lua:gsub("YYYY", "%%d%%d%%d%%d"):gsub("MM", "%%d%%d"):gsub("DD", "%%d%%d")
  local found = { text:match("^%s*" .. lua .. "%s*$") }
  local part = {}
  for i, name in ipairs(order) do part[name] = found[i] end
  local v = part.YYYY and part.MM and part.DD and core._date(part.YYYY .. "-" .. part.MM .. "-" .. part.DD)
  if not v then bad("\"" .. text .. "\" is no date written as " .. pattern, text) end
  return v
end

---Any value as the screen wants it; flags stay flags.
function formats.write(value, screen)
  local kind = core._kind(value)
  if kind == "money" then return formats.money(value, screen.money) end
  if kind == "date" then return formats.date(value, screen.date) end
  if kind == "number" then return math.type(value) == "integer" and tostring(value) or ("%.14g"):format(value) end
  if kind == "string" or kind == "boolean" or kind == "secret" then return value end
  bad("a " .. kind .. " cannot be typed into a field", kind)
end

---What a screen shows, as a type says: money, date, number, flag, text.
function formats.read(text, t, screen)
  local name = t and t.type or "text"
  if name == "money" then return formats.read_money(text, screen.money, t.currency or screen.currency) end
  if name == "date" then return formats.read_date(text, screen.date) end
  if name == "number" then
    local v = tonumber((text:gsub("%s", "")))
    if not v then bad("\"" .. text .. "\" is no number", text) end
    return v
  end
  if name == "flag" then return text == true or text == "true" end
  return text
end

return formats
