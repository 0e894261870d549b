--- values - the text at a label as a value of the field's type, and why it may be doubted.
local host = require "host"
local layout = require "ocr.layout"
local identifier = require("identifier").pure
local values = {}

local months = { jan = 1, feb = 2, mar = 3, apr = 4, may = 5, jun = 6, jul = 7, aug = 8, sep = 9, oct = 10, nov = 11, dec = 12 }

local function iso(y, m, d)
  y, m, d = tonumber(y), tonumber(m), tonumber(d)
  return y and m and d and host.date(("%04d-%02d-%02d"):format(y, m, d)) or nil
end

---Dates as documents print them. Day and month in figures alone are taken as day first, as in Europe.
function values.date(text)
  local y, m, d = text:match("(%d%d%d%d)%s*[-/.年]+%s*(%d%d?)%s*[-/.月]+%s*(%d%d?)")
  if y then return iso(y, m, d) end
  y, m, d = text:match("(%d%d%d%d)%s*年%s*(%d%d?)%s*月%s*(%d%d?)")
  if y then return iso(y, m, d) end
  d, m, y = text:match("(%d%d?)%s+(%a%a%a)%a*%.?,?%s+(%d%d%d%d)")
  if d and months[m:lower()] then return iso(y, months[m:lower()], d) end
  m, d, y = text:match("(%a%a%a)%a*%.?%s+(%d%d?),?%s+(%d%d%d%d)")
  if m and months[m:lower()] then return iso(y, months[m:lower()], d) end
  d, m, y = text:match("(%d%d?)[-./](%d%d?)[-./](%d%d%d%d)")
  if d then return iso(y, m, d) end
  return nil
end

local signs = { ["€"] = "EUR", ["£"] = "GBP", ["$"] = "USD", ["¥"] = "CNY", ["￥"] = "CNY" }

---Money: "EUR 50,000.00", "1.000.000,00 €". A mark followed by two figures at the end divides, others group.
function values.money(text, currency)
  local shown = text:match("%f[%u](%u%u%u)%f[%U]")
  for sign, code in pairs(signs) do if text:find(sign, 1, true) then shown = shown or code end end
  if text:find("人民币", 1, true) or text:find("元", 1, true) then shown = shown or "CNY" end
  shown = shown or currency
  local figures = text:match("%d[%d.,'%s]*")
  if not figures or not shown then return nil end
  figures = figures:gsub("[%s']", ""):gsub("[.,]+$", "")
  local whole, part = figures:match("^(.-)[.,](%d%d)$")
  whole = (whole or figures):gsub("[.,]", "")
  if text:find("万", 1, true) then
    local n = tonumber((whole .. "." .. (part or "0")))
    return n and host.money(("%.2f %s"):format(n * 10000, shown)) or nil
  end
  return (host.money(whole .. (part and "." .. part or "") .. " " .. shown))
end

---An identifier of one of the kinds: value, whether its check digits are right, the kind, why not. One that has no check
---digits (a UK company number) is only believed as it stands there, whole: any "5" would be one after its zeros are added.
---@param completed boolean?  zeros may be added: a person wrote it
function values.identifier(text, kinds, completed)
  local first
  for _, kind in ipairs(kinds) do
    local c = identifier.check(kind, text)
    local whole = kind ~= "uk_company" or completed or text:upper():gsub("%W", "") == c.canonical
    if c.valid and whole then return c.canonical, true, kind, "" end
    first = first or { c.canonical, kind, c.why }
  end
  return first[1], false, first[2], first[3]
end

---A suggestion for a number whose check digit is wrong; nil when there is none or more than one.
function values.suggest(text, kinds)
  for _, kind in ipairs(kinds) do
    local better = identifier.repair(kind, text)
    if better then return better end
  end
  return nil
end

local QUOTES = { ["‘"] = "’", ["“"] = "”" }

---A field's text as its type. Returns the value, or nil.
function values.of(text, field)
  if field.pattern then text = text:match(field.pattern) end
  if not text or text == "" then return nil end
  if field.type == "date" then return values.date(text) end
  if field.type == "money" then return values.money(text, field.currency) end
  if field.type == "number" then return tonumber((text:gsub("[%s,]", ""))) end
  if field.type == "flag" then return text:match("[xX☒✓✔]") ~= nil or text:lower():match("^yes") ~= nil end
  for open, close in pairs(QUOTES) do -- one alone is dust
    if not text:find(close, 1, true) then text = text:gsub(open, "") end
  end
  return (layout.trim((text:gsub("%s+", " "))))
end

return values
