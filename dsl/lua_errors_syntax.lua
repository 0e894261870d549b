--- lua_errors_syntax - advice for texts that Lua cannot read: what a clerk most likely meant.
-- Works on the tokens around the place where the parser stopped, so that what is shown is really there.
local parse = require("lua_parse").parse
local near = require("lua_near").near
local blocks = require "lua_errors_blocks"
local words = require "check_words"
local keywords = require("lua_lex").keywords

local M = {}

local ends_value = { name = true, string = true, number = true, ["}"] = true, [")"] = true, ["]"] = true, ["true"] = true, ["false"] = true,
  ["nil"] = true }
local begins_value = { name = true, string = true, number = true, ["{"] = true, ["function"] = true, ["true"] = true, ["false"] = true,
  ["nil"] = true, ["not"] = true }

-- State of one explanation: tokens t, the index i of the token at which it failed, the source.
local function kind(s, i)
  return s.t.kind[i]
end

local function text_of(s, from, to)
  local text = s.src:sub(s.t.from[from], s.t.to[to or from]):gsub("%s+", " ")
  return #text > 60 and text:sub(1, 57) .. "…" or text
end

-- First token of the value that ends at i: case.loan_no is one value.
local function value_begin(s, i)
  local close = kind(s, i)
  if close == "}" or close == ")" or close == "]" then
    local depth, open = 1, ({ ["}"] = "{", [")"] = "(", ["]"] = "[" })[close]
    while depth > 0 and i > 1 do
      i = i - 1
      depth = depth + (kind(s, i) == close and 1 or kind(s, i) == open and -1 or 0)
    end
    if close ~= "}" and kind(s, i - 1) == "name" then return value_begin(s, i - 1) end
    return i
  end
  while i > 2 and kind(s, i) == "name" and (kind(s, i - 1) == "." or kind(s, i - 1) == ":") do
    i = i - 2
  end
  return i
end

local function value_end(s, i)
  while kind(s, i) == "name" and (kind(s, i + 1) == "." or kind(s, i + 1) == ":") and kind(s, i + 2) == "name" do
    i = i + 2
  end
  return i
end

local function in_line(s, line)
  return line == s.line and "this line" or "line " .. line
end

-- Inside a list or call: the value before and the value here have nothing between them.
local function missing_comma(s)
  local open = s.err.open
  local i = s.i
  if not open or (open.what ~= "{" and open.what ~= "(") then return nil end
  if not ends_value[kind(s, i - 1)] or not begins_value[kind(s, i)] then return nil end
  if kind(s, i - 1) == "name" and kind(s, i) == "name" and kind(s, i + 1) == "=" and kind(s, i - 2) ~= "=" and kind(s, i - 2) ~= "." then
    local spaced = text_of(s, i - 1, i)
    return { text = "a name has no space in it.", seen = spaced, advice = ('write %s, or ["%s"] = …'):format(spaced:gsub(" ", "_"), spaced) }
  end
  if s.t.line[i] ~= s.t.line[i - 1] and (kind(s, i) == "function" or not blocks.inside(s, i)) then return nil end
  if blocks.unclosed_bracket(s) then return nil end
  local before, after = text_of(s, value_begin(s, i - 1), i - 1), text_of(s, i, value_end(s, i))
  local what = open.what == "{" and "list" or "call"
  return { text = ("a comma is missing in the %s that begins in %s."):format(what, in_line(s, open.line)), seen = before .. " " .. after,
    advice = "write " .. before .. ", " .. after }
end

-- { "a" = 1 }
local function text_key(s)
  if kind(s, s.i) ~= "=" or kind(s, s.i - 1) ~= "string" or not s.text:match "^'}' expected" then return nil end
  local key, value = text_of(s, s.i - 1), text_of(s, s.i + 1, value_end(s, s.i + 1))
  return { text = "a text in quotes cannot stand before =.", seen = key .. " = " .. value,
    advice = ("write [%s] = %s; in a list of label, value: %s, %s"):format(key, value, key, value) }
end

local function reserved_word(s)
  local word, before, after = kind(s, s.i), kind(s, s.i - 1), kind(s, s.i + 1)
  if not keywords[word] then return nil end
  local as_key = (before == "{" or before == ",") and after == "="
  local as_name = before == "local" or before == "." or before == ":" or before == "for" or before == "function" or
    before == "(" and s.text:match "^<name>"
  if not as_key and not as_name then return nil end
  return { text = ("'%s' is a word of Lua itself and cannot be a name."):format(word), seen = text_of(s, s.i, math.min(s.i + 1, s.t.n)),
    advice = ("write %s instead"):format(words.reserved[word] or word .. "_") }
end

-- Does the statement around token i begin with one of these words?
local function statement_word(s, i)
  local line = s.t.line[i]
  while i > 1 and s.t.line[i] >= line - 1 do
    i = i - 1
    local k = kind(s, i)
    if k == "if" or k == "elseif" or k == "while" or k == "until" or k == "return" then return k end
    if k == "then" or k == "do" or k == "end" then return nil end
  end
end

local function other_languages(s)
  local k, before, after = kind(s, s.i), kind(s, s.i - 1), kind(s, s.i + 1)
  if k == "!" then
    return after == "=" and { text = "'!=' is not Lua.", seen = "!=", advice = "write ~= for 'is not equal'" } or
      { text = "'!' is not Lua.", seen = "!", advice = "write not" }
  elseif k == "&" and before == "&" or k == "|" and before == "|" then
    return { text = ("'%s%s' is not Lua."):format(k, k), seen = k .. k, advice = "write " .. (k == "&" and "and" or "or") }
  elseif after == "=" and (k == "+" or k == "-" or k == "..") and ends_value[before] then
    local name = text_of(s, value_begin(s, s.i - 1), s.i - 1)
    return { text = ("'%s=' is not Lua."):format(k), seen = name .. " " .. k .. "= …", advice = ("write %s = %s %s …"):format(name, name, k) }
  elseif k == "=" and statement_word(s, s.i) then
    local from = value_begin(s, s.i - 1)
    local left, right = text_of(s, from, s.i - 1), text_of(s, s.i + 1, value_end(s, s.i + 1))
    return { text = "one = sets a value; it does not compare.", seen = left .. " = " .. right, advice = "write " .. left .. " == " .. right }
  elseif k == "==" and s.text:match "^syntax error" then
    local name = text_of(s, value_begin(s, s.i - 1), s.i - 1)
    return { text = "== compares; it does not set a value.", seen = name .. " ==", advice = "write " .. name .. " = …" }
  end
end

local quotes = { ["\xe2\x80\x9c"] = true, ["\xe2\x80\x9d"] = true, ["\xe2\x80\x9e"] = true, ["\xe2\x80\x98"] = true,
  ["\xe2\x80\x99"] = true, ["\xc2\xab"] = true, ["\xc2\xbb"] = true }

local function foreign_letters(s)
  local at = s.t.from[s.i]
  if not at then return nil end
  local rest = s.src:sub(at, at + 40)
  if rest:sub(1, 3) == "\xef\xbb\xbf" then
    return { text = "the file begins with an invisible mark (BOM).", advice = "save it as UTF-8 without BOM" }
  elseif not rest:match "^[\xc2-\xf4]" then
    return nil
  end
  local sign = rest:match "^[\xc2-\xf4][\x80-\xbf]+"
  local seen = (rest:match "^[^%s,;(){}=]+" or sign):sub(1, 30)
  if sign and (quotes[sign] or quotes[sign:sub(1, 2)]) then
    return { text = "this is not a quote that Lua knows.", seen = seen, advice = 'write straight quotes: "…"' }
  end
  return { text = "names are made of Latin letters, digits and _ only.", seen = seen, advice = "put quotes around it if it is a text" }
end

-- A value is wanted and something else stands there.
local function no_value(s)
  if not s.text:match "^unexpected symbol" then return nil end
  local k, before = kind(s, s.i), kind(s, s.i - 1)
  if k == "," then return { text = "there is a comma too many.", seen = text_of(s, math.max(1, s.i - 1), s.i), advice = "take one away" } end
  if k == ")" and before == "," then return { text = "a call must not end with a comma.", seen = ", )", advice = "take the comma away" } end
  if not before then return nil end
  if before == "=" or before == "==" or before == ".." or before == "and" or before == "or" or before == "return" or before == "(" then
    return { text = ("a value is missing after '%s'."):format(before), seen = text_of(s, math.max(1, s.i - 2), s.i),
      advice = "write what belongs there" }
  end
end

local function strings(s)
  local from = s.err.at
  local text = s.text
  if text:match "^unfinished string" then
    local rest = s.src:sub(from):match "^[^\r\n]*"
    return { text = "a text begins here and its quote is not closed.", seen = #rest > 50 and rest:sub(1, 47) .. "…" or rest,
      advice = "write " .. rest:sub(1, 1) .. " where it ends" }
  elseif text:match "^unfinished long comment" then
    return { text = "a comment begins in line " .. (text:match "line (%d+)" or "?") .. " and is not closed.", advice = "write ]] where it ends" }
  elseif text:match "^invalid escape" then
    return { text = "a \\ in a text has a meaning of its own.", seen = text:match "near '(.*)'$", advice = "write \\\\ for a \\, or / in paths" }
  elseif text:match "^malformed number" then
    local seen = text:match "near '(.*)'$" or ""
    if seen:match "^[%d.]+$" then
      return { text = "a number has one point at most.", seen = seen, advice = 'write 1250000.50, and amounts as money "1,250,000.50 EUR"' }
    end
    return { text = "this is no number.", seen = seen, advice = 'names do not begin with a digit; times and texts stand in quotes: "3d"' }
  end
end

local function misspelt(s)
  if not s.text:match "^syntax error" and not s.text:match "^'=' expected" then return nil end
  local word = kind(s, s.i - 1) == "name" and s.t.value[s.i - 1]
  if not word then return nil end
  if words.words[word] and kind(s, s.i) == "eof" then return nil end
  local list = { "local", "function", "return", "if", "elseif", "for", "while", "repeat", "end", "else", "then", "do" }
  local guess = kind(s, s.i) ~= "eof" and near(word, list, word:lower() == word and #word > 3 and 2 or 1)
  if word == "elif" or word == "elsif" then guess = "elseif" end
  if word == "var" or word == "let" or word == "const" then guess = "local" end
  if guess then
    return { text = ("'%s' is not understood here."):format(word), seen = text_of(s, s.i - 1, s.i), advice = "write " .. guess }
  end
  if kind(s, s.i) == "name" or kind(s, s.i) == "eof" or s.t.line[s.i] ~= s.t.line[s.i - 1] then
    return { text = ("'%s' alone does nothing."):format(text_of(s, value_begin(s, s.i - 1), s.i - 1)),
      advice = "call it: name(…), or set it: name = …" }
  end
end

local function then_or_do(s)
  local want = s.text:match "^'(%l+)' expected"
  if want ~= "then" and want ~= "do" then return nil end
  return { text = ("'%s' is missing."):format(want), seen = text_of(s, math.max(1, s.i - 2), s.i),
    advice = want == "then" and "write if … then" or "write for … do, while … do" }
end

local function colon_key(s)
  if not s.text:match "^<name> expected" or kind(s, s.i - 1) ~= ":" or kind(s, s.i - 2) ~= "name" then return nil end
  local name = s.t.value[s.i - 2]
  return { text = "a list sets its values with =, not with a colon.", seen = text_of(s, s.i - 2, s.i),
    advice = ("write %s = %s"):format(name, text_of(s, s.i)) }
end

local rules = { strings, foreign_letters, reserved_word, other_languages, colon_key, text_key, missing_comma, then_or_do, blocks.explain,
  no_value, misspelt }

--- Advice for a text that does not compile; nil when nothing better than Lua's message is known.
---@param src string
---@param _ integer the line of Lua's message; the parser finds it again
---@param text string Lua's message without file and line
---@return {text: string, seen: string?, advice: string?, line: integer?}?
function M.explain(src, _, text)
  local _, err, tokens = parse(src)
  if not err then return nil end
  local s = { src = src, t = tokens, err = err, text = text, line = err.line, i = tokens.n }
  for i = 1, tokens.n do
    if tokens.from[i] >= err.at then
      s.i = i
      break
    end
  end
  for _, rule in ipairs(rules) do
    local found = rule(s)
    if found then return found end
  end
  return nil
end

return M
