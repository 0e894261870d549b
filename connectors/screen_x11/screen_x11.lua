--- screen_x11 - X11 desktops: a session lends a desk and asks it (README.md lists the requests).
--- Owns the peer of one desk; reads text on pictures through a reader. Knows neither journal nor vocabulary.
local core = ...
local errors = require "errors"
local host = require "host"
local sight = require "screen_x11.sight"

local GRACE_MS = 10000 -- beyond the request's own time, for the picture of a failure
local HOME_MS = 5000 -- a program that does not come home in this time is not kept
local START_MS = 30000 -- a new desk answers when it has started
local TRIES = 3 -- desks that were kept and are not at home

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
  self.failed = true
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

---Where the image of a target stands on the display.
function session:find_image(target)
  local request = { op = "find", target = target }
  return (self:ask(request, files_of(request)))
end

---Does one thing. op and args as in README.md. Waits. Raises an error; its picture and tree are kept as files in
---error.picture and error.tree.
---@param op string
---@param args table?
---@return table answer
function session:call(op, args)
  local request = { op = op }
  for k, v in pairs(args or {}) do request[k] = v end
  if op == "fill" then mask_secrets(request) end
  if sight.serves(request) then return sight.call(self, request) end
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

---Gives the desk back. Idempotent. After a run that went well the program stays signed on at home for the next run of
---the same robot; else it ends.
---@param well boolean?
function session:close(well)
  local peer, identity = self.peer, self.identity
  if not peer then return end
  self.peer = nil
  local kept = well and identity and not self.failed and peer:call({ op = "keep", title = self.home,
    seal = identity.seal, time_ms = HOME_MS }, nil, HOME_MS + GRACE_MS)
  if not kept then peer:call({ op = "reset" }, nil, GRACE_MS) end
  peer:give_back(kept ~= nil and kept ~= false)
end

local function lend(description, identity)
  local time = description.time
  return setmetatable({ peer = host.lend("desk", { session = identity and identity.label }), identity = identity,
    home = description.home, time_ms = time and core._duration(time) or nil }, session)
end

-- Whether the program stands where a run before this one has left it; nil and why, when it should but does not.
local function resumed(self, description)
  if not self.identity then return false end
  local answer, e = self.peer:call({ op = "resume", title = self.home, seal = self.identity.seal, mask = self.identity.mask,
    dialogs = rules_of(description.dialogs), time_ms = HOME_MS }, nil, START_MS)
  if answer then return answer.resumed end
  return nil, e
end

-- A desk on which the program is not at home any more is not lent again: the next one is another, in the end a new one.
local function lend_resumed(description, identity)
  local self, why
  for _ = 1, TRIES do
    self = lend(description, identity)
    self.resumed, why = resumed(self, description)
    if self.resumed ~= nil then return self end
    self.peer:give_back(false)
    if why.code == "ECLOSED" then break end
  end
  errors.raise(why)
end

---Lends a desk and starts the program on it, or takes up the one that a run of the same robot has left at home.
---@param description table  start, env, dir, home, dialogs, time: see language.md
---@param identity { label: string, seal: any, mask: string[] }?  what the program may be kept for; nil: it ends with the run
---@return table session  resumed: it is signed on already
local function open(description, identity)
  if not description.start then
    errors.raise { code = "EUSE", text = "the screen does not say how its program is started",
      advice = "write start = \"/opt/loan-core/loan-core\" in the screen file" }
  end
  local self = lend_resumed(description, identity)
  if self.resumed then return self end
  local ok, e = pcall(self.ask, self, { op = "start", argv = split(description.start), env = description.env,
    dir = description.dir, dialogs = rules_of(description.dialogs) })
  if ok then return self end
  self:close()
  error(e, 0)
end

return { screen = { kind = "desktop", open = open } }
