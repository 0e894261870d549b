--- company.companies_house - records of UK Companies House: profile, officers, charges.
local host = require "host"
local source = require "http.source"

local HOUSE <const> = {
  name = "companies_house", title = "Companies House", url = "https://api.company-information.service.gov.uk",
  rate = "120/min", keyed = true,
}
local PAGE <const>, PAGES <const> = 100, 10

local PROFILE <const> = {
  company_name = "string",
  company_number = "string",
  company_status = "string?",
  company_status_detail = "string?",
  type = "string?",
  jurisdiction = "string?",
  date_of_creation = "string?",
  date_of_cessation = "string?",
  registered_office_address = "table?",
  previous_company_names = "table?",
  has_charges = "boolean?",
  has_insolvency_history = "boolean?",
  has_been_liquidated = "boolean?",
  undeliverable_registered_office_address = "boolean?",
  registered_office_is_in_dispute = "boolean?",
  ["accounts.overdue"] = "boolean?",
  ["accounts.last_accounts.type"] = "string?",
  ["confirmation_statement.overdue"] = "boolean?",
}

local statuses = {
  active = "active", open = "active", registered = "active",
  dissolved = "dissolved", closed = "dissolved", removed = "dissolved", ["converted-closed"] = "dissolved",
  liquidation = "liquidation", receivership = "liquidation", administration = "liquidation",
  ["voluntary-arrangement"] = "liquidation", ["insolvency-proceedings"] = "liquidation",
}

local function status_of(profile)
  local status = statuses[profile.company_status] or "unknown"
  local last = profile.accounts and profile.accounts.last_accounts
  if status == "active" and last and last.type == "dormant" then
    return "dormant" -- the register has no such status: its last accounts say that it does not trade
  end
  return status
end

local function address_of(place)
  local parts = {}
  for _, name in ipairs { "care_of", "po_box", "premises", "address_line_1", "address_line_2", "locality", "region", "postal_code", "country" } do
    parts[#parts + 1] = place[name]
  end
  return #parts > 0 and table.concat(parts, ", ") or nil
end

local function flags_of(p)
  local flags = {}
  local function flag(is, text)
    if is then
      flags[#flags + 1] = text
    end
  end
  flag(p.company_status_detail, p.company_status_detail)
  flag(p.has_insolvency_history, "insolvency history")
  flag(p.has_been_liquidated, "was liquidated")
  flag(p.undeliverable_registered_office_address, "office address undeliverable")
  flag(p.registered_office_is_in_dispute, "office address in dispute")
  flag(p.accounts and p.accounts.overdue, "accounts overdue")
  flag(p.confirmation_statement and p.confirmation_statement.overdue, "confirmation statement overdue")
  return flags
end

local function former_names(profile)
  local names = {}
  for i, was in ipairs(profile.previous_company_names or {}) do
    names[i] = was.name
  end
  return names
end

-- All items of a list, page by page; an empty list when the register keeps none for this company.
local function items_of(number, what, shape)
  local items = {}
  for page = 1, PAGES do
    local answer = source.ask(HOUSE, "/company/" .. number .. "/" .. what,
      { query = { items_per_page = PAGE, start_index = #items }, accept = 404 })
    if answer.status == 404 then
      return items
    end
    local list = answer.json
    source.check(HOUSE, list, { items = "table", total_results = "number?", total_count = "number?" })
    for _, item in ipairs(list.items) do
      source.check(HOUSE, item, shape)
      items[#items + 1] = item
    end
    if #list.items == 0 or #items >= (list.total_results or list.total_count or 0) then
      return items
    end
  end
  source.raise(HOUSE, "ESCHEMA", ("lists more than %d %s of one company"):format(PAGE * PAGES, what), number,
    "a list that long was not expected: look at it by hand")
end

local function officers_of(number)
  local officers = {}
  local shape = { name = "string", officer_role = "string", appointed_on = "string?", resigned_on = "string?" }
  for i, o in ipairs(items_of(number, "officers", shape)) do
    officers[i] = { name = o.name, role = o.officer_role, from = o.appointed_on, to = o.resigned_on }
  end
  return officers
end

local function holders(charge)
  local names = {}
  for _, person in ipairs(charge.persons_entitled or {}) do
    names[#names + 1] = person.name
  end
  return table.concat(names, "; ")
end

local CHARGE <const> = {
  status = "string", charge_code = "string?", charge_number = "number?", created_on = "string?", satisfied_on = "string?",
  persons_entitled = "table?", ["classification.description"] = "string?",
}

-- The charges, and how many of them still stand.
local function charges_of(number)
  local charges, open = {}, 0
  for i, c in ipairs(items_of(number, "charges", CHARGE)) do
    charges[i] = {
      id = c.charge_code or tostring(c.charge_number or ""), status = c.status, created = c.created_on, satisfied = c.satisfied_on,
      holder = holders(c), kind = c.classification and c.classification.description or "",
    }
    if c.status ~= "fully-satisfied" and c.status ~= "satisfied" then
      open = open + 1
    end
  end
  return charges, open
end

local function date_of(text)
  return text and host.date(text) or nil
end

local house = {}

---@param number string  8 characters
---@return company
function house.get(number)
  local answer = source.ask(HOUSE, "/company/" .. number, { accept = 404 })
  local record = source.provenance(HOUSE, number, answer)
  if answer.status == 404 then
    record.status = "not found"
    return record
  end
  local p = answer.json
  source.check(HOUSE, p, PROFILE)
  if p.company_number ~= number then
    source.raise(HOUSE, "ESCHEMA", "answers with another company than it was asked for", p.company_number, "asked for " .. number)
  end
  local office = p.registered_office_address or {}
  record.name, record.legal_name, record.former_names = p.company_name, p.company_name, former_names(p)
  record.reg_no, record.jurisdiction, record.country, record.legal_form = number, p.jurisdiction, office.country, p.type
  record.status, record.status_raw, record.flags = status_of(p), p.company_status, flags_of(p)
  record.incorporated_on, record.dissolved_on = date_of(p.date_of_creation), date_of(p.date_of_cessation)
  record.address = address_of(office)
  record.officers = officers_of(number)
  if p.has_charges == false then -- the profile has said it: one request less
    record.charges, record.open_charges = {}, 0
  else
    record.charges, record.open_charges = charges_of(number)
  end
  return record
end

return house
