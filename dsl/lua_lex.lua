--- lua_lex - the tokens of a Lua 5.4 text, with their places.
-- Knows nothing of grammar. Errors carry the words that Lua itself would use, so that one page of advice
-- (lua_errors) serves both. Linear in the text; no recursion, so no hostile text can exhaust a stack here.
local byte, find, sub, match, char = string.byte, string.find, string.sub, string.match, string.char

local M = {}

---@class lua_tokens
---@field n integer
---@field kind string[]  "name", "number", "string", "eof", else the word or sign itself, also a sign unknown to Lua
---@field value any[]    of names, numbers, strings
---@field line integer[] the line in which the token ends, as Lua counts
---@field from integer[] first byte
---@field to integer[]   last byte

---@class lua_error
---@field line integer
---@field text string   as Lua says it, without file and line
---@field near? string  the token at which it was seen
---@field open? string, integer  what was left open
---@field at integer    byte in the text

M.keywords = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch "%a+" do
  M.keywords[word] = true
end
local keywords = M.keywords

local three = { ["..."] = true }
local two = {}
for sign in ("// == ~= <= >= << >> :: .."):gmatch "%S+" do
  two[sign] = true
end
-- Signs with which no longer one begins.
local single = {}
for sign in ("(){};,+*%^#&|]"):gmatch "." do
  single[byte(sign)] = sign
end

local escapes = { a = "\a", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", v = "\v", ["\\"] = "\\", ['"'] = '"', ["'"] = "'" }

local function fail(line, at, text, near)
  error({ line = line, at = at, text = text .. (near and " near " .. near or ""), near = near }, 0)
end

-- How many lines end inside s; "\r\n" and "\n\r" are one.
local function line_ends(s)
  local _, n = s:gsub("\r\n", "\n"):gsub("\n\r", "\n"):gsub("[\r\n]", "")
  return n
end

-- Long text or comment that opens at `from` with `level` equal signs; `body` is the first byte after the bracket.
local function long_text(src, from, body, level, line, what)
  local close = "]" .. ("="):rep(level) .. "]"
  local first, last = find(src, close, body, true)
  if not first then
    local eof = line + line_ends(sub(src, from))
    fail(eof, from, "unfinished long " .. what .. " (starting at line " .. line .. ")", "<eof>")
  end
  local text = sub(src, body, first - 1)
  return text, last, line + (find(text, "[\r\n]") and line_ends(text) or 0)
end

local function utf8_bytes(code)
  if code < 0x80 then return char(code) end
  local tail, limit = "", 0x3f
  repeat
    tail = char(0x80 | (code & 0x3f)) .. tail
    code = code >> 6
    limit = limit >> 1
  until code <= limit
  return char((~limit << 1) & 0xff | code) .. tail
end

-- One escape at the backslash `at`; returns its bytes, the byte after it, and the line. `from` is the text's begin.
local function escape(src, from, at, line)
  local c = sub(src, at + 1, at + 1)
  if escapes[c] then return escapes[c], at + 2, line end
  local function bad(text, last)
    fail(line, at, text, "'" .. sub(src, from, last) .. "'")
  end
  if c == "\n" or c == "\r" then
    local pair = sub(src, at + 1, at + 2)
    return "\n", at + ((pair == "\r\n" or pair == "\n\r") and 3 or 2), line + 1
  elseif c == "x" then
    for i = at + 2, at + 3 do
      if not find(src, "^%x", i) then bad("hexadecimal digit expected", i) end
    end
    return char(tonumber(sub(src, at + 2, at + 3), 16)), at + 4, line
  elseif c == "z" then
    local _, last = find(src, "^[ \t\v\f\r\n]*", at + 2)
    return "", last + 1, line + line_ends(sub(src, at + 2, last))
  elseif c == "u" then
    if sub(src, at + 2, at + 2) ~= "{" then bad("missing '{'", at + 2) end
    local digits = match(src, "^%x*", at + 3)
    if digits == "" then bad("hexadecimal digit expected", at + 3) end
    local code = tonumber(match(digits, "^0*(%x%x?%x?%x?%x?%x?%x?%x?)$") or "80000000", 16)
    if code > 0x7fffffff then bad("UTF-8 value too large", at + 2 + #digits) end
    if sub(src, at + 3 + #digits, at + 3 + #digits) ~= "}" then bad("missing '}'", at + 3 + #digits) end
    return utf8_bytes(code), at + 4 + #digits, line
  end
  local digits = match(src, "^%d%d?%d?", at + 1)
  if not digits then
    if c == "" then fail(line, from, "unfinished string", "<eof>") end
    bad("invalid escape sequence", at + 1)
  end
  if tonumber(digits) > 255 then bad("decimal escape too large", at + 1 + #digits) end
  return char(tonumber(digits)), at + 1 + #digits, line
end

-- A quoted text from its opening quote; returns value, last byte, line.
local function quoted(src, from, quote, line)
  local stop = quote == 34 and '["\\\r\n]' or "['\\\r\n]"
  local pos, parts = from + 1, nil
  while true do
    local at = find(src, stop, pos)
    if not at then fail(line, from, "unfinished string", "<eof>") end
    local c = byte(src, at)
    if c == quote then
      local tail = sub(src, pos, at - 1)
      if not parts then return tail, at, line end
      parts[#parts + 1] = tail
      return table.concat(parts), at, line
    elseif c ~= 92 then
      fail(line, from, "unfinished string", "'" .. sub(src, from, at - 1) .. "'")
    end
    parts = parts or {}
    parts[#parts + 1] = sub(src, pos, at - 1)
    parts[#parts + 1], pos, line = escape(src, from, at, line)
  end
end

-- A numeral as greedily as Lua reads it; what it then is not, is an error.
local function numeral(src, from, line)
  local hex = find(src, "^0[xX]", from)
  local pos = hex and from + 2 or from
  local digits, exponent = "^[%x.]*", hex and "^[pP][+-]?" or "^[eE][+-]?"
  if not hex then digits = "^[%d.a-dfA-DF]*" end
  while true do
    local _, last = find(src, digits, pos)
    local _, sign = find(src, exponent, last + 1)
    pos = (sign or last) + 1
    if not sign then break end
  end
  if find(src, "^[A-Za-z_]", pos) then pos = pos + 1 end
  local text = sub(src, from, pos - 1)
  local value = tonumber(text)
  if not value then fail(line, from, "malformed number", "'" .. text .. "'") end
  return value, pos - 1
end

local function scan(src, t)
  local kind, value, lines, froms, tos = t.kind, t.value, t.line, t.from, t.to
  local n, pos, line = 0, 1, 1
  while true do
    pos = find(src, "[^ \t\v\f]", pos)
    if not pos then break end
    local c = byte(src, pos)
    local k, v, last, _
    if c == 10 or c == 13 then
      local after = byte(src, pos + 1)
      pos = pos + ((after == 10 or after == 13) and after ~= c and 2 or 1)
      line = line + 1
    elseif c == 45 and byte(src, pos + 1) == 45 then
      local equals = match(src, "^%[(=*)%[", pos + 2)
      if equals then
        _, last, line = long_text(src, pos, pos + 4 + #equals, #equals, line, "comment")
        pos = last + 1
      else
        pos = find(src, "[\r\n]", pos) or #src + 1
      end
    else
      if c >= 97 and c <= 122 or c >= 65 and c <= 90 or c == 95 then
        v, last = match(src, "^([A-Za-z0-9_]+)()", pos)
        last = last - 1
        k = keywords[v] and v or "name"
      elseif single[c] then
        k, last = single[c], pos
      elseif c == 34 or c == 39 then
        k, v, last, line = "string", quoted(src, pos, c, line)
      elseif c >= 48 and c <= 57 or c == 46 and find(src, "^%d", pos + 1) then
        k, v, last = "number", numeral(src, pos, line)
      elseif c == 91 and find(src, "^=*%[", pos + 1) then
        local equals = match(src, "^=*", pos + 1)
        k, v, last, line = "string", long_text(src, pos, pos + 2 + #equals, #equals, line, "string")
        v = v:gsub("\r\n?", "\n"):gsub("^\n", "")
      else
        k = sub(src, pos, pos + 2)
        if not three[k] then
          k = sub(k, 1, 2)
          if not two[k] then k = sub(k, 1, 1) end
        end
        if c == 91 and byte(src, pos + 1) == 61 then
          fail(line, pos, "invalid long string delimiter", "'" .. match(src, "^%[=*", pos) .. "'")
        end
        last = pos + #k - 1
      end
      n = n + 1
      kind[n], value[n], lines[n], froms[n], tos[n] = k, v, line, pos, last
      t.n = n
      pos = last + 1
    end
  end
  n = n + 1
  t.n = n
  kind[n], lines[n], froms[n], tos[n] = "eof", line, #src + 1, #src
end

--- All tokens of a text; on a lexical error those before it, and the error.
---@param src string
---@return lua_tokens tokens
---@return lua_error? err
function M.scan(src)
  local tokens = { n = 0, kind = {}, value = {}, line = {}, from = {}, to = {} }
  local ok, err = pcall(scan, src, tokens)
  if ok then return tokens end
  if type(err) ~= "table" then error(err, 0) end
  return tokens, err
end

--- The text of token i as it stands in the source, in Lua's own quoting.
---@param src string
---@param t lua_tokens
---@param i integer
---@return string
function M.near(src, t, i)
  local kind = t.kind[i]
  if kind == "eof" then return "<eof>" end
  if #kind == 1 and find(kind, "[^ -~]") then return "'<\\" .. byte(kind) .. ">'" end
  return "'" .. sub(src, t.from[i], t.to[i]) .. "'"
end

return M
