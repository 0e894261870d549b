-- What a case holds is declared once; Deskhand checks every case before it runs. A case with a wrong amount, a missing
-- field or one field too many never gets as far as run.  deskhand run examples/02_case_types.lua --case examples/cases/02.json
robot {
  about = "Says what it was given",
  cases = { key = "loan_no" }, -- what names a case; the same loan a second time is not done twice
  case  = {
    loan_no   = text,
    amount    = money { currency = "EUR", above = 0 }, -- "1250.00 EUR"
    start     = date,                                  -- "2026-11-30"
    months    = number,
    secured   = flag,                                  -- true or false
    guarantor = optional(text),                        -- may be missing
    remarks   = list(text),
  },
}

function run(case)
  local who = case.guarantor or "nobody"
  log(case.loan_no .. ": " .. case.amount .. " from " .. case.start .. ", guaranteed by " .. who)
  return { loan_no = case.loan_no, amount = case.amount, secured = case.secured, guarantor = who, remarks = #case.remarks }
end
