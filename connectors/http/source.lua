--- http.source - asking registries and offices: where they are, how patient we are, what an answer without a record means.
--- For connectors. Every way in which a source fails becomes one of five errors; what an answer says is theirs.
---   EUSE invalid input   EAUTH   ERATE   EUNAVAILABLE   ESCHEMA changed schema
local errors = require "errors"
local fetch = require "http.fetch"
local host = require "host"

local source = {}

local TRIES <const> = 3
local PAUSE_MS <const> = 500 -- before the second try; four times as long before each further one
local PATIENCE_MS <const> = 60000 -- longer than this a run does not wait for a limit: its own retry comes later

---@class http_source
---@field name string    in the configuration: source.NAME.url, .key, .rate
---@field title string   as people call it
---@field url string     where it is unless the configuration says otherwise
---@field rate string    what it allows, unless the configuration says otherwise
---@field keyed boolean? it wants a key: source.NAME.key names the secret, sent as the user of Basic authentication
---@field busy? fun(answer: table): string?, string?  code and words of an answer that asks to come back, although its status is 200

local unreachable = { EUNAVAILABLE = true, ETIME = true, ECLOSED = true }

local function base_of(s)
  return (host.conf("source." .. s.name .. ".url") or s.url):gsub("/+$", "")
end

local function raise(s, code, text, seen, advice)
  errors.raise { code = code, text = s.title .. " " .. text, seen = seen, advice = advice,
    retryable = code == "EUNAVAILABLE" or code == "ERATE" }
end

local function refused_key(s, seen)
  if not s.keyed then
    raise(s, "EAUTH", "refuses to answer this machine", seen, "it takes no key: ask those who run it whether the address is blocked")
  end
  raise(s, "EAUTH", "refuses the key", seen,
    ("store a valid one: deskhand secret set NAME, and set source.%s.key = NAME in the configuration"):format(s.name))
end

-- A replay sends nothing: it needs no key, and it waits for nobody.
local function is_replay()
  local recording = host.recording()
  return recording ~= nil and recording.replay ~= nil
end

local function key_of(s)
  if not s.keyed or is_replay() then
    return nil
  end
  local name = host.conf("source." .. s.name .. ".key")
  if not name then
    raise(s, "EAUTH", "wants a key, and none is configured", "source." .. s.name .. ".key is not set",
      ("store it: deskhand secret set %s, and set source.%s.key = %s in the configuration"):format(s.name, s.name, s.name))
  end
  local ok, secret = pcall(host.secret, name)
  if not ok then
    if errors.is_control(secret) then
      error(secret, 0)
    end
    raise(s, "EAUTH", "wants a key, and the secret '" .. name .. "' cannot be had", errors.of(secret).text, "store it: deskhand secret set " .. name)
  end
  return { user = secret, password = "" }
end

-- Milliseconds until a limit ends, as far as the answer tells: Retry-After (seconds), X-Ratelimit-Reset (epoch second).
local function limit_ends_in(answer)
  local seconds = tonumber(answer.headers["retry-after"])
  local reset = tonumber(answer.headers["x-ratelimit-reset"])
  if not seconds and reset then
    seconds = reset + 1 - (host.clock()) / 1000
  end
  return seconds and math.max(0, math.ceil(seconds * 1000))
end

-- Why an answer asks to come back, and after how many milliseconds; nil when it does not. http has been patient with
-- 502 to 504 already.
local function asks_to_come_back(s, answer)
  if answer.status == 429 then
    return "ERATE", "has answered as often as it may for now", limit_ends_in(answer)
  end
  if answer.status == 200 and s.busy then
    return s.busy(answer)
  end
end

local function start(text)
  return text:sub(1, 200):gsub("%s+", " ")
end

local function check_status(s, answer, accept)
  local status = answer.status
  local seen = ("HTTP %d: %s"):format(status, start(answer.body))
  if status == 401 or status == 403 then
    refused_key(s, seen)
  elseif status >= 500 then
    raise(s, "EUNAVAILABLE", "does not answer now", seen, "try again later; nothing is known of this number until it answers")
  elseif status == 400 or status == 422 then
    raise(s, "EUSE", "does not take the question", seen, "check the number")
  elseif status ~= 200 and status ~= accept then
    raise(s, "ESCHEMA", "answers in a way that is not known", seen,
      "the service may have moved or changed: look at source." .. s.name .. ".url")
  end
  if type(answer.json) ~= "table" then
    raise(s, "ESCHEMA", "answers with something that is not its JSON", seen,
      "the service may have changed, or another server answers at source." .. s.name .. ".url")
  end
end

local function once(s, request)
  local answer, err = fetch.fetch(request)
  if answer then
    return answer
  end
  if not unreachable[err.code] then
    errors.raise(err)
  end
  raise(s, "EUNAVAILABLE", "cannot be reached: " .. err.text, err.seen, err.advice)
end

local function sleep(ms)
  if not is_replay() then
    host.sleep(ms)
  end
end

--- Asks a source. Waits; asks again, three times in all, when the answer says so. The answer has a status of 200 (or
--- `accept`) and JSON; raises EUSE, EAUTH, ERATE, EUNAVAILABLE or ESCHEMA in every other case.
---@param s http_source
---@param path string  below the source's address
---@param options? { query?: table, headers?: table, accept?: integer }
---@return { status: integer, headers: table<string, string>, body: string, json: any }
function source.ask(s, path, options)
  local o = options or {}
  local request = {
    url = base_of(s) .. path, query = o.query, headers = o.headers, accept = o.accept, source = s.name,
    rate = not host.conf("source." .. s.name .. ".rate") and s.rate or nil, auth = key_of(s),
  }
  local pause = PAUSE_MS
  for try = 1, TRIES do
    local answer = once(s, request)
    local code, words, wait_ms = asks_to_come_back(s, answer)
    if not code then
      check_status(s, answer, o.accept)
      return answer
    end
    if try == TRIES or (wait_ms or 0) > PATIENCE_MS then
      local when = wait_ms and (" in %d s"):format((wait_ms + 999) // 1000) or " later"
      raise(s, code, words, ("asked %d times"):format(try), "try again" .. when .. "; nothing is known of this number until it answers")
    end
    sleep(math.max(wait_ms or 0, pause))
    pause = pause * 4
  end
end

local words = { string = "a text", number = "a number", decimal = "a number", boolean = "true or false", table = "a list or map" }

local function at(value, path)
  for name in path:gmatch("[^%.]+") do
    if type(value) ~= "table" then
      return nil
    end
    value = rawget(value, name)
  end
  return value
end

--- Raises ESCHEMA, naming every member, when a value does not have the members it had when the connector was written.
--- Members nobody reads may come, go and move.
---@param s http_source
---@param value any
---@param shape table<string, string>  path with dots -> Lua's type name; "?" behind it: may be missing or null
function source.check(s, value, shape)
  local wrong = {}
  for path, wanted in pairs(shape) do
    local kind = host.kind(at(value, path))
    local plain, optional = wanted:match("^(%a+)(%??)$")
    if kind == "nil" and optional == "" then
      wrong[#wrong + 1] = path .. " is missing"
    elseif kind ~= "nil" and kind ~= plain then
      wrong[#wrong + 1] = ("%s is %s and was %s"):format(path, words[kind] or kind, words[plain])
    end
  end
  if #wrong > 0 then
    raise(s, "ESCHEMA", "answers in a shape it did not have before", table.concat(wrong, "; "),
      "the connector has to learn the new shape; no record was made of this answer")
  end
end

--- Raises one of the five errors in the source's name.
---@type fun(s: http_source, code: string, text: string, seen?: string, advice?: string)
source.raise = raise

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

--- Where a record comes from: source, source_id, fetched_at, raw_sha256. The time is the answering server's own, so that
--- a replayed answer gives the same record.
---@param s http_source
---@param id string
---@param answer table
function source.provenance(s, id, answer)
  local day, month, year, time = (answer.headers["date"] or ""):match("(%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT")
  return {
    source = s.name,
    source_id = id,
    fetched_at = months[month] and ("%s-%02d-%sT%sZ"):format(year, months[month], day, time) or nil,
    raw_sha256 = fetch.sha256(answer.body),
  }
end

return source
