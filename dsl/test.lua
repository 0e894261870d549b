--- test - for test files: t.case, t.eq, t.raises, t.server, t.conf, t.run. Run by `deskhand test FILE|ROBOT…`.
local core, lang = ...
local errors = require "errors"
local host = require "host"

local t = {}
local cases, servers = {}, {}

---One test. `f` may wait.
---@param name string
---@param f fun()
function t.case(name, f) cases[#cases + 1] = { name = name, f = f } end

local function shown(v, depth)
  if type(v) ~= "table" or depth > 4 then return type(v) == "string" and ("%q"):format(v) or tostring(v) end
  local parts = {}
  for k, x in pairs(v) do
    parts[#parts + 1] = (type(k) == "string" and k .. " = " or "") .. shown(x, depth + 1)
    if #parts > 40 then parts[#parts + 1] = "…" break end
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local function same(a, b)
  if a == b then return true end
  if type(a) ~= "table" or type(b) ~= "table" then return false end
  for k, v in pairs(a) do if not same(v, rawget(b, k)) then return false end end
  for k in pairs(b) do if rawget(a, k) == nil then return false end end
  return true
end

---Equal, tables by what they hold.
function t.eq(seen, wanted, what)
  if not same(seen, wanted) then
    error((what and what .. ": " or "") .. "seen " .. shown(seen, 0) .. ", wanted " .. shown(wanted, 0), 2)
  end
end

function t.ok(v, what)
  if not v then error((what or "it") .. " is " .. tostring(v), 2) end
  return v
end

---Calls f; it must raise. Returns the error as a table.
function t.raises(f, ...)
  local ok, e = pcall(f, ...)
  if ok then error("nothing was raised", 2) end
  return errors.of(e)
end

---The path of a file in fixtures/ beside the test file; a name with a folder is taken from the test file's own.
function t.fixture(name)
  local folder = core._testing()
  return folder .. (name:find("/", 1, true) and "/" or "/fixtures/") .. name
end

---The folder of the test file: of the robot that is tested.
function t.folder() return (core._testing()) end

---The path of a file from the root of the project (tests run there).
function t.path(name) return name end

---A new empty folder.
function t.temp() return core._temp() end

---A program that runs beside the test: its first line of output, JSON, says that it is ready. Returns that as a table.
---@param program string  a .py file or an executable, from the project's root
function t.server(program, ...)
  local argv = { program, ... }
  if program:match("%.py$") then argv = { "/usr/bin/python3", "-B", program, ... } end
  for i, a in ipairs(argv) do argv[i] = tostring(a) end
  local handle, line = core._server(argv)
  if not handle then core._raise(line) end
  servers[#servers + 1] = handle
  local ok, said = pcall(lang.word("json").parse, line)
  return ok and said or { line = line }
end

---Configuration for the rest of this test file.
function t.conf(values)
  for key, value in pairs(values) do errors.ok(core._set_conf(key, tostring(value))) end
end

---A secret for the rest of this test file.
function t.secret(name, value)
  core._set_secret(name, value)
  return core._secret(name)
end

-- Operations that are still open, the run's own deadline apart. Records on their way to the disk are no leak: they
-- are given two seconds to get there.
local function left_open()
  for _ = 1, 40 do
    if core._left() <= 1 then return 0 end
    core._timer(50)
  end
  return core._left() - 1
end

---Every n-th allocation of f fails once: it must end with an error or a result, and leave nothing behind.
function t.oom(name, f)
  t.case(name .. ": survives every failing allocation", function()
    pcall(f)
    local n = 0
    repeat
      n = n + 1
      core._fail_alloc(n)
      local ok = pcall(f)
      local failed = core._fail_alloc(0)
      if not ok and not failed then break end
    until not failed or n > 5000
    t.eq(left_open(), 0, "operations left open")
  end)
end

---f is ended at its n-th wait, for every n: nothing may be left behind.
function t.cancel(name, f)
  t.case(name .. ": survives an end at every wait", function()
    local n, left = 0
    repeat
      n = n + 1
      core._cancel_at(n)
      pcall(f)
      left = core._cancel_at(0)
    until left > 0 or n > 1000
    t.eq(left_open(), 0, "operations left open")
  end)
end

---A program that was built or installed beside this one: t.program "examples/loan-core".
function t.program(name) return (core._self():match("^(.*)/[^/]*$") or ".") .. "/" .. name end

---Runs this program with arguments, such as t.deskhand("check", "robots/sme_loan").
---@return { status: integer, out: string, err: string }
function t.deskhand(...) return host.spawn({ core._self(), ... }, "plain") end

local function json() return lang.word("json") end

-- What `deskhand run` is called with for a spec of t.run, and what it gets on its standard input.
local function run_call(spec, store)
  local argv, input = { core._self(), "run", spec.robot or t.folder(), "--json", "--store", store }, nil
  local function option(name, value) argv[#argv + 1], argv[#argv + 2] = "--" .. name, value end
  if spec.replay then option("replay", spec.replay:find("^/") and spec.replay or t.fixture("fixtures/" .. spec.replay)) end
  if spec.record then option("record", spec.record) end
  for key, value in pairs(spec.conf or {}) do option("set", key .. "=" .. tostring(value)) end
  if type(spec.case) == "table" then
    input = json().text(spec.case)
    option("case", "-")
  elseif spec.case then
    option("case", spec.case)
  end
  return argv, input
end

local function run_once(argv, input)
  local done = host.spawn(argv, "plain", input and host.memory(input))
  local ok, said = pcall(json().parse, done.out)
  local result = ok and type(said) == "table" and said or {}
  result.status, result.out, result.err = done.status, done.out, done.err
  return result
end

-- Answers the open questions that `answers` knows by name. Returns how many.
local function answer(answers, store)
  local count = 0
  for _, review in ipairs(json().parse(t.deskhand("review", "list", "--json", "--store", store).out)) do
    local signs = review.word == "approve"
    local words = answers[signs and review.name:match "^(.*) #%x+$" or review.name]
    if words then
      local argv = { core._self(), "review", "answer", tostring(review.id), "--store", store,
        table.unpack(type(words) == "table" and words or { words }) }
      if signs then -- whoever runs the test made the case: somebody else signs
        table.move({ "--set", "role." .. review.role .. ".people=a-second-person" }, 1, 2, #argv + 1, argv)
        argv = { "env", "SUDO_USER=a-second-person", table.unpack(argv) }
      end
      local done = host.spawn(argv, "plain")
      if done.status ~= 0 then error("the answer to \"" .. review.name .. "\" is refused: " .. done.err, 0) end
      count = count + 1
    end
  end
  return count
end

---Runs a robot as `deskhand run` does, in a store of its own. A case is a table, or the path of a case file with its
---documents. `answers` are given when the run waits: by the question's name, a word or a list of words as for `review
---answer`; the run then goes on. An effect with approve is signed under the name "approve NAME".
---@param spec { robot: string?, case: table|string?, replay: string?, record: string?, answers: table?, conf: table?, secrets: table? }
---@return { status: integer, result: any, error: table?, state: string, out: string, err: string }
function t.run(spec)
  local store = core._temp() .. "/store.db"
  for name, value in pairs(spec.secrets or {}) do
    local done = host.spawn({ core._self(), "secret", "set", name, "--store", store }, "plain", host.memory(value))
    if done.status ~= 0 then error("the secret '" .. name .. "' is refused: " .. done.err, 0) end
  end
  local argv, input = run_call(spec, store)
  local result = run_once(argv, input)
  while result.status == 4 and spec.answers and answer(spec.answers, store) > 0 do result = run_once(argv, input) end
  return result
end

---Runs the file's cases; what `deskhand test` prints.
function t.main()
  local _, file = core._testing()
  local chunk, why = core._load(file)
  if not chunk then error(why, 0) end
  chunk()
  lang.loading = false
  lang.fetch_secrets()
  local failed = 0
  for _, c in ipairs(cases) do
    local ok, e = pcall(c.f)
    if ok then
      core._print("ok      " .. c.name)
    else
      failed = failed + 1
      e = errors.of(e)
      core._print("FAILED  " .. c.name .. "\n        " .. (e.where and e.where .. ": " or "") .. e.text:gsub("\n", "\n        ") ..
        (e.seen and e.seen ~= "" and "\n        seen: " .. e.seen or ""))
    end
  end
  for _, s in ipairs(servers) do core._end_server(s) end
  return { passed = #cases - failed, failed = failed }
end

return t
