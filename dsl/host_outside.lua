--- host_outside - what modules ask of the world outside: children, descriptors, kept files, secrets, time.
local core = ...
local errors = require "errors"
local host = {}

---A child lent for this run: role "reader" or "desk". Waits. peer:call(request, descriptors?, time_ms?) returns the answer
---and a list of descriptors, or nil and an error; peer:give_back(healthy).
---@param role string
---@param needs table?  { session = label }: a desk that the same session has left at home, else a new one
function host.lend(role, needs) return (errors.ok(core._lend(role, needs or {}))) end

---Runs a program to its end. Waits.
---@param argv string[]
---@param profile string  its limits
---@param input any?  a descriptor for its standard input
---@return { status: integer, out: string, err: string }
function host.spawn(argv, profile, input) return (errors.ok(core._spawn(argv, profile, input))) end

---A descriptor of a file value (a case's file, a kept one), for reading.
function host.open(file)
  if type(file) ~= "table" or not rawget(file, "sha256") then
    errors.raise { code = "EUSE", text = "this is no file of the case", seen = tostring(file),
      advice = "declare it in case = { name = file }" }
  end
  return (errors.ok(core._open(file.sha256)))
end

---A descriptor of sealed memory with these bytes.
function host.memory(bytes) return (errors.ok(core._memory(bytes))) end

---Keeps bytes in the store. Waits. Returns a file value.
---@param bytes string
---@param name string?  what people see
function host.keep(bytes, name)
  local hash = errors.ok(core._keep(bytes))
  return core._file { name = name or hash:sub(1, 12), sha256 = hash, size = #bytes }
end

---Keeps what a child sent (a descriptor of sealed memory) in the store. Waits. Returns a file value.
function host.keep_descriptor(descriptor, name)
  local hash = errors.ok(descriptor:keep())
  return core._file { name = name or hash:sub(1, 12), sha256 = hash, size = descriptor:size() }
end

---A secret by its name. Waits for its value.
---@param name string
function host.secret(name)
  local s = core._secret(name)
  if core._secret_missing() == name then errors.ok(core._secret_fetch(name)) end
  return s
end

---Waits.
---@param ms integer
function host.sleep(ms) return core._timer(ms) end

---Wall and monotonic milliseconds, live: for waiting and for records of modules, never for a robot's decisions.
function host.clock() return core._now() end

---Keeps a picture or a text beside the run, for show.
---@param name string
---@param file table  a file value
function host.picture(name, file) core._record("picture", { name = name, data = { file = file } }) end

---A robot's own file from its bundle, or nil.
function host.source(path) return core._source(path) end

---Loads a robot's own file as data: its environment is `env`.
function host.load(path, env) return core._load(path, env) end

return host
