--- company.gleif - records of the Global LEI Foundation. Its registration says how fresh an entry is: entity ACTIVE with
--- registration LAPSED means that nobody has vouched for it since, not that the company is dead.
local host = require "host"
local source = require "http.source"

local GLEIF <const> = {
  name = "gleif", title = "GLEIF", url = "https://api.gleif.org/api/v1", rate = "60/min",
}
local MEDIA <const> = { Accept = "application/vnd.api+json" }

local SHAPE <const> = {
  ["data.id"] = "string",
  ["data.attributes.lei"] = "string",
  ["data.attributes.entity.legalName.name"] = "string",
  ["data.attributes.entity.otherNames"] = "table?",
  ["data.attributes.entity.legalAddress.addressLines"] = "table",
  ["data.attributes.entity.legalAddress.city"] = "string?",
  ["data.attributes.entity.legalAddress.region"] = "string?",
  ["data.attributes.entity.legalAddress.postalCode"] = "string?",
  ["data.attributes.entity.legalAddress.country"] = "string",
  ["data.attributes.entity.registeredAs"] = "string?",
  ["data.attributes.entity.jurisdiction"] = "string?",
  ["data.attributes.entity.legalForm.id"] = "string?",
  ["data.attributes.entity.status"] = "string?",
  ["data.attributes.entity.creationDate"] = "string?",
  ["data.attributes.entity.expiration.date"] = "string?",
  ["data.attributes.registration.status"] = "string",
  ["meta.goldenCopy.publishDate"] = "string?",
}

local statuses = { ACTIVE = "active", INACTIVE = "dissolved" }

-- GLEIF writes local midnight in UTC: an evening hour belongs to the next day there.
local function day_of(text)
  local day, hour = (text or ""):match("^(%d%d%d%d%-%d%d%-%d%d)T(%d%d)")
  local date = day and host.date(day)
  return date and tonumber(hour) >= 12 and date + 1 or date
end

local function address_of(place)
  local parts = {}
  for _, line in ipairs(place.addressLines) do
    parts[#parts + 1] = line
  end
  local town = ((place.postalCode or "") .. " " .. (place.city or "")):match("^%s*(.-)%s*$")
  if town ~= "" then
    parts[#parts + 1] = town
  end
  parts[#parts + 1] = place.country
  return table.concat(parts, ", ")
end

local function former_names(entity)
  local names = {}
  for _, other in ipairs(entity.otherNames or {}) do
    if other.type == "PREVIOUS_LEGAL_NAME" then
      names[#names + 1] = other.name
    end
  end
  return names
end

local function flags_of(registration)
  if registration == "ISSUED" then
    return {}
  end
  return { "registration " .. registration:lower():gsub("_", " ") }
end

local function parent(lei, which)
  local answer = source.ask(GLEIF, "/lei-records/" .. lei .. "/" .. which, { headers = MEDIA, accept = 404 })
  if answer.status == 404 then
    return nil -- none is reported, which is normal
  end
  source.check(GLEIF, answer.json, { ["data.attributes.lei"] = "string", ["data.attributes.entity.legalName.name"] = "string" })
  local found = answer.json.data.attributes
  return { lei = found.lei, name = found.entity.legalName.name }
end

local gleif = {}

---@param lei string  valid, canonical
---@param options { parents?: boolean }
---@return company
function gleif.get(lei, options)
  local answer = source.ask(GLEIF, "/lei-records/" .. lei, { headers = MEDIA, accept = 404 })
  local record = source.provenance(GLEIF, lei, answer)
  if answer.status == 404 then
    record.status = "not found"
    return record
  end
  source.check(GLEIF, answer.json, SHAPE)
  local found = answer.json.data.attributes
  local entity, registration = found.entity, found.registration.status
  if found.lei ~= lei then
    source.raise(GLEIF, "ESCHEMA", "answers with another company than it was asked for", found.lei, "asked for " .. lei)
  end
  local golden = answer.json.meta and answer.json.meta.goldenCopy
  record.as_of = golden and golden.publishDate
  record.lei, record.reg_no = found.lei, entity.registeredAs
  record.name, record.legal_name = entity.legalName.name, entity.legalName.name
  record.former_names = former_names(entity)
  record.jurisdiction, record.country = entity.jurisdiction, entity.legalAddress.country
  record.legal_form = entity.legalForm and entity.legalForm.id
  record.status, record.status_raw = statuses[entity.status] or "unknown", entity.status
  record.registration, record.flags = registration, flags_of(registration)
  record.incorporated_on = day_of(entity.creationDate)
  record.dissolved_on = entity.expiration and day_of(entity.expiration.date)
  record.address = address_of(entity.legalAddress)
  if options.parents then
    record.parents = { direct = parent(lei, "direct-parent"), ultimate = parent(lei, "ultimate-parent") }
  end
  return record
end

return gleif
