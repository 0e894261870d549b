-- names: whether two spellings mean one company. Case, width, spaces, punctuation and the legal form do not count.
local names = {}

local forms = {}
for form in ([[ltd limited plc llc lp inc incorporated corp corporation co coltd company gmbh gesellschaftmbh mbh ag
    aktiengesellschaft se kg ohg gmbhcokg bv nv ab aktiebolag oy as sa sas sarl srl spa spzoo sro pte pteltd]]):gmatch("%S+") do
  forms[form] = true
end
local at_the_end = { "股份有限公司", "有限责任公司", "有限公司" } -- Chinese writes no spaces

-- Full-width letters and the full-width space as ordinary ones.
local function half_width(text)
  return (text:gsub("\u{3000}", " "):gsub("\xEF[\xBC\xBD][\x80-\xBF]", function(c)
    local code = utf8.codepoint(c)
    return code >= 0xFF01 and code <= 0xFF5E and string.char(code - 0xFEE0) or c
  end))
end

-- A name as far as it counts.
function names.plain(text)
  local words = {}
  for word in half_width(text):lower():gsub("&", " "):gsub("[%p]", ""):gmatch("%S+") do words[#words + 1] = word end
  for count = math.min(3, #words - 1), 1, -1 do
    if forms[table.concat(words, "", #words - count + 1)] then
      words = { table.concat(words, "", 1, #words - count) }
      break
    end
  end
  local plain = table.concat(words)
  for _, form in ipairs(at_the_end) do
    if #plain > #form and plain:sub(-#form) == form then return plain:sub(1, -#form - 1) end
  end
  return plain
end

function names.same(a, b)
  return type(a) == "string" and type(b) == "string" and names.plain(a) == names.plain(b)
end

return names
