local t = require "test"
local here = "robots/sme_loan"

t.case("nothing is wrong with it that can be proved", function()
  local done = t.deskhand("check", here)
  t.eq(done.status, 0, done.out)
end)

t.case("a case without its licence is refused by name", function()
  local r = t.run { robot = here,
    case = { id = "A-1", amount = "250000.00 EUR", product = "Equipment", start_date = "2026-12-01" } }
  t.ok(r.status ~= 0, "it ran")
  t.ok(r.err:find("no 'licence'", 1, true), r.err)
end)

t.case("an amount that is none is refused", function()
  local r = t.run { robot = here,
    case = { id = "A-2", amount = "a lot", product = "Equipment", start_date = "2026-12-01", licence = "x.png", tax_certificate = "y.png" } }
  t.ok(r.status ~= 0, "it ran")
  t.ok(r.err:find("amount", 1, true), r.err)
end)
