--- screen_x11 - X11 desktops: a session lends a desk and asks it (README.md lists the requests).
--- Owns the peer of one desk; reads text on pictures through a reader. Knows neither journal nor vocabulary.
local core = ...
local errors = require "errors"
local host = require "host"
local sight = require "screen_x11.sight"

local GRACE_MS = 10000 -- beyond the request's own time, for the picture of a failure

local session = {}
session.__index = session

---A command as a person writes it: words; what stands in quotes is kept together, also within a word.
---@param command string|string[]
---@return string[]
local function split(command)
  if type(command) == "table" then return command end
  local argv, word, at = {}, nil, 1
  while at <= #command do
    local quote, text, after = command:match("^([\"'])(.-)%1()", at)
    if not quote then text, after = command:match("^([^%s\"']+)()", at) end
    if not text and command:find("^%S", at) then text, after = command:sub(at, at), at + 1 end -- a lone quote
    if text then
      word = (word or "") .. text
    else
      argv[#argv + 1], word = word, nil
      after = command:match("^%s+()", at)
    end
    at = after
  end
  argv[#argv + 1] = word
  return argv
end

---{ pattern, button, pattern, button … } as a list of pairs.
local function rules_of(list)
  local rules = {}
  for i = 1, #(list or {}), 2 do rules[#rules + 1] = { list[i], list[i + 1] } end
  return rules
end

---Picture and tree of a failure become files beside the run.
local function keep_evidence(e)
  local d = e.descriptors or {}
  if d[1] then rawset(e, "picture", host.keep_descriptor(d[1], "picture.png")) end
  if d[2] then rawset(e, "tree", host.keep_descriptor(d[2], "tree.txt")) end
  rawset(e, "descriptors", nil)
end

---One request to the desk. Waits. Raises its error.
---@param request table
---@param files any[]?  descriptors that go with it
---@return table answer, any[] descriptors
function session:ask(request, files)
  if not self.peer then errors.raise { code = "ECLOSED", text = "the screen is closed" } end
  request.time_ms = request.time_ms or self.time_ms
  local answer, more = self.peer:call(request, files, (request.time_ms or 20000) + GRACE_MS)
  if answer ~= nil then return answer, more end
  -- A press that the desk itself reports as failed has not been made: it fails before, or not at all.
  if request.op == "press" and more.descriptors and more.descriptors[1] then rawset(more, "harmless", true) end
  keep_evidence(more)
  errors.raise(more)
end

---Fields that get a secret are named to the desk, which then shows them to nobody.
local function mask_secrets(request)
  local mask = request.mask or {}
  for _, pair in ipairs(request.pairs) do
    if host.kind(pair[2]) == "secret" then
      local target = pair[1]
      mask[#mask + 1] = type(target) == "table" and target.name or target
    end
  end
  request.mask = #mask > 0 and mask or nil
end

---A target that names a picture of the robot's folder brings its bytes along.
local function files_of(request)
  local target = request.target
  if type(target) ~= "table" or type(target.image) ~= "string" then return nil end
  local bytes = host.source(target.image)
  if not bytes then
    errors.raise { code = "ENOENT", text = "this robot has no picture " .. target.image,
      advice = "put the PNG into the robot's folder" }
  end
  local copy = {}
  for k, v in pairs(target) do copy[k] = v end
  copy.image = 0
  request.target = copy
  return { host.memory(bytes) }
end

---Does one thing. op and args as in README.md. Waits. Raises an error; its picture and tree are kept as files in
---error.picture and error.tree.
---@param op string
---@param args table?
---@return table answer
function session:call(op, args)
  local request = { op = op }
  for k, v in pairs(args or {}) do request[k] = v end
  local target = request.target
  if type(target) == "table" and target.text then return sight.call(self, request) end
  if op == "fill" then mask_secrets(request) end
  return (self:ask(request, files_of(request)))
end

---Whether what was pressed last stands there as before and the program is quiet: then it has not taken the press, or has
---done with it; the proof tells which. Waits.
---@param args table  as of press
---@return boolean
function session:idle(args) return args.target ~= nil and self:call("idle", { target = args.target }).idle end

---What the desk shows now, kept as a file; nil when it cannot be had.
---@return table? file
function session:picture()
  local ok, _, files = pcall(self.ask, self, { op = "capture" })
  return ok and files[1] and host.keep_descriptor(files[1], "picture.png") or nil
end

---Ends the application and gives the desk back. Idempotent.
function session:close()
  local peer = self.peer
  if not peer then return end
  self.peer = nil
  local answer = peer:call({ op = "reset" }, nil, GRACE_MS)
  peer:give_back(answer ~= nil)
end

---Lends a desk and starts the program on it.
---@param description table  start, env, dir, home, dialogs, time: see language.md
---@return table session
local function open(description)
  if not description.start then
    errors.raise { code = "EUSE", text = "the screen does not say how its program is started",
      advice = "write start = \"/opt/loan-core/loan-core\" in the screen file" }
  end
  local time = description.time
  local self = setmetatable({ peer = host.lend "desk", time_ms = time and core._duration(time) or nil }, session)
  local ok, e = pcall(self.ask, self, { op = "start", argv = split(description.start), env = description.env,
    dir = description.dir, dialogs = rules_of(description.dialogs) })
  if ok then return self end
  self:close()
  error(e, 0)
end

return { screen = { kind = "desktop", open = open } }
