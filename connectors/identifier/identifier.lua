--- identifier - numbers that name companies, accounts and persons: form and check digits. Pure: no waiting, no outside.
local core = require "core.identifier"

---@alias identifier_kind "lei"|"uscc"|"cn_org"|"cn_resident"|"eu_vat"|"iban"|"cnpj"|"uk_company"

---@class identifier_check
---@field valid boolean
---@field canonical string  upper case, without separators, leading zeros and country added; as far as it was read
---@field why string        what is wrong, "" when valid

--- Checks a number. Spaces, dots, hyphens, slashes, full-width forms and lower case do not matter.
---@param kind identifier_kind
---@param text string
---@return identifier_check
local function check(kind, text)
  local valid, canonical, why = core._check(kind, text)
  return { valid = valid, canonical = canonical, why = why }
end

--- The kinds under which a number is valid, strongest check first.
---@param text string
---@return identifier_kind[]
local function guess(text)
  return core._guess(text)
end

--- The one valid number that differs from text in a single character that scanners confuse (O 0, I 1, S 5, B 8,
--- Z 2); nil when there is none or more than one. A suggestion for a person, never a correction.
---@param kind identifier_kind
---@param text string
---@return string?
local function repair(kind, text)
  return core._repair(kind, text)
end

return { pure = { check = check, guess = guess, repair = repair }, stateless = true }
