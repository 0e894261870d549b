--- Tests of check: the six robots of the language's plan are clean, and every mutation of them is found.
local t = require "test"
local check = require "check"

local screens = {
  ["screens/bank-forms.lua"] = [[
return web {
  start   = "https://forms.bank.example/",
  login   = { fill = { "User", secret "forms.clerk.user", "Password", secret "forms.clerk.password" }, press = "Sign in" },
  formats = { money = "1.234,56", date = "dd.mm.yyyy" },
}
]],
  ["screens/loan-core.lua"] = [[
return desktop {
  start   = "/opt/loan-core/loan-core",
  login   = { fill = { "User", secret "core.clerk.user", "Password", secret "core.clerk.password" }, press = "Sign in" },
  home    = "Loan Core",
  formats = { money = "1,234.56", date = "dd/mm/yyyy" },
  dialogs = { "Session expires", "Stay" },
}
]],
  ["screens/mvs1.lua"] = [[
return terminal {
  host    = "mvs1.bank.example:992",
  login   = { fill = { "USERID", secret "host.clerk.user", "PASSWORD", secret "host.clerk.password" }, press = "Enter" },
  home    = { "MAIN MENU", at = "1,30", back = "PF3" },
  go      = { "COMMAND", press = "Enter" },
  formats = { money = "1,234.56 EUR", date = "dd.mm.yyyy" },
}
]],
}

local kinds = {
  invoice = { "number", "seller", "total", "date" },
  loan_application = { name = "text", amount = "money", email = "text", signed = "flag" },
  business_licence = { "number", "name", "valid_until" },
}

local robots = {
  enter_loans = [[
robot {
  about = "Enters each new loan in loan-core",
  cases = { from = "loans.csv", key = "loan_no", to = "entered.xlsx" },
  case  = { loan_no = text, applicant = text, amount = money, start_date = date },
}
local core = desktop "loan-core"

function run(case)
  core:submit("enter the loan", {
    at    = "New loan",
    fill  = { "Loan no", case.loan_no, "Applicant", case.applicant,
              "Amount", case.amount, "Start", case.start_date },
    press = "Save",
    proof = core:row("Loans", { "Loan no", case.loan_no }),
  })
end
]],
  invoices = [[
robot {
  about = "Reads every invoice in inbox/ into invoices.xlsx; doubtful ones go to a person",
  cases = { from = "inbox/*", to = "invoices.xlsx" },
}

function run(case)
  return document.read(case.file, "invoice")      -- a field it doubts goes to a person before this returns
end
]],
  copy_balance = [[
robot {
  about = "Copies each loan's balance from the host to the bank's web form",
  cases = { from = "loans.csv", key = "loan_no", once_a = "day", to = "copied.xlsx" },
  case  = { loan_no = text },
}
local host, forms = terminal "mvs1", web "bank-forms"

function run(case)
  host:go("LOAN01")
  host:fill { "LOAN NO", case.loan_no }
  host:press("Enter")
  host:expect("LOAN NO", case.loan_no)
  local balance = host:read("BALANCE", money)

  local entry = forms:submit("enter the balance", {
    at    = "/balance/new",
    fill  = { "Loan no", case.loan_no, "Balance", balance },
    press = "Submit",
    proof = forms:row("Balances", { "Loan no", case.loan_no, "Date", today() }, "/balances"),
  })
  return { balance = balance, receipt = entry["Receipt no"] }
end
]],
  applications = [[
robot {
  about = "Enters each application that appears in inbox/; incomplete ones go back by mail",
  cases = { from = "inbox/*.pdf", watch = true, to = "applications.xlsx" },
}
local forms = web "bank-forms"

function run(case)
  local form = document.read(case.file, "loan_application")
  local missing = form:missing("name", "amount", "signed")
  if missing then
    mail.send("ask for the rest", {
      to = form.email, subject = "Your application is incomplete", body = "Please send us: " .. missing })
    reject("incomplete: " .. missing)
  end

  local entry = forms:submit("enter the application", {
    at    = "/application/new",
    fill  = { "Name", form.name, "Amount", form.amount, "Reference", case.key },
    press = "Submit",
    proof = forms:row("Applications", { "Reference", case.key }, "/applications"),
  })
  return { receipt = entry["Receipt no"] }
end
]],
  letters = [[
robot {
  about = "Month-end statement to each customer, as PDF by mail",
  cases = { from = "customers.csv", key = "customer", once_a = "month", to = "letters.xlsx" },
  case  = { customer = text, name = text, email = text, balance = money },
}

function run(case)
  local letter = document.make("letter.html", { case = case, month = case.period })
  mail.send("mail the letter", {
    to      = case.email,
    subject = "Your statement for " .. case.period,
    body    = "Dear " .. case.name .. ", please find your statement attached.",
    attach  = letter,
  })
end
]],
  sme_loan = [[
robot {
  about = "Checks a small-business loan application and fills the approval form",
  case  = { id = text, amount = money, licence = file, tax_certificate = file },
}
local core = desktop "loan-core"

function run(case)
  local licence = document.read(case.licence, "business_licence")
  local firm, dues = together({ company.get, licence.number }, { tax.standing, licence.number })
  if firm.status ~= "active" then reject("the company is " .. firm.status) end

  core:submit("enter the approval", {
    at    = "New approval",
    fill  = { "Application", case.id, "Applicant", firm.name, "Amount", case.amount },
    press = "Submit",
    proof = core:row("Approvals", { "Application", case.id }),
  })
  return { decision = "approved", firm = firm.name, dues = dues }
end
]],
}

local function findings(source, more)
  local files = { ["robot.lua"] = source }
  for path, text in pairs(screens) do files[path] = text end
  for path, text in pairs(more or {}) do files[path] = text end
  return check.robot(files, { kinds = kinds, words = { company = "company", tax = "tax", http = "http" } })
end

local function told(list)
  local lines = {}
  for i, finding in ipairs(list) do lines[i] = check.format(finding) .. " [" .. finding.rule .. "]" end
  return table.concat(lines, "\n")
end

for name, source in pairs(robots) do
  t.case(name .. " is clean", function() t.eq(told(findings(source)), "") end)
end

t.case("a column 'key' names the case by itself", function()
  t.eq(told(findings('robot { about = "x", cases = { from = "a.csv", key = "key" }, case = { url = text } }\n' ..
    'function run(case) return { url = case.url, key = case.key } end\n')), "")
end)

-- {robot, what is replaced, by what, the rule that must see it, the text in whose line it must be seen}
local mutations = {
  { "enter_loans", '"Applicant", case.applicant', '"Applicant" case.applicant', "syntax", '"Applicant" case' },
  { "enter_loans", '"Applicant", case.applicant', '"Applicant"', "pairs", '"Loan no", case.loan_no, "Applicant"' },
  { "enter_loans", '"Loan no", case.loan_no, "App', 'case.loan_no, "Loan no", "App', "pairs", "fill  =" },
  { "enter_loans", '"Start", case', '"Amount", case', "pairs", '"Amount", case.start_date' },
  { "enter_loans", "case.loan_no, \"A", "case.loan_nr, \"A", "unknown-case-field", "case.loan_nr" },
  { "enter_loans", '\n    proof = core:row("Loans", { "Loan no", case.loan_no }),', "", "no-proof", "core:submit" },
  { "enter_loans", '{ "Loan no", case.loan_no }),', '{ "Date", today() }),', "weak-proof", "today()" },
  { "enter_loans", '{ "Loan no", case.loan_no }),', '{ "Branch", "Main" }),', "weak-proof", "Branch" },
  { "enter_loans", 'core:row("Loans", { "Loan no", case.loan_no })', '"Saved"', "weak-proof", '"Saved"' },
  { "enter_loans", "press =", "pres =", "effect-form", "pres =" },
  { "enter_loans", 'desktop "loan-core"', 'desktop "loan-cor"', "screen", 'desktop "loan-cor"' },
  { "enter_loans", 'desktop "loan-core"', 'web "loan-core"', "screen", "web" },
  { "enter_loans", "amount = money", "amount = mony", "case-type", "mony" },
  { "enter_loans", "amount = money", "amount = money { curency = 'EUR' }", "case-type", "curency" },
  { "enter_loans", "amount = money", "amount = 'money'", "case-type", "'money'" },
  { "enter_loans", "loan_no = text", "key = text, loan_no = text", "case-field", "key = text" },
  { "enter_loans", 'key = "loan_no"', 'key = "loan_nr"', "declaration", "loan_nr" },
  { "enter_loans", "about", "abuot", "declaration", "abuot" },
  { "enter_loans", "function run", "local function run", "run", "function run" },
  { "enter_loans", "function run(case)", "function run()", "run", "function run" },
  { "enter_loans", "function run", "function rum", "global-write", "function rum" },
  { "enter_loans", "core:submit(", "core:sumbit(", "unknown-word", "sumbit" },
  { "enter_loans", '"enter the loan"', '"enter " .. what', "effect-name", "core:submit" },
  { "enter_loans", "  core:submit", "  for i = 1, 2 do core:submit", "syntax", "for i" },
  { "enter_loans", "robot {", "robt {", "unknown-word", "robt" },
  { "copy_balance", "case.loan_no }\n  host:press", "case.loan_nr }\n  host:press", "unknown-case-field", "loan_nr" },
  { "copy_balance", '"BALANCE", money)', '"BALANCE", money)\n  if balance == 100 then reject("x") end', "compare", "balance == 100" },
  { "copy_balance", '"BALANCE", money)', '"BALANCE", money)\n  if balance = 100 then reject("x") end', "syntax", "balance = 100" },
  { "copy_balance", 'host:press("Enter")', 'host:click("Enter")', "unknown-word", "host:click" },
  { "copy_balance", 'host:press("Enter")', 'host.press("Enter")', "unknown-word", "host.press" },
  { "copy_balance", 'host:press("Enter")', 'while not host:has("READY") do end', "polling", "while not" },
  { "copy_balance", 'host:press("Enter")', 'os.execute("sleep 5")', "sleep", "os.execute" },
  { "copy_balance", 'host:press("Enter")', "local t = now() + 5 while now() < t do end", "sleep", "now()" },
  { "copy_balance", "local balance", "balance", "global-write", "balance = host" },
  { "copy_balance", 'once_a = "day"', 'once_a = "days"', "declaration", "days" },
  { "copy_balance", "return { balance", "retrun { balance", "unknown-word", "retrun" },
  { "copy_balance", "{ balance = balance", "{ end = balance", "syntax", "end =" },
  { "applications", 'form:missing("name",', 'form:missing("nam",', "unknown-field", '"nam"' },
  { "applications", '"Name", form.name', '"Name", form.nmae', "unknown-field", "nmae" },
  { "applications", 'mail.send("ask', 'mail.sent("ask', "unknown-word", "mail.sent" },
  { "applications", 'mail.send("ask for the rest", {', 'mail.send({', "effect-name", "mail.send" },
  { "applications", 'reject("incomplete: "', 'rejct("incomplete: "', "unknown-word", "rejct" },
  { "applications", '"ask for the rest"', '"enter the application"', nil, "" },
  { "applications", '    reject("incomplete: " .. missing)\n', "", nil, "" },
  { "letters", "case = case", "case = cas", "unknown-word", "case = cas," },
  { "letters", 'case.name ..', "case.nam ..", "unknown-case-field", "case.nam " },
  { "sme_loan", "{ company.get, licence.number }", "company.get(licence.number)", "called", "company.get(licence" },
  { "sme_loan", "{ company.get, licence.number }", "{ company.get(licence.number) }", "called", "company.get(licence" },
  { "sme_loan", "{ company.get, licence.number }", "{ company.get, licence.numbr }", "unknown-field", "numbr" },
  { "sme_loan", "  core:submit", '  core:press("Submit")\n  core:submit', nil, "" },
  { "sme_loan", "reject(", "core:submit(", "effect-form", 'core:submit("the company' },
}

local function line_of(source, text)
  local at = source:find(text, 1, true)
  assert(at, text)
  return select(2, source:sub(1, at):gsub("\n", "")) + 1
end

for i, m in ipairs(mutations) do
  local name, from, to, rule, where = table.unpack(m, 1, 5)
  t.case(("mutation %d of %s: %s"):format(i, name, (to:gsub("%s+", " "))), function()
    local at, last = robots[name]:find(from, 1, true)
    assert(at, from)
    local source = robots[name]:sub(1, at - 1) .. to .. robots[name]:sub(last + 1)
    local list = findings(source)
    if not rule then return t.eq(told(list), "") end
    local line = line_of(source, where)
    for _, finding in ipairs(list) do
      if finding.rule == rule and finding.line == line then return end
    end
    error(("no %s in line %d; found:\n%s"):format(rule, line, told(list)))
  end)
end
