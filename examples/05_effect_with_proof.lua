-- Changes something outside, once, whatever happens. The proof says what can be seen when it has happened: it is asked
-- before (it must not be there), after (it must), and after a crash, when nobody knows. So it must name this case.
robot {
  about = "Enters a payment in the ledger",
  cases = { key = "payment_no" },
  case  = { payment_no = text, amount = money, ledger = text },
}

function run(case)
  local address = case.ledger .. "/payments/"
  http.post("enter the payment", {
    url    = address,
    source = "ledger",
    json   = { no = case.payment_no, amount = case.amount },
    proof  = function()
      local answer = http.get(address .. case.payment_no, { source = "ledger", accept = 404 })
      return answer.status == 200 and answer.json
    end,
  })
  return { entered = case.payment_no }
end
