--- secret - values that nobody sees.
-- words: secret
local core, lang = ...

---A secret by its name. Prints as ***, goes nowhere but into the field or header it is meant for.
---@param name string
local function secret(name)
  if type(name) ~= "string" or not name:match("^[%w_%.%-]+$") then
    core._raise { code = "EUSE", text = "secret takes a name such as secret \"core.clerk.user\"", seen = tostring(name) }
  end
  local s = core._secret(name)
  if not lang.loading then lang.fetch_secrets() end
  return s
end

return { secret = secret }
