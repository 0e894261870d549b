--- check_effects - rules on what changes something outside: names, proofs, where an effect may stand, what may be pressed.
local infer = require "check_infer"
local lists = require "check_lists"
local summary = require "check_summary"
local words = require "check_words"
local near = require("lua_near").near
local show = lists.show

local M = { on = {} }

-- Keys of an effect's form -> item; nil when the form is not written out here.
local function keys(form)
  if not form or form.tag ~= "Table" then return nil end
  local map = {}
  for _, item in ipairs(form.items) do
    if item.key and item.key.tag == "String" then map[item.key.value] = item end
  end
  return map
end
M.keys = keys

-- Is a decl made inside this loop (its variable, or a local of its body)?
local function made_in(loop, decl)
  for _, own in ipairs(loop.node.names or {}) do
    if own == decl then return true end
  end
  return infer.any(loop.node.body, function(n)
    if n.tag ~= "Local" then return false end
    for _, own in ipairs(n.names) do
      if own == decl then return true end
    end
    return false
  end)
end

-- Does an expression speak of something that is new in each turn of the loop?
local function new_in(loop, expr)
  return infer.any(expr, function(n)
    return n.tag == "Name" and n.decl ~= nil and made_in(loop, n.decl)
  end)
end

local function check_loops(w, name, kind, line, what)
  for i = #w.loops, 1, -1 do
    local loop = w.loops[i]
    if not loop.each and not (kind == "key" and new_in(loop, name)) then
      w:report("loop-effect", line, ("%s stands in a plain loop: its second turn would bear the same name."):format(what),
        "the loop in line " .. loop.node.line, 'write for item in each(list, "id") do, so that the name gets the item\'s key')
      return
    end
  end
end

local function check_name(w, call, what)
  local name = call.args[1]
  if not name or name.tag == "Table" then
    return w:report("effect-name", call.line, what .. " needs a name, unique in the run.", nil, 'write ("enter the loan", { … })')
  end
  local space = w.words[call.word].does == "effect" and "" or call.word .. " " -- effects share their names
  local kind, text = summary.name_kind(w, name)
  if not kind then
    return w:report("effect-name", call.line, ("the name of %s is not written out."):format(what), show(name),
      'write a text in quotes, or "text " .. key with the key at its end')
  end
  check_loops(w, name, kind, call.line, ('"%s"'):format(text))
  if kind == "literal" then
    local before = w.names[space .. text]
    if before then
      w:report("effect-twice", call.line, ('"%s" stands twice on one way through the run.'):format(text), "first in line " .. before,
        "give the second a name of its own")
    end
    w.names[space .. text] = before or call.line
  end
end

local function check_keys(w, form, allowed, what)
  for _, item in ipairs(form.items) do
    local key = item.key and item.key.tag == "String" and item.key.value
    if not item.key then
      w:report("effect-form", item.line, what .. " takes named values only.", show(item.value), "write fill = { … }, press = …, proof = …")
    elseif key and not allowed[key] then
      local names = {}
      for name in pairs(allowed) do
        names[#names + 1] = name
      end
      table.sort(names)
      local guess = near(key, names)
      w:report("effect-form", item.line, ("%s knows no '%s'."):format(what, key), table.concat(names, ", "),
        guess and "did you mean '" .. guess .. "'?")
    end
  end
end

local function check_proof(w, call, map, what)
  local proof = map.proof
  if not proof then
    return w:report("no-proof", call.line, what .. " has no proof: after a crash nobody could tell whether it happened.", nil,
      "add proof = screen:row(\"…\", { \"…\", case.key }): what can be seen once it has happened")
  end
  if proof.value.tag == "Nil" or proof.value.tag == "False" then
    w:report("no-proof", proof.line, what .. " has an empty proof.", show(proof.value), "name what can be seen once it has happened")
  elseif proof.value.tag == "String" or (w:type(proof.value) or {}).k == "target" then
    w:report("weak-proof", proof.line, "a proof is a row of a screen, or a function that looks.", show(proof.value),
      'write proof = screen:row("…", { "…", case.key })')
  elseif w:same(proof.value) then
    w:report("weak-proof", proof.line, "the proof names no value of this case: yesterday's entry would prove today's.", show(proof.value),
      'name the case in it: { "…", case.key }')
  end
end

-- A value that came from the journaled clock before a review or a wait, and is entered after it.
local function check_clock(w, item)
  if not item or not w.paused then return end
  infer.any(item.value, function(n)
    local decl = n.tag == "Name" and n.decl
    if decl and decl.clock_at and decl.clock_at < w.paused.count then
      local text = "'%s' was taken before the %s in line %d and is entered after it."
      w:report("old-date", n.line, text:format(decl.name, w.paused.word, w.paused.line),
        "the answer may come days later; the journal keeps the old date", "take today() anew after it", "warning")
      return true
    end
    return false
  end)
end

local function set(list)
  local map = {}
  for _, name in ipairs(list) do
    map[name] = true
  end
  return map
end
local submit_keys, effect_keys, review_keys = set(words.submit_keys), set(words.effect_keys), set(words.review_keys)

-- approve = "role", or { role = "role", above = money "…" }.
local function check_approve(w, item)
  if not item or item.value.tag ~= "Table" then return end
  local _, map = check_keys(w, item.value, set { "role", "above" }, "approve"), keys(item.value)
  if map and not map.role then
    w:report("effect-form", item.line, "approve names no role: who would sign?", show(item.value), 'add role = "manager"')
  end
end

local function submit(w, call, form, map)
  check_keys(w, form, submit_keys, "submit")
  check_proof(w, call, map, "submit")
  if not map.press then
    w:report("effect-form", call.line, "submit has no press: nothing would be sent.", nil, 'add press = "…", the button that sends the form')
  end
  if map.fill then lists.pairs(w, map.fill.value, "fill") end
  check_clock(w, map.fill)
end

local function effect(w, call, form, map)
  check_keys(w, form, effect_keys, "effect")
  check_proof(w, call, map, "effect")
  if not map.act then
    w:report("effect-form", call.line, "effect has no act: nothing would be done.", nil, "add act = function(v) … end")
  elseif map.act.value.tag ~= "Function" and map.act.value.tag ~= "Name" then
    w:report("effect-form", map.act.line, "act must be a function, not what a call gave.", show(map.act.value), "write act = function(v) … end")
  end
  if not map.values then
    w:report("effect-form", call.line, "effect has no values: they are what is shown, compared after a crash, signed.", nil,
      "add values = { … } and use v in act", "warning")
  end
  check_clock(w, map.values)
end

-- Where effects, reviews, waits, steps and branches may not stand.
local function check_place(w, call, what)
  local role = w:inside "proof" and "proof" or w:inside "step" and "step" or w:inside "act" and "act"
  if role == "act" then
    w:report("misplaced", call.line, ("%s stands in the act of an effect."):format(what), nil, "move it before or after the effect")
  elseif role then
    w:report("misplaced", call.line, ("%s stands in a %s, which only looks."):format(what, role), nil, "move it out of the " .. role)
  elseif w.depth == 0 then
    w:report("outside-run", call.line, what .. " stands outside run.", nil, "move it into function run(case)")
  end
end

local function form_of(w, call, what)
  local form = call.args[2]
  if not form then
    return w:report("effect-form", call.line, what .. " needs a form after its name.", nil, what .. '("name", { … })')
  end
  local map = keys(form)
  if not map then return nil end
  for role, item in pairs(map) do
    local own = w:own_function(item.value)
    if role == "act" and own then own.in_act = true end
    if role == "proof" and own and item.value.tag == "Name" then
      local sum = summary.of(w, own)
      if sum.effects or sum.pauses then
        w:report("misplaced", item.line, "the proof calls " .. item.value.name .. ", which does more than look.", nil, "a proof only looks")
      end
    end
    if (role == "act" or role == "proof") and item.value.tag == "Function" then item.value.role = role end
  end
  return form, map
end

local function own_call(w, call)
  local sum = summary.of(w, call.own)
  local name = call.func.name or "the function"
  local does = sum.effects and ", which holds an effect," or sum.pauses and ", which waits for a person or a time,"
  if does then check_place(w, call, name .. does) end
  for text, line in pairs(sum.names) do
    check_loops(w, nil, "literal", call.line, ('%s with its effect "%s"'):format(name, text))
    if w.names[text] then
      w:report("effect-twice", call.line, ('%s does "%s" again on one way through the run.'):format(name, text), "in line " .. line,
        "end the effect's name with a key: \"" .. text .. ' " .. key')
    end
    w.names[text] = w.names[text] or call.line
  end
  if sum.pauses then w.paused = { count = w.count, line = call.line, word = name } end
end

-- A press of what the screen file lists as a change.
local function press(w, call)
  local screen = call.receiver and call.receiver.screen
  local target = call.args[1]
  if target and target.tag == "Method" and target.name == "find" then target = target.args[1] end
  if not screen or not target or target.tag ~= "String" or not screen.changes[target.value] or w:inside "act" then return end
  local name = call.node.tag == "Method" and show(call.node.object) or "screen"
  local text = ('press "%s" stands outside an effect, and %s lists "%s" as a change.'):format(target.value, screen.name, target.value)
  w:report("bare-press", call.line, text, nil,
    ('use %s:submit("…", { …, press = "%s", proof = … }), so that a crash cannot do it twice'):format(name, target.value))
end

-- What a review asks, and of whom.
local function review(w, call)
  local form = call.args[2]
  local map = keys(form)
  if not form or map and not map.ask and not map.fields then
    w:report("effect-form", call.line, "review does not say what to ask.", nil, 'add ask = { "yes", "no" }, or fields = { name = value } to correct')
  elseif map then
    check_keys(w, form, review_keys, "review")
  end
end

local what_of = { ["screen:submit"] = "submit" }

function M.on.call(w, call)
  local spec = call.word and w.words[call.word]
  if call.own then own_call(w, call) end
  if not spec then return end
  if call.word == "screen:press" then press(w, call) end
  if spec.does == "effect" then
    local what = what_of[call.word] or call.word
    check_place(w, call, what)
    check_name(w, call, what)
    local form, map = form_of(w, call, what)
    if not form then return end
    check_approve(w, map and map.approve)
    if call.word == "screen:submit" then
      submit(w, call, form, map)
    elseif call.word == "effect" then
      effect(w, call, form, map)
    else
      if map.proof then check_proof(w, call, map, what) end
      check_clock(w, form and { value = form })
    end
  elseif spec.does == "pause" then
    check_place(w, call, call.word)
    if spec.named then check_name(w, call, call.word) end
    if call.word == "review" then review(w, call) end
    w.paused = { count = w.count, line = call.line, word = call.word }
  elseif call.word == "step" or call.word == "together" then
    check_place(w, call, call.word)
    if spec.named and call.args[1] and call.args[1].tag == "String" then check_name(w, call, call.word) end
  elseif w.depth == 0 and (spec.does == "read" or spec.does == "drive") then
    w:report("outside-run", call.line, call.word:gsub("^screen:", "") .. " stands outside run: there is no case yet.", nil,
      "move it into function run(case)")
  end
end

return M
