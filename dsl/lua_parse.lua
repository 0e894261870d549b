--- lua_parse - Lua 5.4 text to a tree, with lines, resolved local variables and Lua's own error messages.
-- This file: the parser's state; lua_stat: the statements; lua_expr: the expressions; lua_scope: variables, labels, breaks.
-- Safe with hostile text: nesting is limited as Lua limits it, long chains too, so that who walks the tree may recurse.
--
-- Nodes are tables {tag, line, …}:
--   Function{params, vararg, body}  Block = list of statements
--   Local{names, values}  LocalFunction{decl, func}  Function statement = Assign{targets, values, func = true}
--   Assign{targets, values}  Call and Method as statements stand for themselves
--   Do{body} While{cond, body} Repeat{body, cond} If{clauses = {{cond, body}…}, orelse?}
--   Fornum{decl, from, to, step?, body} Forin{names, values, body} Goto{name} Label{name} Break Return{values}
--   Nil True False Vararg Number{value} String{value} Name{name, decl?} Index{object, key, named} Paren{expr}
--   Call{func, args} Method{object, name, args} Table{items = {{key?, value, line}…}} Binop{op, left, right} Unop{op, expr}
local lex = require "lua_lex"
local scope = require "lua_scope"
local stat = require "lua_stat"

local M = {}

local max_depth = 190 -- Lua's own limit is 200 C levels

local P = {}
P.__index = P

--- Stops with a syntax error at the current token; `near` appends the token as Lua does.
function P:fail(text, near, open)
  local i = self.i
  local token = near and self.k ~= "\0" and lex.near(self.src, self.t, i) -- Lua takes a zero byte for "no token"
  error({ line = self.t.line[i], at = self.t.from[i], text = text .. (token and " near " .. token or ""), near = token or nil, open = open }, 0)
end

function P:next()
  local i = self.i + 1
  self.i, self.k = i, self.t.kind[i]
end

function P:accept(kind)
  if self.k ~= kind then return false end
  self:next()
  return true
end

function P:expect(kind)
  if self.k ~= kind then self:fail("'" .. kind .. "' expected", true) end
  self:next()
end

--- The token that closes what `open` began in `line`.
function P:close(kind, open, line)
  if self.k ~= kind then
    local text = "'" .. kind .. "' expected"
    if line ~= self.t.line[self.i] then text = ("%s (to close '%s' at line %d)"):format(text, open, line) end
    self:fail(text, true, { what = open, line = line, close = kind })
  end
  self:next()
end

function P:name()
  if self.k ~= "name" then self:fail("<name> expected", true) end
  local name, line = self.t.value[self.i], self.t.line[self.i]
  self:next()
  return name, line
end

function P:enter()
  self.depth = self.depth + 1
  if self.depth > max_depth then self:fail("too many levels of nesting (limit is " .. max_depth .. ")", true) end
end

function P:leave()
  self.depth = self.depth - 1
end

function P:body(line, self_name)
  return stat.body(self, line, self_name)
end

--- Parses a text.
---@param src string
---@return table? tree a Function node (the main chunk), with `tokens`
---@return lua_error? err
---@return lua_tokens tokens also when the text is wrong: those before the lexical error
function M.parse(src)
  local tokens, lex_err = lex.scan(src)
  if lex_err then -- the grammar may fail before the place where the tokens end
    tokens.n = tokens.n + 1
    tokens.kind[tokens.n], tokens.line[tokens.n] = "bad", lex_err.line
    tokens.from[tokens.n], tokens.to[tokens.n] = lex_err.at, #src
  end
  local p = setmetatable({ src = src, t = tokens, i = 0, depth = 0 }, P)
  local main = { tag = "Function", line = 0, params = {}, vararg = true, tokens = tokens }
  local ok, err = pcall(function()
    p:next()
    scope.open_function(p, main)
    scope.open_block(p)
    main.body = stat.statements(p)
    if p.k ~= "eof" then p:fail("<eof> expected", true) end
    scope.close_block(p)
  end)
  if ok then return main, nil, tokens end
  if type(err) ~= "table" then error(err, 0) end
  if lex_err and p.k == "bad" then err = lex_err end
  return nil, err, tokens
end

return M
