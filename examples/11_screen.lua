-- Drives a desktop program as a clerk would, on a display of its own: screens/bank.lua says how it is begun and signed on.
-- Here it is loan-core, which stands for the bank's old program. Its password is kept first:
--   echo clerk | deskhand secret set bank.password
--   deskhand run examples/11_screen.lua --case examples/cases/11.json
robot {
  about = "Enters an approval in the bank's program",
  cases = { key = "application" },
  case  = { application = text, applicant = text, amount = money, start = date },
}
local bank = desktop "bank"

function run(case)
  -- Fills the form in this order and reads it back, presses once, and is done when the row is seen.
  local entry = bank:submit("enter the approval", {
    at    = "New approval",
    fill  = { "Application", case.application, "Applicant", case.applicant, "Amount", case.amount, "Start", case.start },
    press = "Submit",
    proof = bank:row("Approvals", { "Application", case.application }),
  })
  return { receipt = entry["Receipt no"], open = #bank:table("Approvals") }
end
