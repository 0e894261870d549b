-- Twenty requests, one after the other: one of the thousand runs of the http bench.
robot {
  about = "Asks a service twenty times",
  cases = { from = "cases.csv", key = "key" },
  case = { url = text },
}

function run(case)
  local bytes = 0
  for _ = 1, 20 do
    bytes = bytes + #http.get(case.url).body
  end
  return { bytes = bytes }
end
