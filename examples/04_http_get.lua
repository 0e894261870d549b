-- Asks a service. What it answers is written into the journal: after a crash the robot goes on with the same answer.
-- Begin the service with: python3 examples/ledger.py. It says its address; put it into the case as `ledger`.
-- `source` names it in the configuration, which must allow a service on this machine: source.ledger.url = its address.
robot {
  about = "Looks up the balance of a loan",
  cases = { key = "loan_no" },
  case  = { loan_no = text, ledger = text },
}

function run(case)
  local answer = http.get(case.ledger .. "/loans/" .. case.loan_no, { source = "ledger", accept = 404 })
  if answer.status == 404 then reject("the ledger does not know " .. case.loan_no) end
  return { balance = answer.json.balance }
end
