local t = require "test"
local tax = require "tax"
local http = require "http"

local services = t.server("examples/legacy/services/services.py", "--dir", t.temp(), "--data", t.fixture "fixtures/", "--until-stdin-closes")
t.conf { ["tls.ca"] = services.ca, ["source.vies.url"] = services.vies, ["source.vies.rate"] = "1000/s", ["hosts.loopback"] = "yes" }

local rules = 0
-- A fault of the service for the next `count` questions about a number.
local function fault(number, mode, more)
  rules = rules + 1
  local rule = { path = ("/vies/ms/%s/vat/%s"):format(number:sub(1, 2), number:sub(3)), mode = mode, count = 1 }
  for name, value in pairs(more or {}) do
    rule[name] = value
  end
  http.post("rule " .. rules, { url = services.control, json = rule })
end

local function asked(number)
  local path = ("/vies/ms/%s/vat/%s"):format(number:sub(1, 2), number:sub(3))
  return http.get(services.control).json.requests[path] or 0
end

t.case("registered", function()
  local dues = tax.standing("pl 774-000-14-54")
  t.eq(dues.tax_no, "PL7740001454")
  t.eq(dues.country, "PL")
  t.eq(dues.valid, true)
  t.eq(dues.status, "registered")
  t.eq(dues.name, "ORLEN SPÓŁKA AKCYJNA")
  t.eq(dues.address, "CHEMIKÓW 7, 09-411 PŁOCK")
  t.eq(dues.source, "vies")
  t.eq(#dues.raw_sha256, 64)
  t.eq(dues.request_id, nil)
end)

t.case("Germany and Spain tell no name", function()
  local dues = tax.standing("DE209305067")
  t.eq(dues.status, "registered")
  t.eq(dues.name, nil)
  t.eq(dues.address, nil)
  t.eq(tax.standing("ESB20373452").name, nil)
  t.ok(t.raises(function() return dues.naem end).text:find("no field 'naem'", 1, true))
end)

t.case("not registered is an answer", function()
  local dues = tax.standing("PL5260250995")
  t.eq(dues.valid, false)
  t.eq(dues.status, "not registered")
  t.eq(dues.name, nil)
end)

t.case("an office that does not answer is asked again, and is never a negative answer", function()
  fault("DE259431489", "fail")
  t.eq(tax.standing("DE259431489").status, "registered")
  t.eq(asked("DE259431489"), 2)
  fault("DE259431489", "fail", { count = 3 })
  local e = t.raises(tax.standing, "DE259431489")
  t.eq(e.code, "EUNAVAILABLE")
  t.eq(e.retryable, true)
  t.ok(e.text:find("MS_UNAVAILABLE", 1, true), e.text)
  t.eq(asked("DE259431489"), 5)
  fault("DE259431489", "fail", { status = 503 })
  t.eq(tax.standing("DE259431489").status, "registered")
end)

t.case("too many questions", function()
  fault("DE257089414", "limit", { count = 3 })
  local e = t.raises(tax.standing, "DE257089414")
  t.eq(e.code, "ERATE")
  t.eq(e.retryable, true)
end)

t.case("invalid input is refused before anybody is asked", function()
  for number, why in pairs { PL7740001455 = "no valid VAT number", GB980780684 = "Great Britain", XX1 = "no valid", [""] = "text" } do
    local e = t.raises(tax.standing, number)
    t.eq(e.code, "EUSE", number)
    t.ok(e.text:find(why, 1, true), number .. ": " .. e.text)
    t.eq(#number > 4 and asked(number) or 0, 0)
  end
  fault("DE273449566", "fail", { error = "INVALID_INPUT" })
  t.eq(t.raises(tax.standing, "DE273449566").code, "EUSE")
end)

t.case("blocked", function()
  fault("DE273449566", "fail", { error = "IP_BLOCKED" })
  t.eq(t.raises(tax.standing, "DE273449566").code, "EAUTH")
end)

t.case("a changed schema names what changed", function()
  local e = t.raises(tax.standing, "PL5213017228")
  t.eq(e.code, "ESCHEMA")
  t.eq(e.seen, "isValid is a text and was true or false")
  fault("DE215497635", "fail", { error = "SOMETHING_NEW" })
  e = t.raises(tax.standing, "DE215497635")
  t.eq(e.code, "ESCHEMA")
  t.eq(e.seen, "SOMETHING_NEW")
  fault("DE215497635", "garbage")
  t.eq(t.raises(tax.standing, "DE215497635").code, "ESCHEMA")
end)

t.cancel("tax.standing", function() tax.standing("PL7740001454") end)
