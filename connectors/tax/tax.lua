--- tax - whether a VAT number stands, by the tax offices of the European Union (VIES).
--- Only INVALID is a negative answer; an office that does not answer has said nothing.
local errors = require "errors"
local host = require "host"
local identifier = require("identifier").pure
local source = require "http.source"

---@class tax_standing
---@field source "vies"
---@field source_id string     same as tax_no
---@field fetched_at string?   the service's own time of the answer
---@field raw_sha256 string    of the answer as it came
---@field tax_no string        with its country, canonical: "PL7740001454"
---@field country string       as VIES writes it: EL for Greece, XI for Northern Ireland
---@field valid boolean
---@field status "registered"|"not registered"
---@field name string?         nil where an office tells none (Germany, Spain)
---@field address string?      on one line
---@field request_id string?   the consultation number, where one was given

local empty = { fetched_at = true, name = true, address = true, request_id = true }

local yes_or_no = { VALID = true, INVALID = true }
local later = {
  MS_UNAVAILABLE = "EUNAVAILABLE", SERVICE_UNAVAILABLE = "EUNAVAILABLE", TIMEOUT = "EUNAVAILABLE",
  GLOBAL_MAX_CONCURRENT_REQ = "ERATE", GLOBAL_MAX_CONCURRENT_REQ_TIME = "ERATE",
  MS_MAX_CONCURRENT_REQ = "ERATE", MS_MAX_CONCURRENT_REQ_TIME = "ERATE",
}
local reasons = {
  MS_UNAVAILABLE = "says that the tax office of this country does not answer now",
  SERVICE_UNAVAILABLE = "says that it does not answer now", TIMEOUT = "got no answer from the tax office of this country in time",
}

-- The code by which VIES answers: userError of a lookup, or the error of an envelope.
local function code_of(body)
  if type(body) ~= "table" then
    return nil
  end
  local wrapped = type(body.errorWrappers) == "table" and body.errorWrappers[1]
  return type(wrapped) == "table" and wrapped.error or body.userError
end

local VIES <const> = {
  name = "vies", title = "VIES", url = "https://ec.europa.eu/taxation_customs/vies/rest-api", rate = "300/min",
  busy = function(answer)
    local code = code_of(answer.json)
    local kind = later[code]
    return kind, kind and (reasons[code] or "is asked by too many at the moment") .. " (" .. code .. ")"
  end,
}

local SHAPE <const> = {
  isValid = "boolean", userError = "string", vatNumber = "string", name = "string?", address = "string?", requestIdentifier = "string?",
}

local function invalid(number, why)
  errors.raise { code = "EUSE", text = "tax.standing cannot look up '" .. tostring(number) .. "': " .. why, seen = tostring(number),
    advice = "it takes a VAT number of the European Union or Northern Ireland with its country: PL7740001454" }
end

local function canonical(number)
  if type(number) ~= "string" or number == "" then
    invalid(number, "a number is a text")
  end
  local vat = identifier.check("eu_vat", number)
  if not vat.valid then
    invalid(number, "it is no valid VAT number: " .. vat.why)
  elseif vat.canonical:sub(1, 2) == "GB" then
    invalid(number, "VIES does not know numbers of Great Britain any more")
  end
  return vat.canonical
end

-- Offices that tell nothing write "---".
local function told(text)
  if text == nil or text:match("^[%s%-]*$") then
    return nil
  end
  return (text:match("^%s*(.-)%s*$"):gsub("%s*\n%s*", ", "))
end

local function check_code(code, answer)
  if yes_or_no[code] then
    return
  elseif code == "INVALID_INPUT" or code == "INVALID_REQUESTER_INFO" then
    source.raise(VIES, "EUSE", "does not take the question", code, "check the number: the form was right, and the service still refuses it")
  elseif code == "VAT_BLOCKED" or code == "IP_BLOCKED" then
    source.raise(VIES, "EAUTH", "has blocked " .. (code == "IP_BLOCKED" and "the address of this machine" or "this number"), code,
      "it takes no key: ask the service for the reason")
  end
  source.raise(VIES, "ESCHEMA", "answers with a code that is not known", tostring(code or answer.body:sub(1, 200)),
    "only VALID and INVALID are answers; no record was made of this one")
end

--- Whether a VAT number stands. status is "registered" or "not registered"; an office that cannot be asked is an error
--- (EUNAVAILABLE, ERATE), never "not registered".
---@param number string  with its country; spaces, hyphens and lower case do not matter
---@return tax_standing
local function standing(number)
  local tax_no = canonical(number)
  local country, rest = tax_no:sub(1, 2), tax_no:sub(3)
  local answer = source.ask(VIES, ("/ms/%s/vat/%s"):format(country, rest))
  local body, record = answer.json, source.provenance(VIES, tax_no, answer)
  check_code(code_of(body), answer)
  source.check(VIES, body, SHAPE)
  if body.isValid ~= (body.userError == "VALID") or body.vatNumber ~= rest then
    source.raise(VIES, "ESCHEMA", "contradicts itself",
      ("isValid %s, userError %s, vatNumber %s"):format(body.isValid, body.userError, body.vatNumber),
      "asked for " .. tax_no)
  end
  record.tax_no, record.country, record.valid = tax_no, country, body.isValid
  record.status = body.isValid and "registered" or "not registered"
  record.name, record.address = told(body.name), told(body.address)
  record.request_id = told(body.requestIdentifier)
  return record
end

local function strict(record)
  return host.record(record, "the tax record", empty)
end

return { reads = { standing = { get = standing, settle = strict } }, stateless = true }
