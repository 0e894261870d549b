local t = require "test"
local company = require "company"
local http = require "http"

local services = t.server("examples/legacy/services/services.py", "--dir", t.temp(), "--ch-key", "key-0815", "--data",
  t.fixture "fixtures/", "--until-stdin-closes")
t.conf {
  ["tls.ca"] = services.ca, ["source.gleif.url"] = services.gleif, ["source.companies_house.url"] = services.companies_house,
  ["source.gleif.rate"] = "1000/s", ["source.companies_house.rate"] = "1000/s", ["source.companies_house.key"] = "house.key",
  ["hosts.loopback"] = "yes",
}
t.secret("house.key", "key-0815")
t.secret("house.wrong", "key-4711")

local rules = 0
-- A fault of the services for the next `count` requests below a path.
local function fault(path, mode, more)
  rules = rules + 1
  local rule = { path = path, mode = mode, count = 1 }
  for name, value in pairs(more or {}) do
    rule[name] = value
  end
  http.post("rule " .. rules, { url = services.control, json = rule })
end

local function asked()
  return http.get(services.control).json.requests
end

local SHELL <const>, COMMERZ <const> = "21380068P1DRHMJ8KU70", "851WYGNLUQLFZBSYGB56"

t.case("GLEIF: ok", function()
  local firm = company.get("549300b56md0zc402l06 ")
  t.eq(firm.source, "gleif")
  t.eq(firm.source_id, "549300B56MD0ZC402L06")
  t.eq(firm.lei, firm.source_id)
  t.eq(firm.name, "Bloomberg L.P.")
  t.eq(firm.legal_name, firm.name)
  t.eq(firm.status, "active")
  t.eq(firm.status_raw, "ACTIVE")
  t.eq(firm.registration, "ISSUED")
  t.eq(json.text { firm.flags, firm.former_names }, "[[],[]]")
  t.eq(firm.reg_no, "2110234")
  t.eq(firm.jurisdiction, "US-DE")
  t.eq(tostring(firm.incorporated_on), "1986-12-09")
  t.eq(firm.as_of, "2025-05-15T00:00:00Z")
  t.ok(firm.fetched_at:match("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"), firm.fetched_at)
  t.eq(#firm.raw_sha256, 64)
  t.ok(firm.address:find("19808 Wilmington, US", 1, true), firm.address)
  t.eq(firm.officers, nil)
  t.eq(firm.dissolved_on, nil)
end)

t.case("GLEIF: local midnight is no day earlier", function()
  t.eq(tostring(company.get("529900UPMMGD19W9YJ25").incorporated_on), "1995-09-15")
end)

t.case("GLEIF: a lapsed registration is a flag, not a death", function()
  local firm = company.get("5299003P2JQIMN2SR117")
  t.eq(firm.status, "active")
  t.eq(firm.registration, "LAPSED")
  t.eq(firm.flags, { "registration lapsed" })
end)

t.case("GLEIF: a company that is no more, and its former names", function()
  local firm = company.get(SHELL)
  t.eq(firm.status, "dissolved")
  t.eq(firm.flags, { "registration retired" })
  t.eq(firm.former_names, { "Formerly Known" })
  t.eq(tostring(firm.dissolved_on), "2024-07-01")
end)

t.case("GLEIF: parents when asked for", function()
  local parents = company.get("5493001KJTIIGC8Y1R12", { parents = true }).parents
  t.eq(parents.direct, { lei = "549300B56MD0ZC402L06", name = "Bloomberg L.P." })
  t.eq(company.get("984500983AD71E4FBC41", { parents = true }).parents, {})
end)

t.case("GLEIF: not found is a record, and says so for every other field", function()
  local firm = company.get("HWUPKR0MPOU8FGXBT394")
  t.eq(firm.status, "not found")
  t.ok(t.raises(function() return firm.name end).text:find("was not found", 1, true))
end)

t.case("fields are strict", function()
  local e = t.raises(function() return company.get("549300B56MD0ZC402L06").nmae end)
  t.ok(e.text:find("the company has no field 'nmae'", 1, true), e.text)
  t.ok(e.advice:find("'name'", 1, true), e.advice)
end)

t.case("GLEIF: unavailable is an error that may pass, never 'not found'", function()
  fault("/gleif/lei-records/254900LNRYNOQ9YPU758", "fail", { count = 9 })
  local e = t.raises(company.get, "254900LNRYNOQ9YPU758")
  t.eq(e.code, "EUNAVAILABLE")
  t.eq(e.retryable, true)
  t.ok(e.text:find("GLEIF", 1, true), e.text)
end)

t.case("GLEIF: an outage that passes is not seen", function()
  fault("/gleif/lei-records/984500983AD71E4FBC41", "fail")
  t.eq(company.get("984500983AD71E4FBC41").name, "PROVENANT INC.")
end)

t.case("GLEIF: a limit is waited for", function()
  fault("/gleif/lei-records/254900MSZM6DMP853B11", "limit", { seconds = 1 })
  t.eq(company.get("254900MSZM6DMP853B11").name, "ROCA NETWORKS INC.")
  fault("/gleif/lei-records/254900MSZM6DMP853B11", "limit", { seconds = 900 })
  local e = t.raises(company.get, "254900MSZM6DMP853B11")
  t.eq(e.code, "ERATE")
  t.eq(e.retryable, true)
  t.ok(e.advice:find("in 900 s", 1, true), e.advice)
end)

t.case("GLEIF: refused", function()
  fault("/gleif/lei-records/549300RMUDWPHCUQNE66", "fail", { status = 403 })
  t.eq(t.raises(company.get, "549300RMUDWPHCUQNE66").code, "EAUTH")
end)

t.case("GLEIF: a changed schema names what changed", function()
  local e = t.raises(company.get, COMMERZ)
  t.eq(e.code, "ESCHEMA")
  t.eq(e.seen, "data.attributes.entity.legalName.name is missing; data.attributes.registration.status is missing")
  fault("/gleif/lei-records/549300RMUDWPHCUQNE66", "garbage")
  t.eq(t.raises(company.get, "549300RMUDWPHCUQNE66").code, "ESCHEMA")
end)

t.case("invalid input is refused before anybody is asked", function()
  local before = asked()
  for number, why in pairs {
    ["549300B56MD0ZC402L07"] = "check", ["91110000600037341L"] = "Chinese unified", ["19131243000197"] = "CNPJ",
    ["PL7740001454"] = "tax.standing", ["hello"] = "no number", [""] = "text",
  } do
    local e = t.raises(company.get, number)
    t.eq(e.code, "EUSE", number)
    t.ok((e.text .. e.advice):find(why, 1, true), number .. ": " .. e.text)
    t.ok(e.advice:find("LEI", 1, true), e.advice)
  end
  t.eq(asked(), before)
end)

t.case("Companies House: ok", function()
  local firm = company.get("2578066") -- the leading zero is the register's
  t.eq(firm.source, "companies_house")
  t.eq(firm.reg_no, "02578066")
  t.eq(firm.name, "14 LAWN ROAD LIMITED")
  t.eq(firm.status, "active")
  t.eq(firm.jurisdiction, "england-wales")
  t.eq(tostring(firm.incorporated_on), "1991-01-30")
  t.eq(firm.address, "14 Lawn Road, 1st Floor Flat, London, NW3 2XS, England")
  t.eq(firm.officers, { { name = "EXAMPLE, Invented", role = "director", from = "2019-05-20" } })
  t.eq(#firm.charges, 0)
  t.eq(firm.open_charges, 0)
  t.eq(#firm.flags, 0)
  t.eq(firm.lei, nil)
end)

t.case("Companies House: charges, flags, former names", function()
  local firm = company.get("03977902")
  t.eq(firm.charges, {
    { id = "1", status = "outstanding", created = "2012-09-25", holder = "Lazari Investments Limited", kind = "Rent deposit deed" },
  })
  t.eq(firm.open_charges, 1)
  t.eq(firm.flags, { "active-proposal-to-strike-off", "insolvency history", "accounts overdue" })
  t.eq(firm.former_names, { "MADE BEFORE LIMITED" })
  t.eq(firm.officers[1].name, "TAYLOR, Christopher Jon")
  t.eq(#firm.officers, 2)
end)

t.case("Companies House: companies from abroad, dormant ones, insolvent ones", function()
  local firm = company.get("FC040879")
  t.eq(firm.legal_form, "oversea-company")
  t.eq(firm.country, "South Africa")
  t.eq(#firm.officers, 0)
  t.eq(company.get("00000006").status, "dormant")
  firm = company.get("00000007")
  t.eq(firm.status, "liquidation")
  t.eq(firm.status_raw, "liquidation")
end)

t.case("Companies House: not found", function()
  t.eq(company.get("00999999").status, "not found")
end)

t.case("Companies House: the key", function()
  t.conf { ["source.companies_house.key"] = "house.wrong" }
  local e = t.raises(company.get, "02578066")
  t.eq(e.code, "EAUTH")
  t.ok(e.advice:find("source.companies_house.key", 1, true), e.advice)
  t.ok(not (e.text .. e.seen .. e.advice):find("4711", 1, true), "the key is shown")
  t.conf { ["source.companies_house.key"] = "house.nowhere" }
  e = t.raises(company.get, "02578066")
  t.eq(e.code, "EAUTH")
  t.ok(e.advice:find("deskhand secret set house.nowhere", 1, true), e.advice)
  t.conf { ["source.companies_house.key"] = "house.key" }
end)

t.case("Companies House: unavailable, limited, changed", function()
  fault("/ch/company/02578066", "fail", { count = 9 })
  t.eq(t.raises(company.get, "02578066").code, "EUNAVAILABLE")
  http.delete("no rules", { url = services.control })
  fault("/ch/company/02578066", "limit", { seconds = 1 })
  t.eq(company.get("02578066").status, "active")
  fault("/ch/company/02578066", "limit", { seconds = 200 })
  local e = t.raises(company.get, "02578066")
  t.eq(e.code, "ERATE")
  t.ok(e.advice:find("in 20%d s"), e.advice)
  e = t.raises(company.get, "00000008")
  t.eq(e.code, "ESCHEMA")
  t.eq(e.seen, "company_name is a number and was a text; has_charges is a text and was true or false")
end)

t.cancel("company.get", function() company.get("02578066") end)
