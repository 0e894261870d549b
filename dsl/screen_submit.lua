--- screen_submit - submit: the usual effect on a screen, from home to what its proof shows.
local core, lang = ...
local errors = require "errors"
local session = require "screen_session"
local targets = require "screen_targets"

local submit = {}

local use = errors.use

local submit_fields = { at = true, fill = true, press = true, proof = true, approve = true }

local function check_submit(form)
  if type(form) ~= "table" then use("submit takes { at, fill, press, proof }", type(form)) end
  for k in pairs(form) do
    if not submit_fields[k] then
      local close = core._closest(tostring(k), { "at", "fill", "press", "proof", "approve" })
      use("submit has no '" .. tostring(k) .. "'", "at, fill, press, proof, approve", close and "did you mean '" .. close .. "'?")
    end
  end
  if not form.press then use("submit has no press") end
  if not form.proof then use("submit has no proof", "", "say what can be seen afterwards: proof = screen:row(\"Table\", { \"Column\", value })") end
  if form.fill then targets.check_pairs(form.fill, "fill") end
end

---A row as a proof.
function submit.proof_of(locator)
  if targets.is_row(locator) then return function() return locator:ask() end end
  use("a proof is a row of a screen or a function", type(locator), "proof = screen:row(\"Table\", { \"Column\", value })")
end

---The usual effect on a screen: enters a form once, whatever happens. Returns what the proof shows.
---@param s table  the screen
---@param name string
---@param form { at: string?, fill: table?, press: any, proof: any, approve: string|table|nil }
---@param press_args fun(press: any): table  as the driver takes it
function submit.run(s, name, form, press_args)
  check_submit(form)
  local proof = type(form.proof) == "function" and form.proof or submit.proof_of(form.proof)
  if not core._live() then s.visit, s.driven = {}, true end
  return lang.dsl("effect").run(name, {
    word = "submit",
    values = { screen = s.name, at = form.at, fill = form.fill and targets.journal(form.fill), press = targets.journal { form.press } },
    approve = form.approve,
    proof = function(context)
      s.since = context.since
      return proof(context)
    end,
    prepare = function()
      session.ready(s)
      session.home(s)
      if form.at then session.call(s, "go", { place = session.place(s, form.at) }) end
      if form.fill then session.call(s, "fill", { pairs = session.pairs(form.fill, s) }) end
      session.picture(s, name .. ": filled")
    end,
    act = function()
      s.in_effect = true
      local ok, e = pcall(session.call, s, "press", press_args(form.press))
      s.in_effect = false
      if not ok then error(e, 0) end
    end,
    idle = function() return s.session.idle ~= nil and s.session:idle(press_args(form.press)) end,
    after = function(happened) session.picture(s, name .. (happened and ": done" or ": not known")) end,
  })
end

return submit
