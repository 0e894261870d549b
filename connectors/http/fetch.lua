--- http.fetch - one request, for the words of http and for connectors that speak to services (company, tax).
--- It knows no journal: whoever calls it stands in a read or in an effect. Queries and bodies, which most requests
--- lack, are http.parts.
local core = require "core.http"
local errors = require "errors"
local host = require "host"

local M = {}

local TIMEOUT_MS <const> = 60000

--- The URL with a query added: { q = "a b", page = 2 }. Lists repeat their key.
local function with_query(url, query)
  return query and require("http.parts").with_query(url, query) or url
end

local function body_of(o)
  if o.json == nil and not (o.form or o.body or o.file) then
    return nil
  end
  return require("http.parts").body_of(o)
end

local function headers_of(o, content_type)
  if not (o.headers or content_type or o.key) then
    return nil
  end
  local out, has_type = {}, false
  for name, value in pairs(o.headers or {}) do
    out[#out + 1] = { name, value }
    has_type = has_type or name:lower() == "content-type"
  end
  if content_type and not has_type then
    out[#out + 1] = { "Content-Type", content_type }
  end
  if o.key then
    out[#out + 1] = { "Idempotency-Key", o.key }
  end
  return out
end

local function time_ms(timeout)
  if timeout == nil then
    return TIMEOUT_MS
  end
  local ms = type(timeout) == "number" and math.floor(timeout * 1000) or core._duration_ms(tostring(timeout))
  if not ms or ms <= 0 then
    errors.raise { code = "EUSE", text = 'a timeout is a number of seconds or a text such as "90s"', seen = tostring(timeout) }
  end
  return ms
end

local function list_of(accept)
  return type(accept) == "number" and { accept } or accept
end

-- The table that core._fetch takes.
local function request_of(o)
  if type(o.url) ~= "string" then
    errors.raise { code = "EUSE", text = "a request needs a url", seen = type(o.url) }
  end
  local body, way, content_type = body_of(o)
  local auth = o.auth or nil -- false is none
  return {
    method = o.method or "GET",
    url = with_query(o.url, o.query),
    timeout_ms = time_ms(o.timeout),
    headers = headers_of(o, content_type),
    hosts = host.hosts(),
    body = body,
    way = way,
    shown = body and require("http.parts").shown(body),
    user = auth and auth.user,
    password = auth and auth.password,
    accept = list_of(o.accept),
    rate = o.rate,
    attempts = o.attempts,
    limit = o.limit,
    effect = o.effect,
    source = o.source,
  }
end

local function send(request)
  local recording = host.recording()
  if not recording then
    return core._fetch(request)
  end
  local tape = require "http.tape"
  if recording.replay then
    return tape.play(recording.replay, request)
  end
  local answer, err = core._fetch(request)
  tape.keep(recording.record, request, answer, err)
  return answer, err
end

local function is_json(answer)
  local kind = answer.headers["content-type"]
  if not kind or not kind:find("json", 1, true) then -- a pattern is made ready anew each time
    return false
  end
  return kind:sub(1, 16) == "application/json" or kind:find("^application/[%w%.%-]+%+json")
end

--- Sends a request and gives the answer whatever its status, or nil and an error when there was none.
--- Options: method, url, query, headers, json | form | body | file, auth = { user, password }, timeout (seconds or
--- "90s", all attempts together), rate ("60/min", by host), attempts, limit (bytes of the body), accept (statuses that
--- are no reason to try again), source (its url, rate and certificate in the configuration: source.NAME.*; its host
--- need not be in the robot's list), effect (never sent twice), key (of the Idempotency-Key header).
--- The answer is { status, headers, body, json }: json if the content type says so; not_json tells why it could not be read.
---@param o table
---@return { status: integer, headers: table<string, string>, body: string, json: any }? answer, dh.error? err
function M.fetch(o)
  local answer, err = send(request_of(o))
  if not answer then
    return nil, err
  end
  if is_json(answer) and answer.body ~= "" then
    local ok, value = pcall(require("json").pure.parse, answer.body)
    if ok then
      answer.json = value
    else
      answer.json, answer.not_json = nil, errors.of(value).text
    end
  end
  return answer
end

M.with_query = with_query
M.sha256 = core._sha256 -- of a text, in hexadecimal
M.shown = function(o)
  return require("http.parts").shown((body_of(o)))
end

--- Whether a status is an answer: below 400, or listed by the caller.
function M.is_accepted(status, accept)
  if status < 400 or accept == status then
    return true
  end
  for _, one in ipairs(type(accept) == "table" and accept or {}) do
    if one == status then
      return true
    end
  end
  return false
end

return M
