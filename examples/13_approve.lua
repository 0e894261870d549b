-- A second person signs exactly these values before anything is done; whoever brought the case cannot. Other values
-- would be asked about anew.
--   deskhand.conf: role.manager.people = ann bob
--   deskhand review list; deskhand review show NUMBER; deskhand review answer NUMBER approve
robot {
  about = "Pays; over 50,000 a manager signs first",
  cases = { key = "payment_no" },
  case  = { payment_no = text, amount = money, ledger = text },
}

function run(case)
  local address = case.ledger .. "/payments/"
  http.post("pay", {
    url     = address,
    source  = "ledger",
    json    = { no = case.payment_no, amount = case.amount },
    approve = { role = "manager", above = money "50,000 EUR" },
    proof   = function()
      local answer = http.get(address .. case.payment_no, { source = "ledger", accept = 404 })
      return answer.status == 200 and answer.json
    end,
  })
  return { paid = case.payment_no }
end
