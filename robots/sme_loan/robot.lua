robot {
  about = "Checks a small-business loan application and enters the approval in loan-core",
  case  = { id = text, amount = money { above = 0 }, product = text, start_date = date, licence = file, tax_certificate = file },
}
local names = require "names"
local core  = desktop "loan-core"

-- What a person should look at before this is approved: papers of another company, warnings of the register.
local function doubts_about(licence, certificate, firm, dues)
  local doubts = {}
  local function compare(who, name)
    if names.same(name, firm.name) then return end
    doubts[#doubts + 1] = who .. " says " .. tostring(name) .. ", the register says " .. firm.name
  end
  compare("the licence", licence.name)
  compare("the tax certificate", certificate.taxpayer)
  if dues.name then compare("the tax office", dues.name) end -- some countries tell no names
  for _, flag in ipairs(firm.flags) do doubts[#doubts + 1] = "the register warns: " .. flag end
  return doubts
end

function run(case)
  -- Doubtful fields go to a person before a document comes back.
  local licence, certificate = together(
    { document.read, case.licence, "business_licence" },
    { document.read, case.tax_certificate, "tax_certificate" })

  -- A register or office that does not answer stops the run here; it is tried again and never taken for a yes or a no.
  local firm, dues = together({ company.get, licence.number }, { tax.standing, certificate.number })

  if firm.status ~= "active" then reject("the company is " .. firm.status) end
  if firm.registration == "LAPSED" then reject("the registration is lapsed") end
  if not dues.valid then reject("the tax number " .. dues.tax_no .. " is " .. dues.status) end

  local doubts = doubts_about(licence, certificate, firm, dues)
  if #doubts > 0 then
    local clerk = review("decide on the doubts", {
      show = { application = case.id, doubts = doubts, licence = case.licence, tax_certificate = case.tax_certificate },
      ask  = { "approve", "reject" },
    })
    if clerk.decision ~= "approve" then reject("a clerk said no: " .. table.concat(doubts, "; ")) end
  end

  local entry = core:submit("enter the approval", {
    at    = "New approval",
    fill  = { "Application", case.id, "Applicant", firm.name, "Registration no", firm.source_id, "Tax no", dues.tax_no,
              "Amount", case.amount, "Product", case.product, "Start", case.start_date },
    press = "Submit",
    proof = core:row("Approvals", { "Application", case.id }),
  })

  return {
    decision = "approved", reason = #doubts > 0 and "a clerk approved it" or "registered, active, tax number valid",
    firm = firm.name, registration_no = firm.source_id, tax_no = dues.tax_no, amount = case.amount,
    receipt = entry["Receipt no"],
  }
end
