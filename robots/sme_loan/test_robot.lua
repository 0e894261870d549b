-- Whole runs against recorded answers of GLEIF and VIES (fixtures/NAME): the documents are really read, and the bank's
-- program is driven on a display of its own where an approval is entered.
local t = require "test"
local here = t.folder()
local user, password = "meyer07", "pw-of-a-test"

-- A case of fixtures/ against the recording of its name, or another one; its bank begins empty.
local function run(case, recording, answers)
  local program = ("/usr/bin/env 'LOAN_CORE_DB=%s/bank.db' LOAN_CORE_USERS=%s:%s '%s'"):format(
    t.temp(), user, password, t.program "examples/loan-core")
  return t.run { robot = here, case = t.fixture(case .. ".json"), replay = recording or case, answers = answers,
    secrets = { ["core.clerk.user"] = user, ["core.clerk.password"] = password }, conf = { ["screen.loan-core.start"] = program } }
end

local function rejected(r, reason)
  t.eq(r.status, 3, r.err)
  t.eq(r.result.reason, reason)
end

t.case("nothing is wrong with it that can be proved", function()
  local done = t.deskhand("check", here)
  t.eq(done.status, 0, done.out)
end)

t.case("registered, active, tax number valid: approved, and the bank has it", function()
  local r = run "active"
  t.eq(r.status, 0, r.err)
  t.eq(r.result, { decision = "approved", reason = "registered, active, tax number valid", firm = "PUMA Europe GmbH",
    registration_no = "529900BMH4WOV2MWXU51", tax_no = "DE273449566", amount = "250000.00 EUR", receipt = "R-000001" })
end)

t.case("a lapsed registration is rejected", function() rejected(run "lapsed", "the registration is lapsed") end)

t.case("a company that no register knows is rejected", function() rejected(run "unknown", "the company is not found") end)

t.case("a tax number that is not registered is rejected", function()
  rejected(run "unregistered", "the tax number DE136695976 is not registered")
end)

t.case("an office that does not answer is neither yes nor no: the case is tried again", function()
  local r = run "unavailable"
  t.eq({ r.status, r.state }, { 1, "retrying" }, r.out)
  t.eq(r.error.code, "EUNAVAILABLE")
end)

t.case("another name than the register's is a person's decision", function()
  local doubt = "the licence says PUMA Europa Handels GmbH, the register says PUMA Europe GmbH"
  t.eq(run("other_name", "active").status, 4)
  rejected(run("other_name", "active", { ["decide on the doubts"] = "reject" }), "a clerk said no: " .. doubt)
  local r = run("other_name", "active", { ["decide on the doubts"] = "approve" })
  t.eq({ r.status, r.result.reason }, { 0, "a clerk approved it" }, r.err)
end)

t.case("a tax certificate of another company is a person's decision", function()
  local r = run("other_taxpayer", "active", { ["decide on the doubts"] = "reject" })
  rejected(r, "a clerk said no: the tax certificate says Somebody Else AG, the register says PUMA Europe GmbH")
end)

t.case("a misprinted number is never looked up: a person gives the right one, a wrong answer is asked again", function()
  local question = "check the business licence licence_misprint.pdf"
  t.eq(run("misprint", "active").status, 4)
  local answers = { [question] = "number=529900BMH4WOV2MWXU57", [question .. ", answer 2"] = "number=529900BMH4WOV2MWXU51" }
  local r = run("misprint", "active", answers)
  t.eq({ r.status, r.result.registration_no }, { 0, "529900BMH4WOV2MWXU51" }, r.err)
end)

t.case("a case without its licence is refused by name", function()
  local r = t.run { robot = here, case = { id = "A-1", amount = "250000.00 EUR", product = "Equipment", start_date = "2026-12-01" } }
  t.eq(r.status, 2)
  t.ok(r.err:find("no 'licence'", 1, true), r.err)
end)

t.case("an amount that is none is refused", function()
  local r = t.run { robot = here,
    case = { id = "A-2", amount = "a lot", product = "Equipment", start_date = "2026-12-01", licence = "x.png", tax_certificate = "y.png" } }
  t.eq(r.status, 2)
  t.ok(r.err:find("amount", 1, true), r.err)
end)
