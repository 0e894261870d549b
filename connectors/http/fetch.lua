--- http.fetch - one request, for the words of http and for connectors that speak to services (company, tax).
--- It knows no journal: whoever calls it stands in a read or in an effect.
local core = require "core.http"
local errors = require "errors"
local host = require "host"

local M = {}

-- Loaded when a request needs them: most have no body, and an isolate is to stay small.
local function json()
  return require("json").pure
end

local TIMEOUT_MS <const> = 60000

local function is_secret(value)
  return host.kind(value) == "secret"
end

local function percent(c)
  return ("%%%02X"):format(c:byte())
end

local function escape(value)
  return (tostring(value):gsub("[^%w%-%._~]", percent))
end

--- The URL with a query added: { q = "a b", page = 2 }. Lists repeat their key.
local function with_query(url, query)
  if not query then
    return url
  end
  local parts = {}
  for key, value in pairs(query) do
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      if is_secret(one) then
        errors.raise {
          code = "EUSE",
          text = "a secret cannot stand in a URL: URLs are logged along the way",
          advice = "send it in a header, in json or in a form",
        }
      end
      parts[#parts + 1] = escape(key) .. "=" .. escape(one)
    end
  end
  if #parts == 0 then
    return url
  end
  return url .. (url:find("?", 1, true) and "&" or "?") .. table.concat(parts, "&")
end

local function holds_secret(value)
  if is_secret(value) then
    return true
  end
  if type(value) ~= "table" or host.kind(value) == "file" then
    return false
  end
  for _, inner in pairs(value) do
    if holds_secret(inner) then
      return true
    end
  end
  return false
end

-- JSON as a list of pieces in which secrets still are secrets; only C puts their values in.
local function json_pieces(value, out)
  if is_secret(value) then
    out[#out + 1], out[#out + 2], out[#out + 3] = '"', value, '"'
  elseif not holds_secret(value) then
    out[#out + 1] = json().text(value)
  elseif #value > 0 then
    for i, inner in ipairs(value) do
      out[#out + 1] = i == 1 and "[" or ","
      json_pieces(inner, out)
    end
    out[#out + 1] = "]"
  else
    local before = "{"
    for key, inner in pairs(value) do
      out[#out + 1] = before .. json().text(key) .. ":"
      json_pieces(inner, out)
      before = ","
    end
    out[#out + 1] = "}"
  end
  return out
end

local function form_pieces(form)
  local out = {}
  for key, value in pairs(form) do
    out[#out + 1] = (#out > 0 and "&" or "") .. escape(key) .. "="
    out[#out + 1] = is_secret(value) and value or escape(value)
  end
  return out
end

-- What may be shown of a body: secrets as ***.
local function shown(body)
  if type(body) ~= "table" then
    return body
  end
  local out = {}
  for i, piece in ipairs(body) do
    out[i] = is_secret(piece) and "***" or piece
  end
  return table.concat(out)
end

local function body_of(o)
  if o.json == nil and not (o.form or o.body or o.file) then
    return nil
  end
  local given = (o.json ~= nil and 1 or 0) + (o.form and 1 or 0) + (o.body and 1 or 0) + (o.file and 1 or 0)
  if given > 1 then
    errors.raise { code = "EUSE", text = "a request has one body: json, form, body or file" }
  end
  if o.json ~= nil then
    return json_pieces(o.json, {}), "json", "application/json"
  elseif o.form then
    return form_pieces(o.form), "form", "application/x-www-form-urlencoded"
  elseif o.body then
    return o.body, nil, "text/plain; charset=utf-8"
  elseif o.file then
    return require("files").reads.read(o.file), nil, "application/octet-stream"
  end
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

-- What core._fetch takes as the caller gave it.
local same = { "rate", "attempts", "limit", "effect", "source" }

-- The table that core._fetch takes.
local function request_of(o)
  if type(o.url) ~= "string" then
    errors.raise { code = "EUSE", text = "a request needs a url", seen = type(o.url) }
  end
  local body, way, content_type = body_of(o)
  local request = { method = o.method or "GET", url = with_query(o.url, o.query), timeout_ms = time_ms(o.timeout) }
  request.headers = headers_of(o, content_type)
  request.hosts = host.hosts()
  if body then
    request.body, request.way, request.shown = body, way, shown(body)
  end
  if o.auth then
    request.user, request.password = o.auth.user, o.auth.password
  end
  if o.accept then
    request.accept = list_of(o.accept)
  end
  for _, key in ipairs(same) do
    request[key] = o[key]
  end
  return request
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
  return kind and (kind:find("^application/json") or kind:find("^application/[%w%.%-]+%+json"))
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
    local ok, value = pcall(json().parse, answer.body)
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
  return shown((body_of(o)))
end

return M
