--- robot_rules - what a declaration may say of limits and cases, and the words when it says something else.
local core = ...
local rules = {}

local function use(text, seen, advice)
  core._raise { code = "EUSE", text = text, seen = seen or "", advice = advice or "" }
end

function rules.refuse(d)
  if type(d) ~= "table" then use("robot takes a declaration", type(d), "write robot { about = \"…\" }") end
  use("robot { } stands twice in this robot")
end

---A field that no robot has, or of another type.
function rules.unknown(known, k, v)
  local names = {}
  for n in pairs(known) do names[#names + 1] = n end
  local close = not known[k] and core._closest(tostring(k), names)
  use(known[k] and ("robot's '" .. k .. "' is a " .. known[k] .. ", not a " .. type(v)) or
    ("robot { } has no '" .. tostring(k) .. "'"), table.concat(names, ", "), close and ("did you mean '" .. close .. "'?"))
end

local function duration(value, what)
  local ms = type(value) == "string" and core._duration(value)
  if not ms then use(what .. " is no duration", tostring(value), "write \"90s\", \"10m\", \"3h\" or \"2d\"") end
  return ms
end

local function bytes(value)
  local n, unit = tostring(value):match("^(%d+)%s*([KMG]?)B$")
  if not n then use("limit.memory is no size", tostring(value), "write \"64MB\"") end
  return tonumber(n) * ({ [""] = 1, K = 1 << 10, M = 1 << 20, G = 1 << 30 })[unit]
end

---limit and retry as the host takes them.
function rules.limits(limit, retry)
  return {
    time_ms = limit.time and duration(limit.time, "limit.time"),
    slice_ms = limit.slice and duration(limit.slice, "limit.slice"),
    memory = limit.memory and bytes(limit.memory),
    times = retry.times,
    wait_ms = retry.wait and duration(retry.wait, "retry.wait"),
  }
end

function rules.cases(c)
  local fields = { from = true, key = true, once_a = true, watch = true, to = true }
  for k in pairs(c) do
    if not fields[k] then
      local names = { "from", "key", "once_a", "watch", "to" }
      local close = core._closest(tostring(k), names)
      use("cases has no '" .. tostring(k) .. "'", table.concat(names, ", "), close and "did you mean '" .. close .. "'?")
    end
  end
  if c.once_a and c.once_a ~= "day" and c.once_a ~= "month" and c.once_a ~= "year" then
    use("cases.once_a is \"day\", \"month\" or \"year\"", tostring(c.once_a))
  end
  if c.watch ~= nil and type(c.watch) ~= "boolean" then use("cases.watch is true or false", tostring(c.watch)) end
  if c.watch and not c.from then use("cases.watch watches what cases.from names, which is missing", "", "write from = \"inbox/*\"") end
end

return rules
