--- host - what the Lua halves of modules may ask of the host: values, configuration; and of the world outside (children,
--- descriptors, kept files, secrets, time), which is host_outside and comes on first use.
local core, lang = ...
local host = {}

---A strict record: a field that does not exist is an error with "did you mean".
---@param t table
---@param what string?  "the company"
---@param empty table<string, true>?  fields that such a record has and that may be nil
function host.record(t, what, empty) return core._strict(t, what or "the record", empty) end

---A list that stays one when it is empty: [] and not {} where it is written down.
function host.list(t) return core._list(t) end

---Hosts that robot { hosts = { … } } allows; nil when it says nothing.
function host.hosts() return lang.hosts end

---{ record = DIR } or { replay = DIR } when `deskhand run` was told so; else nil.
host.recording = core._recording

---A configuration value; nil when unset.
---@type fun(key: string): string?
host.conf = core._conf

---"money", "date", "file", "secret", "record", or Lua's type name.
---@type fun(value: any): string
host.kind = core._kind

host.money, host.money_of, host.date = core._money, core._money_of, core._date

return setmetatable(host, { __index = function(_, name) return lang.dsl("host_outside")[name] end })
