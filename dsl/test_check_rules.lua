--- Tests of check's rules: for each a body of run that is found in the line with --!, and one that is clean.
-- luacheck: no max line length
local t = require "test"
local check = require "check"

local head = [[
robot {
  about = "A robot for tests",
  case  = { id = text, amount = money, due = date, rate = number, licence = file, people = list(text) },
}
local core, host, forms = desktop "loan-core", terminal "mvs1", web "bank-forms"
local limit = 3
local list = {}
]]

local files = {
  ["screens/loan-core.lua"] = [[
return desktop {
  start = "/opt/loan-core/loan-core",
  login = { fill = { "User", secret "core.user", "Password", secret "core.password" }, press = "Sign in" },
  changes = { "Save", "Delete" },
  places = { ["New loan"] = "Loans/New", ["Open loans"] = "Loans/Open" },
  names = { ["Loan number"] = "field 3" },
}
]],
  ["screens/mvs1.lua"] = 'return terminal { host = "mvs1:992" }\n',
  ["screens/bank-forms.lua"] = 'return web { start = "https://forms.bank.example/" }\n',
  ["rules.lua"] = "local M = {}\nfunction M.fits(amount) return amount end\nreturn M\n",
}
local kinds = { licence = { "number", "name" } }

local function findings(source, more)
  local all = { ["robot.lua"] = source }
  for path, text in pairs(files) do all[path] = text end
  for path, text in pairs(more or {}) do all[path] = text end
  return check.robot(all, { kinds = kinds, words = { company = "company", tax = "tax" } })
end

local function told(found)
  local lines = {}
  for i, finding in ipairs(found) do lines[i] = check.format(finding) .. " [" .. finding.rule .. "]" end
  return table.concat(lines, "\n")
end

local function marked(source)
  local at = source:find("--!", 1, true)
  return at and select(2, source:sub(1, at):gsub("\n", "")) + 1
end

local function bad(rule, name, body, whole)
  t.case(("%s: %s"):format(rule, name), function()
    local source = whole and body or head .. "function run(case)\n" .. body .. "\nend\n"
    local found, line = findings(source), marked(source)
    for _, finding in ipairs(found) do
      if finding.rule == rule and finding.line == line then return end
    end
    error(("no %s in line %d; found:\n%s"):format(rule, line or 0, told(found)))
  end)
end

local function good(name, body, whole)
  t.case("clean: " .. name, function() t.eq(told(findings(whole and body or head .. "function run(case)\n" .. body .. "\nend\n")), "") end)
end

local save = 'core:submit("save", { press = "Save", fill = { "Loan", case.id }, proof = core:row("Loans", { "Loan", case.id }) })'

bad("effect-twice", "one name on one way", save .. "\n" .. save .. " --!")
bad("effect-twice", "after a branch that goes on", "if case.rate > 1 then " .. save .. " end\n" .. save .. " --!")
good("one name in two branches", "if case.rate > 1 then " .. save .. " else " .. save .. " end")
good("one name after a branch that leaves", "if case.rate > 1 then " .. save .. " return end\n" .. save)
bad("loop-effect", "a plain loop", 'for _, person in ipairs(case.people) do\nmail.send("tell", { to = person }) --!\nend')
bad("loop-effect", "a while loop", "local i = 0 while i < 3 do i = i + 1\n" .. save .. " --!\nend")
bad("loop-effect", "a helper in a loop", 'local function tell(p) mail.send("tell", { to = p }) end\nfor _, p in ipairs(case.people) do\ntell(p) --!\nend')
good("each with a key", 'for row in each(core:table("Loans"), "Loan") do mail.send("tell", { to = row["Mail"] }) end')
good("a key at the name's end", 'for _, person in ipairs(case.people) do mail.send("tell " .. person, { to = person }) end')
bad("effect-name", "a variable", 'local name = "save"\nmail.send(name, { to = "a" }) --!')
bad("effect-name", "no name", 'core:submit({ press = "Save", proof = core:row("Loans", { "Loan", case.id }) }) --!')
bad("no-proof", "submit", 'core:submit("save", { press = "Save" }) --!')
bad("no-proof", "effect", 'effect("x", { values = { case.id }, act = function(v) core:go(v[1]) end }) --!')
bad("weak-proof", "a function of nothing", 'effect("x", { values = { case.id }, act = function() core:press("Save") end,\nproof = function() return core:row("L", { "A", "b" }) end }) --!')
good("a proof by a value that was read", 'local no = host:read("NO")\ncore:submit("s", { press = "Save", proof = core:row("L", { "No", no }) })')
good("a proof by function", 'effect("x", { values = { id = case.id }, act = function(v) core:fill { "Id", v.id } core:press("Save") end,\nproof = function() return core:row("L", { "A", case.id }) end })')
good("a helper with parameters", 'local function save(id) core:submit("s", { press = "Save", proof = core:row("L", { "A", id }) }) end\nsave(case.id)')
bad("effect-form", "no press", 'core:submit("save", { proof = core:row("L", { "A", case.id }) }) --!')
bad("effect-form", "act called", 'effect("x", { values = {}, proof = core:row("L", { "A", case.id }),\nact = core:press("Next") }) --!')
bad("effect-form", "approve knows no such limit", 'core:submit("s", { press = "Save", proof = core:row("L", { "A", case.id }),\napprove = { role = "manager", over = money "1 EUR" } }) --!')
bad("effect-form", "approve without a role", 'http.post("s", { url = case.id,\napprove = { above = money "1 EUR" } }) --!')
good("approve", 'core:submit("s", { press = "Save", proof = core:row("L", { "A", case.id }), approve = { role = "boss", above = money "1 EUR" } })')
bad("effect-form", "review asks nothing", 'review("who", { show = case.id }) --!')
bad("bare-press", "a listed change", 'core:press("Save") --!')
bad("bare-press", "by find", 'core:press(core:find("Save", { near = "Loan" })) --!')
good("a press in act", 'local function wizard() core:press("Next") core:press("Save") end\neffect("x", { values = { case.id }, act = function() wizard() end, proof = core:row("L", { "A", case.id }) })')
bad("misplaced", "an effect in a step", 'step("s", function()\n' .. save .. " --!\nend)")
bad("misplaced", "an effect handed to step", 'step("s", mail.send, "x", { to = "a" }) --!')
bad("misplaced", "a review in a proof", 'effect("x", { values = { case.id }, act = function() end, proof = function()\nreturn review("r", { show = case.id, ask = { "y" } }) --!\nend })')
bad("misplaced", "a step in a proof", 'effect("x", { values = { case.id }, act = function() end, proof = function()\nreturn step("r", company.get, case.id) --!\nend })')
bad("misplaced", "a helper with an effect in a step", "local function save() " .. save .. " end\nstep('s', function()\nsave() --!\nend)")
bad("misplaced", "a wait in act", 'effect("x", { values = { case.id }, proof = core:row("L", { "A", case.id }), act = function()\nwait "3d" --!\nend })')
bad("outside-run", "a read", head .. 'local firm = company.get("1") --!\nfunction run(case) return { firm = firm } end\n', true)
bad("called", "together", "local a = together(\ncompany.get(case.id)) --!\nreturn a")
bad("called", "step", 'return step("r", company.get(case.id)) --!')
bad("called", "pcall", "return pcall(tax.standing(case.id)) --!")
good("together and step", 'local a, b = together({ company.get, case.id }, { function() return core:read("X") end })\nreturn step("r", company.get, a.number), b')
bad("called", "a bare function in together", 'together(function() return core:read("X") end) --!')
bad("pairs", "row", 'return core:read(core:row("Loans", { "Loan" })) --!')
bad("pairs", "keys", "core:fill { Amount = case.amount } --!")
bad("pairs", "nil", 'core:fill { "Amount", nil } --!')
bad("pairs", "a date as label", 'core:fill { case.due, "Due" } --!')
bad("syntax", "a comma lost between lines", 'core:fill { "Loan", case.id --!\n"Amount", case.amount }')
good("locators and variables as labels", 'local label = host:read("L")\ncore:fill { core:find("Amount", { near = "Fees" }), case.amount, label, case.id }')
bad("no-value", "two names, one screen", head .. 'local a, b = desktop "loan-core" --!\nfunction run(case) a:go(case.id) end\n', true)
bad("no-value", "= forgotten", 'local d document.read(case.licence, "licence") --!\nreturn d')
good("several values", "local ok, answer = pcall(company.get, case.id)\nlocal later\nlog(case.id)\nlater = answer\nlocal x, y = tonumber(case.id)\nreturn ok, later, x, y")
bad("screen", "no name", head .. "local a = desktop --!\nfunction run(case) a:go(case.id) end\n", true)
bad("called", "too little", "core:go() --!")
bad("called", "too little, written down", "return together({ document.read, case.licence }) --!")
bad("options", "http.get", 'return http.get("https://x", { querry = { a = 1 } }) --!')
bad("options", "http.post", 'http.post("x", { url = "https://x", jsn = case.id }) --!')
bad("options", "find", 'return core:read(core:find("Amount", { nere = "Fees" })) --!')
bad("unknown-word", "near", "lgo(case.id) --!")
bad("unknown-word", "of another tool", "click(case.id) --!")
bad("unknown-word", "member", 'return http.gett("https://x") --!')
bad("unknown-word", "module-like method", 'core:clik("x") --!')
bad("unknown-case-field", "by brackets", 'return case["amuont"] --!')
bad("unknown-case-field", "in a helper", "local function f(c)\nreturn c.amuont --!\nend\nreturn f(case)")
bad("unknown-field", "of a kind", 'local d = document.read(case.licence, "licence")\nreturn d.numbr --!')
bad("unknown-field", "of", 'local d = document.read(case.licence, "licence")\nreturn d:of("nmae") --!')
good("fields", 'local d = document.read(case.licence, "licence")\nreturn { d.number, d:of("name"), d:missing("name"), case.key, case.period, case.file }')
bad("screen", "unknown", head .. 'local x = desktop "loans" --!\nfunction run(case) x:go(case.id) end\n', true)
bad("screen-name", "place", 'core:go("New loans") --!')
bad("screen-name", "name", 'core:fill { "Loan numbr", case.id } --!')
bad("compare", "money and number", "if case.amount == 100 then reject('no') end --!")
bad("compare", "money and text", "if case.amount > '100' then reject('no') end --!")
bad("compare", "text and number", "if case.id == 100 then reject('no') end --!")
bad("compare", "sum", "return case.amount + 5 --!")
bad("compare", "a read amount", 'local b = host:read("B", money)\nreturn b ~= 0 --!')
good("compared with its like", 'if case.amount > money "100.00 EUR" and case.due < today() and case.rate == 3 and case.id ~= "x" then reject("no") end\nreturn case.amount * 2')
bad("compare", "a share", "return case.amount * 0.2 --!")
bad("compare", "a part", "return case.amount / 2 --!")
bad("unknown-field", "of an amount", "return case.amount.curency --!")
bad("unknown-word", "method of an amount", "return case.amount:percnt(20) --!")
good("shares", "return { case.amount:percent(20), case.amount * 3, case.amount.currency, case.due.year, 2 * case.amount }")
bad("global-write", "in run", "total = case.amount --!")
bad("outer-write", "a local", "limit = limit + 1 --!")
bad("outer-write", "a table", "list[1] = case.id --!")
bad("outer-write", "insert", "table.insert(list, case.id) --!")
good("own locals", "local own, n = {}, 0\nown[1] = case.id\ntable.insert(own, limit)\nn = n + 1\nreturn { own = own, n = n }")
bad("polling", "while", 'while not core:has("Done") do --!\nlog("not yet")\nend')
bad("polling", "repeat", 'local s\nrepeat --!\ns = core:read("Status")\nuntil s == "Ready"')
bad("polling", "for with break", 'for _ = 1, 10 do --!\nif core:has("Done") then break end\nend')
good("pages and long waits", 'while core:has("Next") do core:press("Next") end\nwhile company.get(case.id).status ~= "ready" do wait "1d" end\nfor i = 1, 3 do log(host:read("LINE " .. i)) end')
bad("sleep", "os", 'os.execute("sleep 3") --!')
bad("sleep", "an empty loop", "for _ = 1, 1000000 do end --!")
bad("sleep", "by the clock", "local stop = now()\nwhile now() < stop do log('x') end --!")
bad("old-date", "over a review", 'local day = today()\nreview("ok", { show = case.id, ask = { "y", "n" } })\ncore:submit("s", { press = "Save", proof = core:row("L", { "A", case.id }),\nfill = { "Day", day } }) --!')
good("a date taken anew", 'review("ok", { ask = { "y" } })\nlocal day = today()\ncore:submit("s", { press = "Save", fill = { "Day", day }, proof = core:row("L", { "A", case.id }) })')
bad("require", "no such file", 'return require "ruls" --!')
bad("require", "a word", 'return require "http" --!')
good("an own file", 'local rules = require "rules"\nreturn rules.fits(case.amount)')
bad("literal", "money without currency", 'return case.amount > money "100" --!')
bad("literal", "date", 'return case.due > date "30.11.2026" --!')
bad("literal", "wait", 'wait "3 days" --!')
bad("each-key", "rows", 'for row in each(core:table("L")) do log(row["A"]) end --!')
bad("declaration", "none", "function run(case) return case.key end --!", true)
bad("declaration", "twice", 'robot { about = "a" }\nrobot { about = "b" } --!\nfunction run(case) return case.key end', true)
bad("schedule", "no calendar", 'robot { about = "a", schedule = {\n "workdays at 08:30", calendar = "chima", --!\n} }\nfunction run(case) return case.key end', true)
bad("schedule", "an unknown name", 'robot { about = "a", schedule = { "workdays at 08:30",\n mised = "all", --!\n} }\nfunction run(case) return case.key end', true)
bad("schedule", "a case without its field", 'robot { about = "a", case = { branch = text },\n schedule = "daily at 08:30", --!\n}\nfunction run(case) return case.branch end', true)
bad("schedule", "twice", 'robot { about = "a", schedule = { "daily at 08:30",\n "daily at 08:30", --!\n} }\nfunction run(case) return case.key end', true)
bad("schedule", "with watch", 'robot { about = "a", cases = { from = "in/*", watch = true },\n schedule = "daily at 08:30", --!\n}\nfunction run(case) return case.file end', true)
good("schedules", 'robot { about = "a", case = { branch = text }, schedule = { "daily at 08:30", { "every 10m", missed = "none" }, case = { branch = "n" } } }\nfunction run(case) return { case.branch } end', true)
bad("run", "none", 'robot { about = "a" } --!', true)
bad("case-type", "rule", 'robot { about = "a", case = {\n amount = money { abov = 0 }, --!\n} }\nfunction run(case) return case.amount end', true)
good("types", 'robot { about = "a", case = { a = optional(money { currency = "EUR", above = 0 }), b = list(text) }, zone = "Asia/Shanghai", limit = { time = "5m" } }\nfunction run(case) return { case.a, case.b } end', true)

t.case("screen files are looked at", function()
  local found = findings(head .. "function run(case) core:go(case.id) host:go(case.id) forms:go(case.id) end", {
    ["screens/mvs1.lua"] = 'return terminal {\n  hots = "mvs1",\n  login = { fill = { "USER", "a", "PASSWORD", "b" } },\n  dialogs = { "x" },\n}\n',
  })
  local rules = {}
  for _, finding in ipairs(found) do rules[finding.rule] = finding.file .. ":" .. finding.line end
  t.eq(rules["screen-file"], "screens/mvs1.lua:2")
  t.eq(rules["open-secret"], "screens/mvs1.lua:3")
  t.eq(rules.pairs, "screens/mvs1.lua:4")
end)

t.case("kinds of the robot's own", function()
  local found = findings(head .. 'function run(case)\nlocal d = document.read(case.licence, "bill")\nreturn { d.total, d.totla }\nend', {
    ["kinds/bill.lua"] = 'return kind { fields = { total = { type = "money", labels = { "Total" } }, number = "text" } }\n' })
  t.eq(#found, 1)
  t.eq(found[1].advice, "did you mean 'total'?")
end)

t.case("words that this build has not, and members that a module has not", function()
  local source = head .. 'function run(case)\nmail.send("x", { to = "a" })\nreturn company.gett(case.id)\nend'
  local all = { ["robot.lua"] = source }
  for path, text in pairs(files) do all[path] = text end
  local build = { company = true }
  for word in ("robot text number money date flag file list optional desktop terminal web secret"):gmatch "%a+" do build[word] = true end
  local found = check.robot(all, { build = build, words = { company = "company", ["company.get"] = { does = "read" } } })
  t.eq(told(found), "robot.lua:9: this build has no 'mail'.\n   do: look what it needs: deskhand doctor [unknown-word]\n" ..
    "robot.lua:10: company has no 'gett'.\n   seen: get.   do: did you mean 'get'? [unknown-word]")
end)

bad("kind", "unknown", 'return document.read(case.licence, "licens") --!')
bad("kind", "written down", 'return together({ document.read, case.licence, "licens" }) --!')

t.case("needs", function()
  local source = head .. 'function run(case)\nlocal a, b = together({ company.get, case.id }, { document.read, case.licence, "licence" })\nhttp.get("x")\n' .. save .. "\nreturn a, b, secret 'api.key' end"
  local all = { ["robot.lua"] = source }
  for path, text in pairs(files) do all[path] = text end
  t.eq(check.needs(all, { words = { company = "company" } }), {
    screens = { "bank-forms", "loan-core", "mvs1" }, sources = { "company", "http" }, secrets = { "api.key", "core.password", "core.user" },
    kinds = { "licence" }, roles = { "desk", "reader" }, hosts = {}, effects = { "save" },
  })
end)

t.case("types for editors", function()
  local text = check.types({ about = "Enters loans", case = { amount = { type = "money", above = 0, optional = true },
    names = { type = "list", of = { type = "text" } } } }, "enter_loan")
  t.ok(text:find("---@field amount money?  above 0", 1, true), text)
  t.ok(text:find("---@field names string[]", 1, true), text)
  t.ok(load(text))
end)

t.case("form", function()
  t.eq(check.format({ file = "robot.lua", line = 10, severity = "error", text = "the case has no field 'loan_nr'",
    seen = "loan_no, key, period", advice = "did you mean 'loan_no'?" },
    "robots/copy_balance"), "robots/copy_balance/robot.lua:10: the case has no field 'loan_nr'.\n   seen: loan_no, key, period.   do: did you mean 'loan_no'?")
end)
