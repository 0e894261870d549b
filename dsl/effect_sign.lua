--- effect_sign - approve: an effect waits until a second person has signed exactly its values. A signature belongs to
--- their hash: other values are asked about anew. Who may sign is checked where the answer is taken (runtime/sched/sign.c).
local core, lang = ...
local errors = require "errors"
local sign = {}

local FORM <const> = "write approve = \"manager\", or { role = \"manager\", above = money \"50,000 EUR\" }"

---@return { role: string, above: any }
local function read(approve)
  local a = type(approve) == "string" and { role = approve } or approve
  if type(a) ~= "table" then errors.use("approve names a role", type(approve), FORM) end
  for k in pairs(a) do
    if k ~= "role" and k ~= "above" then errors.use("approve has no '" .. tostring(k) .. "'", "role, above", FORM) end
  end
  if type(a.role) ~= "string" or #a.role > 60 or not a.role:find "^[%w_-]+$" then
    errors.use("approve names a role: letters, digits, - and _", tostring(a.role), FORM)
  end
  if a.above ~= nil and core._kind(a.above) ~= "money" then errors.use("approve's above is money", core._kind(a.above), FORM) end
  return a
end

---Whether an amount among the values is over the limit, of another currency, or none is there to be compared.
local function is_over(values, above)
  local found = false
  local function look(v)
    if core._kind(v) == "money" then
      found = true
      return v.currency ~= above.currency or v > above or -v > above
    end
    if type(v) ~= "table" then return false end
    for _, item in pairs(v) do
      if look(item) then return true end
    end
    return false
  end
  return look(values) or not found
end

---What this effect asked with values that are not its own any more.
local function withdraw_others(stem, name)
  for _, r in ipairs(core._asked("")) do
    if r.name ~= name and r.name:match "^(.*) #%x+$" == stem then
      core._record("withdraw", { word = "approve", name = r.name, scope = r.scope, position = r.position })
    end
  end
end

---Returns when the effect may act. Else the run is put away, or rejected by whoever was asked.
---@param e { name: string, hash: string, values: table, where: string }
---@param approve string|{ role: string, above: any }
function sign.wait(e, approve)
  local a = read(approve)
  if a.above and not is_over(e.values, a.above) then return end
  local stem = "approve " .. (#e.name <= 130 and e.name or core._hash("name", e.name, 40))
  local name = stem .. " #" .. core._hash("approve", { e.hash, a.role }, 12)
  local answer = core._standing("answer", name)
  if answer and answer.hash == e.hash and answer.data.hash == e.hash then
    if answer.data.decision == "approve" then return end
    errors.raise { code = "EREJECT", text = ("%s (%s) refused to sign \"%s\""):format(answer.data.by, a.role, e.name) }
  end
  -- A branch beside this one may fail from the journal: then nobody is asked.
  if core._scope() ~= "" then errors.ok(core._timer(0)) end
  lang.asked = lang.asked or {}
  lang.asked[name] = { scope = core._scope(), position = 0 }
  if not core._standing("review", name) then
    withdraw_others(stem, name)
    lang.dsl("rest")()
    errors.ok(core._commit("review", { word = "approve", name = name, position = 0, hash = e.hash, where = e.where, data = {
      show = e.values, ask = { "approve", "refuse" }, role = a.role, sign = e.hash } }))
  end
  errors.raise { code = "EWAIT", text = ("waits until a second person (%s) signs \"%s\""):format(a.role, e.name) }
end

return sign
