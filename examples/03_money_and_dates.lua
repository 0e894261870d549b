-- Money and dates are values of their own: an amount keeps its cents and its currency, and is compared with amounts only.
--   deskhand run examples/03_money_and_dates.lua --case examples/cases/03.json
robot {
  about = "Sorts a loan into a class by amount and age",
  cases = { key = "loan_no" },
  case  = { loan_no = text, amount = money, fee = money, granted = date },
}

function run(case)
  local total = case.amount + case.fee           -- same currency, or it is an error
  local tax = total:percent(19)                  -- rounded to whole cents; amounts times whole numbers are exact
  local class = "small"
  if total >= money "100,000.00 EUR" then class = "large" end
  if case.granted < date "2020-01-01" then class = "old" end
  return { total = total, tax = tax, class = class, since = case.granted }
end
