-- Each row of a table is a case: checked, run, retried and counted alone. The key and once_a say that a loan stands
-- once a month, however often this is run. Without --case the robot works off its table:
--   deskhand run examples/09_csv_cases.lua
robot {
  about = "Writes a statement line for each loan",
  cases = { from = "cases/loans.csv", key = "loan_no", once_a = "month" },
  case  = { loan_no = text, name = text, balance = money },
}

function run(case)
  return { line = case.name .. ": " .. case.balance .. " at " .. case.period }
end

-- Once, when every loan of the month is done, rejected or failed for good.
function finish(batch)
  log(batch.done .. " statements for " .. batch.period)
end
