--- lua_errors_blocks - advice for what was opened and not closed, or closed and not opened: by brackets and indents.
local M = {}

local closer = { ["{"] = "}", ["("] = ")", ["["] = "]" }
local block_words = { ["function"] = true, ["if"] = true, ["do"] = true, ["repeat"] = true }

local function indent(s, line)
  if not s.indents then
    s.indents = {}
    for blanks in (s.src .. "\n"):gmatch "([ \t]*)[^\n]*\n" do
      s.indents[#s.indents + 1] = #blanks:gsub("\t", "  ")
    end
  end
  return s.indents[line] or 0
end

-- Column of a token that is the first of its line; nil when others stand before it.
local function first_column(s, i)
  if i > 1 and s.t.line[i - 1] == s.t.line[i] then return nil end
  return indent(s, s.t.line[i])
end

--- The opener that lacks its end, judged by indents: an `end` further left than the innermost open block closes
--- an outer one. Falls back to the innermost block open at the end of the text.
local function unclosed(s, last)
  local stack = {}
  for i = 1, last do
    local k = s.t.kind[i]
    if block_words[k] then
      stack[#stack + 1] = { what = k, line = s.t.line[i], i = i }
    elseif k == "end" or k == "until" then
      local column = first_column(s, i)
      local top = stack[#stack]
      if column and #stack > 1 and indent(s, top.line) > column then return top end
      stack[#stack] = nil
    end
  end
  return stack[#stack]
end

-- How a block begins, as it stands in its line: `if firm.status ~= "active" then`.
local function head(s, open)
  local i = open.i
  while i > 1 and s.t.line[i - 1] == open.line do
    i = i - 1
  end
  local last = i
  while s.t.line[last + 1] == open.line and s.t.kind[last + 1] ~= "eof" do
    last = last + 1
  end
  local text = s.src:sub(s.t.from[i], s.t.to[last])
  return #text > 50 and text:sub(1, 47) .. "…" or text
end

-- Brackets still open before token i, innermost last.
local function open_brackets(s, last)
  local stack = {}
  for i = 1, last do
    local k = s.t.kind[i]
    if closer[k] then
      stack[#stack + 1] = { what = k, line = s.t.line[i], i = i }
    elseif k == "}" or k == ")" or k == "]" then
      stack[#stack] = nil
    end
  end
  return stack
end

--- Is token i indented deeper than the line of the innermost open bracket: still inside by its looks?
function M.inside(s, i)
  local stack = open_brackets(s, i - 1)
  local top = stack[#stack]
  return top ~= nil and indent(s, s.t.line[i]) > indent(s, top.line)
end

--- The bracket that lacks its closing one, judged by indents: one that closes further left closes an outer one.
function M.unclosed_bracket(s)
  local stack = {}
  for i = 1, s.i do
    local k = s.t.kind[i]
    if closer[k] then
      stack[#stack + 1] = { what = k, line = s.t.line[i], i = i }
    elseif k == "}" or k == ")" or k == "]" then
      local column, top = first_column(s, i), stack[#stack]
      if column and #stack > 1 and top.line < s.t.line[i] and indent(s, top.line) > column then return top end
      stack[#stack] = nil
    end
  end
  return nil
end

local function missing_end(s)
  local open = unclosed(s, s.t.n)
  if not open then return nil end
  for i = 1, s.i - 1 do
    if s.t.kind[i] == "else" and s.t.kind[i + 1] == "if" and s.t.line[i] == s.t.line[i + 1] then
      return { text = "'else if' opens a second block, which needs an end of its own.", seen = "else if", advice = "write elseif",
        line = s.t.line[i] }
    end
  end
  local closing = open.what == "repeat" and "until" or "end"
  return { text = ("the block that begins in line %d has no '%s'."):format(open.line, closing), seen = head(s, open),
    advice = "write " .. closing .. " where it ends",
    line = open.line }
end

-- What closes all that is open from the outermost bracket of this line on: `})`, `end })`.
local function missing_bracket(s)
  local open = s.err.open
  local k = s.t.kind[s.i]
  local stack = open_brackets(s, s.i - 1)
  local top = stack[#stack]
  if not top then return nil end
  local lacking = M.unclosed_bracket(s)
  if lacking then
    local inner = lacking.what == "{" and "list" or "call"
    return { text = ("the %s that begins in line %d is not closed."):format(inner, lacking.line), seen = head(s, lacking),
      advice = "write " .. closer[lacking.what] .. " where it ends", line = lacking.line }
  end
  local what = open.what == "{" and "list" or "call"
  if closer[open.what] ~= k and (k == ")" or k == "}" or k == "]") then
    return { text = ("the %s that begins in line %d is closed with %s."):format(what, open.line, k), seen = k,
      advice = "write " .. closer[open.what] }
  end
  local first = #stack
  while first > 1 and stack[first - 1].line == top.line do
    first = first - 1
  end
  local closing = {}
  for i = #stack, first, -1 do
    closing[#closing + 1] = closer[stack[i].what]
  end
  local begin = stack[first].i
  local name = s.t.kind[begin - 1] == "name" and s.t.line[begin - 1] == s.t.line[begin] and s.t.value[begin - 1] .. stack[first].what or
    stack[first].what
  return { text = ("the %s that begins in line %d with `%s` is not closed."):format(what, top.line, name), seen = head(s, top),
    advice = ("write %s%s where it ends"):format(s.t.kind[s.i - 1] == "end" and "end " or "", table.concat(closing)), line = top.line }
end

local function end_too_many(s)
  if not s.text:match "^<eof> expected" then return nil end
  local k = s.t.kind[s.i]
  if k == "end" then
    return { text = "there is an 'end' too many, or a block before it is closed too early.", seen = "end",
      advice = "count the ends above this line: if, for, while, function have one each" }
  elseif k == "else" or k == "elseif" then
    return { text = ("'%s' stands outside an if."):format(k), seen = k, advice = "look for an 'end' before it that closes the if too early" }
  elseif k == "until" then
    return nil
  end
  local back = s.i - 1
  while back > 1 and s.t.kind[back] ~= "return" do
    back = back - 1
  end
  if s.t.kind[back] == "return" then
    return { text = "nothing may follow return in its block.", seen = "return in line " .. s.t.line[back],
      advice = "move it to the end, or write if … then return … end" }
  end
end

--- Advice when a block or bracket is the matter.
function M.explain(s)
  local open = s.err.open
  if open and (open.what == "{" or open.what == "(") then return missing_bracket(s) end
  if open and s.text:match "^'end' expected" or open and s.text:match "^'until' expected" then
    if s.t.kind[s.i] ~= "eof" and s.t.kind[s.i - 1] then
      local back = s.i - 1
      while back > 1 and s.t.line[back] >= s.t.line[s.i] - 1 and s.t.kind[back] ~= "return" do
        back = back - 1
      end
      if s.t.kind[back] == "return" then
        return { text = "nothing may follow return in its block.", seen = "return in line " .. s.t.line[back],
          advice = "move it to the end, or write if … then return … end" }
      end
    end
    return missing_end(s)
  end
  if s.text:match "^unexpected symbol" and s.t.kind[s.i] == "eof" then
    local stack = open_brackets(s, s.i - 1)
    local top = stack[#stack]
    if top then
      s.err.open = { what = top.what, line = top.line }
      return missing_bracket(s)
    end
  end
  return end_too_many(s)
end

return M
