-- Where a person must decide, the robot asks and goes away; days later it goes on with the answer.
--   deskhand run examples/06_review.lua --case examples/cases/06.json
-- On a terminal it asks at once; else: deskhand review list, deskhand review answer NUMBER approve
robot {
  about = "Lets a person decide about large loans",
  cases = { key = "loan_no" },
  case  = { loan_no = text, amount = money },
}

function run(case)
  if case.amount <= money "50,000.00 EUR" then return { decision = "approve", by = "rule" } end

  local answer = review("a large loan", {
    show = { loan = case.loan_no, amount = case.amount },
    ask  = { "approve", "refuse" },
  })
  if answer.decision == "refuse" then reject("refused by a person") end
  return { decision = answer.decision, by = "a person" }
end
