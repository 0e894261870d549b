--- company - what a register says of a company, as one record whatever the register.
--- A legal entity identifier is looked up at GLEIF, a UK company number at Companies House.
local host = require "host"
local errors = require "errors"
local identifier = require("identifier").pure

---@class company
---@field source "gleif"|"companies_house"
---@field source_id string       the number it was asked for, in its canonical form
---@field fetched_at string?     the register's own time of the answer
---@field raw_sha256 string      of the answer as it came
---@field name string            same as legal_name
---@field legal_name string
---@field former_names string[]
---@field reg_no string?         in the local register
---@field lei string?
---@field jurisdiction string?
---@field legal_form string?     ISO 20275 code (GLEIF), kind of company (Companies House)
---@field status "active"|"dormant"|"liquidation"|"dissolved"|"revoked"|"unknown"|"not found"
---@field status_raw string?     as the register says it
---@field registration string?   ISSUED, LAPSED … (GLEIF)
---@field as_of string?          how old the register's own copy is (GLEIF)
---@field incorporated_on date?
---@field dissolved_on date?
---@field address string?
---@field country string?
---@field officers { name: string, role: string, from: string?, to: string? }[]?  nil: this register keeps none
---@field charges { id: string, status: string, created: string?, satisfied: string?, holder: string, kind: string }[]?
---@field open_charges integer?  charges that are not fully satisfied
---@field parents { direct: { lei: string, name: string }?, ultimate: { lei: string, name: string }? }?  when asked for
---@field flags string[]         what a person should know, such as "registration lapsed"

-- Fields that a record may be without; the others are always there, but in a record that says "not found".
local empty = {}
for name in ([[fetched_at reg_no lei jurisdiction legal_form status_raw registration as_of incorporated_on dissolved_on
    address country officers charges open_charges parents]]):gmatch("%S+") do
  empty[name] = true
end

local lists = { "former_names", "officers", "charges", "flags" }

local supported = "a legal entity identifier (LEI, 20 characters) or a UK company number (8 characters)"
local elsewhere = {
  uscc = "a Chinese unified social credit code", cn_org = "a Chinese organisation code", cnpj = "a Brazilian CNPJ",
  eu_vat = "a VAT number: ask tax.standing", iban = "an account number", cn_resident = "a person's number",
}

local function invalid(number, why)
  errors.raise { code = "EUSE", text = "company.get cannot look up '" .. tostring(number) .. "': " .. why, seen = tostring(number),
    advice = "it takes " .. supported }
end

-- The register that knows a number, and the number in its canonical form.
local function register_of(number)
  if type(number) ~= "string" or number == "" then
    invalid(number, "a number is a text")
  end
  local lei = identifier.check("lei", number)
  if lei.valid then
    return require "company.gleif", lei.canonical
  elseif #lei.canonical == 20 then
    invalid(number, "as a legal entity identifier it is not valid: " .. lei.why)
  end
  local uk = identifier.check("uk_company", number)
  if uk.valid then
    return require "company.companies_house", uk.canonical
  end
  local kind = elsewhere[identifier.guess(number)[1]]
  invalid(number, kind and ("it is " .. kind .. ", and no register for it is built in") or "it is no number of a known kind")
end

--- What a register says of a company. `status` is "not found" when the register does not know the number, and then
--- nothing else is known. A register that cannot be asked is an error (EUNAVAILABLE, ERATE), never "not found".
---@param number string   LEI or UK company number; spaces, hyphens and lower case do not matter
---@param options? { parents?: boolean }  GLEIF: who owns it, two more requests
---@return company
local function get(number, options)
  local register, canonical = register_of(number)
  local record = register.get(canonical, options or {})
  for _, name in ipairs(lists) do
    if record[name] then host.list(record[name]) end
  end
  return record
end

local function strict(record)
  if record.status == "not found" then
    return host.record(record, "the company (which was not found)")
  end
  return host.record(record, "the company", empty)
end

return { reads = { get = { get = get, settle = strict } }, stateless = true }
