--- Tests of lua_parse: agreement with Lua's own compiler, on good texts, on broken ones, on hostile ones.
local t = require "test"
local parse = require("lua_parse").parse

-- What Lua says, and what the parser says, in one form.
local function lua_says(src)
  local ok, message = load(src, "=x", "t")
  return ok and "" or message
end
local function we_say(src)
  local _, err = parse(src)
  return err and ("x:%d: %s"):format(err.line, err.text) or ""
end
local function bare(message) return (message:gsub(" near .*", "")) end

local samples = {
  "", "return", "local a <const>, b <close> = 1, nil", "goto x ::x::", "do local a goto x ::x:: end", "for i = 1, 2, 3 do break end",
  "for k, v in pairs {} do end", "repeat local a until a", "if a then elseif b then else end", "function a.b.c:d(x, ...) return ... end",
  "local function f() return f() end", "a.b['c'](1){2}'3':d[[4]]", "a, b.c, d[1] = 1, 2", "x = {1, a = 2; [3] = 4, 'five', f()}",
  "x = 1 // 2 ^ -3 .. 'a' << 2 & ~3 | 4 ~ 5 == 6", "x = 0x1p-3 + 0xA.8 + 1e5 + .5 + 3.", [[x = '\a\065\x41\u{41}\z
    \'"' .. "\
"]], "x = [==[\n]]\n]==] --[[ a ]] --[=[ b\n]=]", ";;; ::a:: ;; ::b::", "return function(...) local x = ... return x end;",
  -- broken
  "x =", "x = = 1", "f(", "f(1\nx = 2", "a.1", "a:b", "goto x", "break", "::a:: ::a::", "goto a local x ::a:: x = 1", "local x <const> = 1 x = 2",
  "local x <y> = 1", "function f() return ... end", "x = '\\q'", "x = '\\300'", "x = 'a", "x = [[a", "--[[a", "x = 3x", "x = [=a",
    "x = 1 1", "return 1 2",
  "for i do end", "for 1", "if x", "if x then else else end", "end", "{}", "(f)", "f().x = 1 = 2", "local 1", "x = }", "x = function( end",
    "x = \0", "x = \1",
  "x = \u{201c}a\u{201d}", "repeat local x if x then goto c end local y ::c:: until y", "x = {1 2}", "x = {[1] 2}", "a, f() = 1", "\\", "#!x",
}

for i, src in ipairs(samples) do
  t.case("sample " .. i, function() t.eq(we_say(src), lua_says(src), src) end)
end

-- Broken by chance, the same chances every time.
local state = 12345
local function chance(n)
  state = (state * 1103515245 + 12345) & 0x7fffffff
  return (state >> 8) % n + 1
end

local pieces = { "end", "do", "if x then", "(", ")", "{", "}", "=", ",", "x", "1", "'a'", "local", "function", "return", "break", "::x::",
  "..", "...", "-", "[[", "]]",
  "--[[", "\n", "\\", '"', "for", "until", "repeat", "nil", ":", ".", "0x", "1e", "==", "\xe2" }

local function broken(src)
  for _ = 1, chance(3) do
    local at = chance(#src + 1)
    local how = chance(3)
    if how == 1 then
      src = src:sub(1, at - 1) .. src:sub(at + chance(4))
    elseif how == 2 then
      src = src:sub(1, at - 1) .. " " .. pieces[chance(#pieces)] .. " " .. src:sub(at)
    else
      local from = chance(#src + 1)
      src = src:sub(1, at - 1) .. src:sub(from, from + chance(30)) .. src:sub(at)
    end
  end
  return src
end

t.case("3,000 broken texts", function()
  local all = table.concat(samples, "\n", 1, 20):gsub("return[^\n]*", "x = 1")
  for _ = 1, 3000 do
    local src = broken(chance(2) == 1 and samples[chance(#samples)] or all)
    local ours, theirs = we_say(src), lua_says(src)
    if bare(ours) ~= bare(theirs) then t.eq(ours, theirs, src) end
  end
end)

t.case("a tree has what it says", function()
  local tree = parse "local a = 1\nfunction run(case)\n  return case.amount, a\nend\n"
  t.eq(tree.body[1].names[1].name, "a")
  local run = tree.body[2]
  t.eq(run.targets[1].name, "run")
  t.eq(run.values[1].line, 2)
  t.eq(run.values[1].last, 4)
  local field, upvalue = table.unpack(run.values[1].body[1].values)
  t.eq(field.line, 3)
  t.eq(field.key.value, "amount")
  t.ok(field.object.decl == run.values[1].params[1])
  t.ok(upvalue.decl == tree.body[1].names[1])
end)

t.case("hostile texts end in an error, quickly", function()
  for _, src in ipairs {
    ("("):rep(20000), ("{"):rep(20000), "x = -" .. ("not "):rep(20000), ("f("):rep(20000), ("a."):rep(20000) .. "b = 1",
    "x = " .. ("1 + "):rep(20000) .. "1", "x = " .. ("'a' .. "):rep(20000) .. "'a'", ("do "):rep(20000), ("if x then "):rep(20000),
      ("function f() "):rep(20000),
    ("a, "):rep(20000) .. "b = 1", ("local x = 1 "):rep(300), "x = " .. ("{"):rep(500) .. ("}"):rep(500), "x = f" .. ("()"):rep(20000),
      ("x"):rep(200000), '"' .. ("a"):rep(200000),
  } do
    local tree, err = parse(src)
    t.ok(tree == nil and type(err.line) == "number", src:sub(1, 20))
  end
end)

t.case("long and flat texts are read", function()
  t.ok(parse(("local function f(x) return x end\nf { 1, 'a', b = 2 }\n"):rep(150)))
  t.ok(parse(("f { 'a', 1 }\n"):rep(20000)))
  t.ok(parse("x = {" .. ("1, "):rep(50000) .. "}"))
  t.ok(parse("x = " .. ("1 + "):rep(1000) .. "1"))
end)
