-- Two ways to end badly. reject: the business says no; final, never tried again. An error: something is broken; the case
-- is tried again as `retry` says, and from the last thing that was done and proved, never from the beginning.
robot {
  about = "Takes applications between 18 and 80 years",
  cases = { key = "name" },
  case  = { name = text, age = number, ledger = text },
  retry = { times = 2, wait = "1s" },
}

function run(case)
  if case.age < 18 or case.age > 80 then reject("the age " .. case.age .. " is outside 18 to 80") end

  -- An error that the robot can live with is caught; everything else ends this try.
  local ok, rate = pcall(function()
    return http.get(case.ledger .. "/rate", { source = "ledger", timeout = 5 }).json.rate
  end)
  if not ok then rate = 4.5 end
  return { name = case.name, rate = rate, from = ok and "the ledger" or "the house rule" }
end
