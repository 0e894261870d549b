-- Calls that need not wait for each other are written down, not made: { function, arguments }. All run at once.
robot {
  about = "Looks up two loans at once",
  case  = { first = text, second = text, ledger = text },
}

function run(case)
  local address, ledger = case.ledger .. "/loans/", { source = "ledger" }
  local a, b = together(
    { http.get, address .. case.first, ledger },
    { http.get, address .. case.second, ledger })
  return { first = a.json.balance, second = b.json.balance }
end
