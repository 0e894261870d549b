-- A loop inside one case. `each` puts the item's key into the names of the effects in it: "enter the payment [P-1]".
-- Where each item could wait, fail or be retried alone, make it a case of its own instead (see 09_csv_cases.lua).
robot {
  about = "Enters the payments of one batch",
  cases = { key = "batch" },
  case  = { batch = text, payments = list(text), ledger = text },
}

function run(case)
  for number in each(case.payments) do -- rows need their key: each(rows, "no")
    http.post("enter the payment", {
      url    = case.ledger .. "/payments/",
      source = "ledger",
      json   = { no = number, amount = "10.00 EUR" },
      proof  = function()
        local answer = http.get(case.ledger .. "/payments/" .. number, { source = "ledger", accept = 404 })
        return answer.status == 200 and answer.json
      end,
    })
  end
  return { batch = case.batch, entered = #case.payments }
end
